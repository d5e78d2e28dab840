#include "tls/tls_context.h"

#include <openssl/err.h>
#include <openssl/x509_vfy.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "tls/client_names.h"
#include "tls/pem.h"

namespace buntime {
namespace {

int ProtocolNumber(TlsVersion version) {
  constexpr std::array kNumbers = {TLS1_VERSION, TLS1_1_VERSION, TLS1_2_VERSION, TLS1_3_VERSION};
  return kNumbers[static_cast<std::size_t>(version)];
}

std::string Join(const std::vector<std::string>& names) {
  std::string joined;
  for (const std::string& name : names) joined.append(joined.empty() ? "" : ":").append(name);
  return joined;
}

// HTTP/1.1 is what is spoken here; a client that knows only something else should hear so at once.
int ChooseProtocol(SSL*, const unsigned char** chosen, unsigned char* chosen_length,
                   const unsigned char* offered, unsigned offered_length, void*) {
  // Static: OpenSSL keeps pointing into it.
  static constexpr std::array<unsigned char, 9> kHttp11 = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
  unsigned char* found = nullptr;
  if (SSL_select_next_proto(&found, chosen_length, kHttp11.data(), kHttp11.size(), offered, offered_length) !=
      OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  }
  *chosen = found;
  return SSL_TLSEXT_ERR_OK;
}

}  // namespace

TlsContext::TlsContext(const WebTls& config)
    : client_auth_(config.client_auth),
      allowed_names_(config.client_allowed_sans),
      context_(SSL_CTX_new(TLS_server_method())) {}

Result<std::shared_ptr<const TlsContext>> TlsContext::Build(const WebTls& config) {
  const std::shared_ptr<TlsContext> built(new TlsContext(config));
  ERR_clear_error();
  if (!built->context_ || !built->LoadProtocol(config)) {
    return Error{config.certificate.where + ": TLS cannot be set up as configured: " + TakeOpensslError()};
  }
  if (const auto loaded = built->Load(config); !loaded) return loaded.error();
  if (const auto loaded = built->LoadClientAuth(config); !loaded) return loaded.error();
  return std::shared_ptr<const TlsContext>(built);
}

bool TlsContext::LoadProtocol(const WebTls& config) {
  SSL_CTX* const context = context_.get();
  // What is older than TLS 1.2 needs hashes that OpenSSL allows at its lowest level only.
  if (config.min_version < TlsVersion::kTls12) SSL_CTX_set_security_level(context, 0);
  // Many clients close without TLS' goodbye. To HTTP, which knows where a request ends, that tells nothing.
  SSL_CTX_set_options(context, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                   SSL_OP_IGNORE_UNEXPECTED_EOF);
  if (config.prefer_server_cipher_suites) SSL_CTX_set_options(context, SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_alpn_select_cb(context, ChooseProtocol, nullptr);
  return SSL_CTX_set_num_tickets(context, 0) == 1 &&
         SSL_CTX_set_min_proto_version(context, ProtocolNumber(config.min_version)) == 1 &&
         SSL_CTX_set_max_proto_version(context, ProtocolNumber(config.max_version)) == 1 &&
         SSL_CTX_set_cipher_list(context, Join(config.cipher_suites).c_str()) == 1 &&
         SSL_CTX_set1_groups_list(context, Join(config.curves).c_str()) == 1;
}

Result<bool> TlsContext::Load(const WebTls& config) {
  auto chain = ReadCertificates(config.certificate);
  if (!chain) return chain.error();
  const auto key = ReadKey(config.key);
  if (!key) return key.error();
  X509* const own = chain->front().get();
  if (X509_check_private_key(own, key->get()) != 1) {
    ERR_clear_error();
    return Error{config.key.where + ": this key does not belong to the certificate"};
  }
  if (SSL_CTX_use_certificate(context_.get(), own) != 1) {
    return Error{config.certificate.where + ": the certificate cannot be used: " + TakeOpensslError()};
  }
  if (SSL_CTX_use_PrivateKey(context_.get(), key->get()) != 1) {
    return Error{config.key.where + ": the key cannot be used: " + TakeOpensslError()};
  }
  expires_at_ = ExpiryOf(*own);
  for (std::size_t i = 1; i < chain->size(); ++i) {
    X509* const issuer = (*chain)[i].get();
    if (SSL_CTX_add1_chain_cert(context_.get(), issuer) != 1) {
      return Error{config.certificate.where + ": certificate " + std::to_string(i + 1) +
                   " of the chain cannot be used: " + TakeOpensslError()};
    }
    expires_at_ = std::min(expires_at_, ExpiryOf(*issuer));
  }
  return true;
}

bool TlsContext::VerifiesClients() const {
  return client_auth_ == ClientAuth::kVerifyClientCertIfGiven ||
         client_auth_ == ClientAuth::kRequireAndVerifyClientCert;
}

Result<bool> TlsContext::LoadClientAuth(const WebTls& config) {
  if (client_auth_ == ClientAuth::kNoClientCert) return true;
  X509_STORE* const store = SSL_CTX_get_cert_store(context_.get());
  if (config.client_ca) {
    const auto authorities = ReadCertificates(*config.client_ca);
    if (!authorities) return authorities.error();
    for (const CertificatePtr& authority : *authorities) {
      if (X509_STORE_add_cert(store, authority.get()) != 1 ||
          SSL_CTX_add_client_CA(context_.get(), authority.get()) != 1) {
        return Error{config.client_ca->where + ": a CA cannot be used: " + TakeOpensslError()};
      }
    }
  } else {
    SSL_CTX_set_default_verify_paths(context_.get());
  }
  // As in Go: whatever stands in the CA file is trusted, be it the root or not.
  X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN);
  const bool required = client_auth_ == ClientAuth::kRequireAnyClientCert ||
                        client_auth_ == ClientAuth::kRequireAndVerifyClientCert;
  SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER | (required ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0),
                     nullptr);
  SSL_CTX_set_cert_verify_callback(context_.get(), OnClientCertificate, this);
  return true;
}

