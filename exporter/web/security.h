// TLS and authentication of the server: a WebConfig whose files were read and checked. A reload builds a new
// one and swaps it in. Constant and thread-safe.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "model/web_config.h"

namespace buntime {

class TlsContext;

struct Security {
  std::shared_ptr<const TlsContext> tls;                     // null: plain HTTP
  std::vector<std::pair<std::string, std::string>> headers;  // sent with every answer
  std::map<std::string, std::string, std::less<>> users;     // name -> bcrypt hash; none: no authentication
  std::optional<RateLimit> rate_limit;
  std::vector<std::string> cors_allowed_origins;
};

/// Reads the files that `config` names. Errors name the line of the configuration, the file and the cause.
Result<std::shared_ptr<const Security>> BuildSecurity(const WebConfig& config);

/// Unix time at which the first of the server's certificates ends; empty without TLS.
std::optional<double> CertificateExpiry(const Security& security);

/// Names the protection that `next` would remove, if any. A temporarily empty file must not disable TLS or
/// authentication.
std::optional<std::string> Unlocks(const Security& current, const Security& next);

/// The files whose change makes `config` another one.
std::vector<std::string> FilesOf(const WebConfig& config);

}  // namespace buntime
