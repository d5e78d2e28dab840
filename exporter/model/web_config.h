// How the HTTP server is to be locked: the content of --web.config.file, complete and valid in itself. Built
// by config, used by web. What its files hold (certificates, keys) is read and checked by web. Plain values.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"

namespace buntime {

/// PEM blocks, from a file that is read at each load or as they stand in the configuration.
struct PemSource {
  std::string file;   // empty: inline
  std::string text;   // inline, secret in the case of a key
  std::string where;  // for messages: "web.yml:3: tls_server_config.cert_file"
  friend bool operator==(const PemSource&, const PemSource&) = default;
};

/// As Go's crypto/tls names them.
enum class ClientAuth : std::uint8_t {
  kNoClientCert,
  kRequestClientCert,
  kRequireAnyClientCert,
  kVerifyClientCertIfGiven,
  kRequireAndVerifyClientCert,
};

enum class TlsVersion : std::uint8_t { kTls10, kTls11, kTls12, kTls13 };

struct WebTls {
  PemSource certificate;  // the chain, own certificate first
  PemSource key;
  std::optional<PemSource> client_ca;  // none: the system's, where certificates are verified
  ClientAuth client_auth = ClientAuth::kNoClientCert;
  std::vector<std::string> client_allowed_sans;  // empty: any
  TlsVersion min_version = TlsVersion::kTls12;
  TlsVersion max_version = TlsVersion::kTls13;
  std::vector<std::string> cipher_suites;  // OpenSSL's names, up to TLS 1.2; never empty
  std::vector<std::string> curves;         // OpenSSL's names; never empty
  bool prefer_server_cipher_suites = true;
  friend bool operator==(const WebTls&, const WebTls&) = default;
};

/// A bucket of `burst` requests that gains one each `interval`.
struct RateLimit {
  Duration interval{};
  std::uint64_t burst = 0;
  friend bool operator==(const RateLimit&, const RateLimit&) = default;
};

struct WebConfig {
  std::string path;
  std::optional<WebTls> tls;                                 // none: plain HTTP
  std::vector<std::pair<std::string, std::string>> headers;  // sent with every answer
  std::map<std::string, std::string, std::less<>> users;     // name -> bcrypt hash; none: no authentication
  std::optional<RateLimit> rate_limit;
  std::vector<std::string> cors_allowed_origins;  // "*" is any; empty: no other page may read the API
  friend bool operator==(const WebConfig&, const WebConfig&) = default;
};

}  // namespace buntime
