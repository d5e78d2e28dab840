#include "web/security.h"

#include "tls/tls_context.h"

namespace buntime {
namespace {

// What a client's certificate is worth: nothing, being there, being there and signed by the CA.
int CertificateWorth(const Security& security) {
  if (!security.tls) return 0;
  if (security.tls->client_auth() == ClientAuth::kRequireAndVerifyClientCert) return 2;
  return security.tls->client_auth() == ClientAuth::kRequireAnyClientCert ? 1 : 0;
}

}  // namespace

Result<std::shared_ptr<const Security>> BuildSecurity(const WebConfig& config) {
  auto security = std::make_shared<Security>();
  if (config.tls) {
    auto tls = TlsContext::Build(*config.tls);
    if (!tls) return tls.error();
    security->tls = std::move(*tls);
  }
  security->headers = config.headers;
  security->users = config.users;
  security->rate_limit = config.rate_limit;
  security->cors_allowed_origins = config.cors_allowed_origins;
  return std::shared_ptr<const Security>(std::move(security));
}

std::optional<double> CertificateExpiry(const Security& security) {
  if (!security.tls) return std::nullopt;
  return security.tls->expires_at();
}

std::optional<std::string> Unlocks(const Security& current, const Security& next) {
  if (current.tls && !next.tls) return "TLS";
  if (CertificateWorth(next) < CertificateWorth(current)) return "client certificates";
  if (!current.users.empty() && next.users.empty()) return "basic authentication";
  return std::nullopt;
}

std::vector<std::string> FilesOf(const WebConfig& config) {
  std::vector<std::string> files = {config.path};
  const auto add = [&files](const PemSource& source) {
    if (!source.file.empty()) files.push_back(source.file);
  };
  if (config.tls) {
    add(config.tls->certificate);
    add(config.tls->key);
    if (config.tls->client_ca) add(*config.tls->client_ca);
  }
  return files;
}

}  // namespace buntime
