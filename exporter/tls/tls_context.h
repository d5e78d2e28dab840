// The server's side of TLS as one configuration wants it: certificate, key, versions, suites, and which
// clients are let in. Built whole or not at all; constant and thread-safe afterwards.
//
// Sessions are never resumed: a ticket would let a client in that has been locked out meanwhile.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/web_config.h"
#include "tls/openssl_handles.h"

namespace buntime {

class TlsContext {
 public:
  /// Reads the files. Errors name the line of the configuration, the file and the cause.
  static Result<std::shared_ptr<const TlsContext>> Build(const WebTls& config);

  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  /// The server's side of a new connection.
  SslPtr NewSession() const;

  /// Whether a client that was let in under another configuration would be under this one, too.
  bool Admits(SSL& session) const;

  /// Unix time at which the first certificate of the chain ends.
  double expires_at() const { return expires_at_; }
  ClientAuth client_auth() const { return client_auth_; }

 private:
  explicit TlsContext(const WebTls& config);

  Result<bool> Load(const WebTls& config);
  bool LoadProtocol(const WebTls& config);
  Result<bool> LoadClientAuth(const WebTls& config);
  bool VerifiesClients() const;
  bool Accepts(X509_STORE_CTX& chain) const;
  static int OnClientCertificate(X509_STORE_CTX* chain, void* self);

  const ClientAuth client_auth_;
  const std::vector<std::string> allowed_names_;
  SslContextPtr context_;
  double expires_at_ = 0;
};

}  // namespace buntime
