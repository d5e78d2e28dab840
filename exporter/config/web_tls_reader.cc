#include "config/web_tls_reader.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "base/text.h"
#include "config/suggest.h"
#include "config/tls_names.h"

namespace buntime {
namespace {

constexpr std::string_view kSection = "tls_server_config.";

constexpr std::array<std::pair<std::string_view, ClientAuth>, 6> kClientAuths = {{
    {"NoClientCert", ClientAuth::kNoClientCert},
    {"RequestClientCert", ClientAuth::kRequestClientCert},
    {"RequireAnyClientCert", ClientAuth::kRequireAnyClientCert},
    {"RequireClientCert", ClientAuth::kRequireAnyClientCert},  // its name in older files
    {"VerifyClientCertIfGiven", ClientAuth::kVerifyClientCertIfGiven},
    {"RequireAndVerifyClientCert", ClientAuth::kRequireAndVerifyClientCert},
}};

constexpr std::array<std::pair<std::string_view, TlsVersion>, 4> kVersions = {{
    {"TLS10", TlsVersion::kTls10},
    {"TLS11", TlsVersion::kTls11},
    {"TLS12", TlsVersion::kTls12},
    {"TLS13", TlsVersion::kTls13},
}};

}  // namespace

std::optional<WebTls> WebTlsReader::Read(const YAML::Node& key, const YAML::Node& map) {
  tls_.cipher_suites = StandardCipherSuites();
  tls_.curves = StandardCurves();
  yaml_.ForEachEntry(
      map, "tls_server_config",
      [this](const auto& name, const auto& entry, const auto& value) { Take(name, entry, value); });
  if (yaml_.error() || !any_) return std::nullopt;
  CheckTogether(key);
  if (yaml_.error()) return std::nullopt;
  tls_.certificate = *certificate_.source;
  tls_.key = *key_.source;
  tls_.client_ca = client_ca_.source;
  return tls_;
}

void WebTlsReader::Take(const std::string& name, const YAML::Node& key, const YAML::Node& value) {
  const std::string shown = std::string(kSection) + name;
  if (name == "client_allowed_sans" || name == "cipher_suites" || name == "curve_preferences") {
    const std::vector<std::string> texts = yaml_.List(key, value, shown);
    if (texts.empty()) return;
    any_ = true;
    if (name == "cipher_suites") return TakeCipherSuites(key, texts);
    if (name == "curve_preferences") return TakeCurves(key, texts);
    tls_.client_allowed_sans = texts;
    sans_ = key;
    return;
  }
  if (name == "prefer_server_cipher_suites") {
    tls_.prefer_server_cipher_suites = yaml_.Bool(key, value, shown).value_or(true);
    any_ = any_ || !value.IsNull();
    return;
  }
  constexpr std::array<std::string_view, 13> kKnown = {
      "cert_file",   "key_file",    "client_ca_file", "client_auth_type",  "client_allowed_sans",
      "min_version", "max_version", "cipher_suites",  "curve_preferences", "prefer_server_cipher_suites",
      "cert",        "key",         "client_ca"};
  if (std::ranges::find(kKnown, name) == kKnown.end())
    return yaml_.Fail(key, UnknownKey(shown, name, kKnown));
  const std::string text = yaml_.Text(key, value, shown);
  if (text.empty()) return;  // as if it were not there
  any_ = true;
  if (name.starts_with("cert")) return TakePem(certificate_, name, key, text);
  if (name.starts_with("key")) return TakePem(key_, name, key, text);
  if (name.starts_with("client_ca")) return TakePem(client_ca_, name, key, text);
  if (name == "client_auth_type") return TakeClientAuth(key, text);
  TakeVersion(name == "min_version" ? tls_.min_version : tls_.max_version, shown, key, text);
}

void WebTlsReader::TakePem(Pem& pem, const std::string& name, const YAML::Node& key,
                           const std::string& text) {
  const bool is_file = name.ends_with("_file");
  if (pem.source) {
    const std::string inline_name =
        is_file ? name.substr(0, name.size() - std::string_view("_file").size()) : name;
    return yaml_.Fail(key, std::string(kSection) + inline_name + " and " + inline_name +
                               "_file are both given: choose one of them");
  }
  pem.source = PemSource{is_file ? yaml_.Resolve(text) : "", is_file ? "" : text,
                         yaml_.Where(key, std::string(kSection) + name)};
  pem.key = key;
}

void WebTlsReader::TakeVersion(TlsVersion& version, const std::string& name, const YAML::Node& key,
                               const std::string& text) {
  const auto* const found = std::ranges::find(kVersions, text, [](const auto& each) { return each.first; });
  if (found == kVersions.end()) {
    return yaml_.Fail(key, name + " is '" + Printable(text, 40) + "', expected TLS10, TLS11, TLS12 or TLS13");
  }
  version = found->second;
}

void WebTlsReader::TakeClientAuth(const YAML::Node& key, const std::string& text) {
  const auto* const found =
      std::ranges::find(kClientAuths, text, [](const auto& each) { return each.first; });
  if (found == kClientAuths.end()) {
    return yaml_.Fail(key, "tls_server_config.client_auth_type is '" + Printable(text, 40) +
                               "', expected NoClientCert, RequestClientCert, RequireAnyClientCert, "
                               "VerifyClientCertIfGiven or RequireAndVerifyClientCert");
  }
  tls_.client_auth = found->second;
}

void WebTlsReader::TakeCipherSuites(const YAML::Node& key, const std::vector<std::string>& names) {
  tls_.cipher_suites.clear();
  for (const std::string& name : names) {
    const CipherSuite* const suite = FindCipherSuite(name);
    if (suite == nullptr) {
      return yaml_.Fail(key, "unknown or insecure cipher suite '" + Printable(name, 60) +
                                 "' in tls_server_config.cipher_suites (Go's names are expected, such as "
                                 "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256)");
    }
    if (!suite->openssl_name.empty()) tls_.cipher_suites.emplace_back(suite->openssl_name);
  }
  if (tls_.cipher_suites.empty()) suites_ = key;
}

void WebTlsReader::TakeCurves(const YAML::Node& key, const std::vector<std::string>& names) {
  tls_.curves.clear();
  for (const std::string& name : names) {
    auto curve = CurveByGoName(name);
    if (!curve) return yaml_.Fail(key, curve.error().message + " in tls_server_config.curve_preferences");
    tls_.curves.push_back(std::move(*curve));
  }
}

void WebTlsReader::CheckTogether(const YAML::Node& key) {
  if (!certificate_.source && !key_.source) {
    return yaml_.Fail(
        key,
        "tls_server_config has neither cert_file nor key_file: the server would speak plain HTTP in "
        "spite of it");
  }
  if (!certificate_.source) {
    return yaml_.Fail(key_.key,
                      "tls_server_config has a key but no certificate: give cert_file (or cert), too");
  }
  if (!key_.source) {
    return yaml_.Fail(certificate_.key,
                      "tls_server_config has a certificate but no key: give key_file (or key), too");
  }
  if (client_ca_.source && tls_.client_auth == ClientAuth::kNoClientCert) {
    return yaml_.Fail(
        client_ca_.key,
        "tls_server_config has a client CA, but client_auth_type asks for no certificate: set it to "
        "RequireAndVerifyClientCert");
  }
  if (sans_ && tls_.client_auth != ClientAuth::kRequireAnyClientCert &&
      tls_.client_auth != ClientAuth::kRequireAndVerifyClientCert) {
    return yaml_.Fail(*sans_,
                      "tls_server_config.client_allowed_sans needs client_auth_type RequireAnyClientCert or "
                      "RequireAndVerifyClientCert: a client without a certificate would pass unchecked");
  }
  if (tls_.min_version > tls_.max_version) {
    return yaml_.Fail(key, "tls_server_config.min_version is above max_version: nothing could connect");
  }
  if (suites_) {
    if (tls_.max_version < TlsVersion::kTls13) {
      return yaml_.Fail(
          *suites_, "tls_server_config.cipher_suites has suites of TLS 1.3 only, which max_version forbids");
    }
    // Without a suite for it, nothing below TLS 1.3 can be agreed on.
    tls_.min_version = TlsVersion::kTls13;
    tls_.cipher_suites = StandardCipherSuites();
  }
}

}  // namespace buntime
