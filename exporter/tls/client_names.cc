#include "tls/client_names.h"

#include <arpa/inet.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string_view>

namespace buntime {
namespace {

using NamesPtr = std::unique_ptr<GENERAL_NAMES, Deleter<GENERAL_NAMES_free>>;

std::string_view View(const ASN1_STRING* text) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
          static_cast<std::size_t>(ASN1_STRING_length(text))};
}

// The bytes of an address as certificates hold them; empty where `text` is none.
std::string AddressBytes(const std::string& text) {
  std::array<char, sizeof(in6_addr)> bytes{};
  if (inet_pton(AF_INET, text.c_str(), bytes.data()) == 1) return {bytes.data(), sizeof(in_addr)};
  if (inet_pton(AF_INET6, text.c_str(), bytes.data()) == 1) return {bytes.data(), sizeof(in6_addr)};
  return {};
}

bool Matches(const GENERAL_NAME& name, const std::string& allowed) {
  switch (name.type) {
    case GEN_DNS:
      return View(name.d.dNSName) == allowed;
    case GEN_EMAIL:
      return View(name.d.rfc822Name) == allowed;
    case GEN_URI:
      return View(name.d.uniformResourceIdentifier) == allowed;
    case GEN_IPADD: {
      const std::string bytes = AddressBytes(allowed);
      return !bytes.empty() && View(name.d.iPAddress) == bytes;
    }
    default:
      return false;
  }
}

}  // namespace

bool HasAllowedName(const X509& certificate, const std::vector<std::string>& allowed) {
  const NamesPtr names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(&certificate, NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME& name = *sk_GENERAL_NAME_value(names.get(), i);
    if (std::ranges::any_of(allowed, [&](const std::string& each) { return Matches(name, each); }))
      return true;
  }
  return false;
}

}  // namespace buntime
