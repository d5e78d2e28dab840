#include "config/tls_names.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace buntime {
namespace {

// Go's tls.CipherSuites(), in its order of preference; the last four left that list with Go 1.22 and may
// still be asked for, but are never offered unasked.
constexpr std::array kSuites = {
    CipherSuite{"TLS_AES_128_GCM_SHA256", ""},
    CipherSuite{"TLS_AES_256_GCM_SHA384", ""},
    CipherSuite{"TLS_CHACHA20_POLY1305_SHA256", ""},
    CipherSuite{"TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "ECDHE-ECDSA-AES128-GCM-SHA256"},
    CipherSuite{"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "ECDHE-RSA-AES128-GCM-SHA256"},
    CipherSuite{"TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "ECDHE-ECDSA-AES256-GCM-SHA384"},
    CipherSuite{"TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "ECDHE-RSA-AES256-GCM-SHA384"},
    CipherSuite{"TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-ECDSA-CHACHA20-POLY1305"},
    CipherSuite{"TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-RSA-CHACHA20-POLY1305"},
    CipherSuite{"TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", "ECDHE-ECDSA-AES128-SHA"},
    CipherSuite{"TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", "ECDHE-RSA-AES128-SHA"},
    CipherSuite{"TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA", "ECDHE-ECDSA-AES256-SHA"},
    CipherSuite{"TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", "ECDHE-RSA-AES256-SHA"},
    CipherSuite{"TLS_RSA_WITH_AES_128_GCM_SHA256", "AES128-GCM-SHA256"},
    CipherSuite{"TLS_RSA_WITH_AES_256_GCM_SHA384", "AES256-GCM-SHA384"},
    CipherSuite{"TLS_RSA_WITH_AES_128_CBC_SHA", "AES128-SHA"},
    CipherSuite{"TLS_RSA_WITH_AES_256_CBC_SHA", "AES256-SHA"},
};

struct Curve {
  std::string_view go_name;
  std::string_view openssl_name;
};

// In the order in which they are offered where nothing is configured.
constexpr std::array kCurves = {
    Curve{"X25519", "X25519"},
    Curve{"CurveP256", "P-256"},
    Curve{"CurveP384", "P-384"},
    Curve{"CurveP521", "P-521"},
};

}  // namespace

const CipherSuite* FindCipherSuite(std::string_view go_name) {
  const auto* const found = std::ranges::find(kSuites, go_name, &CipherSuite::go_name);
  return found == kSuites.end() ? nullptr : found;
}

std::vector<std::string> StandardCipherSuites() {
  std::vector<std::string> names;
  for (const CipherSuite& suite : kSuites) {
    if (suite.openssl_name.starts_with("ECDHE")) names.emplace_back(suite.openssl_name);
  }
  return names;
}

Result<std::string> CurveByGoName(std::string_view go_name) {
  const auto* const found = std::ranges::find(kCurves, go_name, &Curve::go_name);
  if (found != kCurves.end()) return std::string(found->openssl_name);
  if (go_name == "X25519MLKEM768") {
    return Error{"the curve X25519MLKEM768 is not supported by the TLS library in use: leave it out"};
  }
  return Error{"unknown curve '" + Printable(go_name, 40) +
               "' (known: CurveP256, CurveP384, CurveP521, X25519)"};
}

std::vector<std::string> StandardCurves() {
  std::vector<std::string> names;
  names.reserve(kCurves.size());
  for (const Curve& curve : kCurves) names.emplace_back(curve.openssl_name);
  return names;
}

}  // namespace buntime
