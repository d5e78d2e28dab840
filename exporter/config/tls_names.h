// Go's names of cipher suites, curves and TLS versions, as web configuration files use them. Constant data;
// used by WebConfigReader only.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/web_config.h"

namespace buntime {

/// A suite of TLS 1.3 has no OpenSSL name: these cannot be chosen, all are always on (as in Go).
struct CipherSuite {
  std::string_view go_name;
  std::string_view openssl_name;
};

/// Null for a name that is not among those Go calls secure.
const CipherSuite* FindCipherSuite(std::string_view go_name);
/// What is offered where nothing is configured, best first.
std::vector<std::string> StandardCipherSuites();

/// OpenSSL's name of a curve.
Result<std::string> CurveByGoName(std::string_view go_name);
std::vector<std::string> StandardCurves();

}  // namespace buntime