SslPtr TlsContext::NewSession() const {
  SslPtr session(SSL_new(context_.get()));
  if (session) SSL_set_accept_state(session.get());
  return session;
}

int TlsContext::OnClientCertificate(X509_STORE_CTX* chain, void* self) {
  return static_cast<const TlsContext*>(self)->Accepts(*chain) ? 1 : 0;
}

bool TlsContext::Accepts(X509_STORE_CTX& chain) const {
  if (VerifiesClients() && X509_verify_cert(&chain) != 1) return false;
  if (allowed_names_.empty()) return true;
  const X509* const certificate = X509_STORE_CTX_get0_cert(&chain);
  if (certificate != nullptr && HasAllowedName(*certificate, allowed_names_)) return true;
  X509_STORE_CTX_set_error(&chain, X509_V_ERR_APPLICATION_VERIFICATION);
  return false;
}

bool TlsContext::Admits(SSL& session) const {
  if (client_auth_ == ClientAuth::kNoClientCert) return true;
  X509* const certificate = SSL_get0_peer_certificate(&session);
  if (certificate == nullptr) {
    return client_auth_ == ClientAuth::kRequestClientCert ||
           client_auth_ == ClientAuth::kVerifyClientCertIfGiven;
  }
  const StoreContextPtr chain(X509_STORE_CTX_new());
  const bool admitted = chain &&
                        X509_STORE_CTX_init(chain.get(), SSL_CTX_get_cert_store(context_.get()), certificate,
                                            SSL_get_peer_cert_chain(&session)) == 1 &&
                        X509_STORE_CTX_set_default(chain.get(), "ssl_client") == 1 && Accepts(*chain);
  ERR_clear_error();
  return admitted;
}

}  // namespace buntime
