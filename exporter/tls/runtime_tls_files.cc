#include "tls/runtime_tls_files.h"

#include <openssl/err.h>
#include <openssl/x509.h>

#include <algorithm>
#include <optional>

#include "tls/pem.h"

namespace buntime {
namespace {

std::optional<Error> CheckAuthorities(const TlsClient& tls, double now, std::vector<std::string>& warnings) {
  const auto authorities = ReadCertificates({tls.ca_file, "", tls.ca_place.text});
  if (!authorities) return authorities.error();
  if (std::ranges::all_of(*authorities, [&](const auto& authority) { return ExpiryOf(*authority) < now; })) {
    warnings.push_back(tls.ca_place.text + ": every CA in " + tls.ca_file +
                       " has expired: no runtime will be trusted until there is a new one");
  }
  return std::nullopt;
}

std::optional<Error> CheckOwn(const TlsClient& tls, double now, std::vector<std::string>& warnings) {
  const auto chain = ReadCertificates({tls.cert_file, "", tls.cert_place.text});
  if (!chain) return chain.error();
  const auto key = ReadKey({tls.key_file, "", tls.key_place.text});
  if (!key) return key.error();
  X509* const own = chain->front().get();
  if (X509_check_private_key(own, key->get()) != 1) {
    ERR_clear_error();
    return Error{tls.key_place.text + ": the key in " + tls.key_file +
                 " does not belong to the certificate in " + tls.cert_file +
                 ": name the two that were issued together"};
  }
  if (ExpiryOf(*own) < now) {
    warnings.push_back(tls.cert_place.text + ": the certificate in " + tls.cert_file +
                       " has expired: renew it");
  }
  return std::nullopt;
}

}  // namespace

Result<std::vector<std::string>> CheckTlsFiles(const TlsClient& tls, double now) {
  std::vector<std::string> warnings;
  if (!tls.ca_file.empty()) {
    if (auto error = CheckAuthorities(tls, now, warnings)) return *std::move(error);
  }
  if (!tls.cert_file.empty()) {
    if (auto error = CheckOwn(tls, now, warnings)) return *std::move(error);
  }
  return warnings;
}

}  // namespace buntime
