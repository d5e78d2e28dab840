#include "web/request_target.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/text.h"
#include "web/query.h"

namespace buntime {
namespace {

// `http://host:port/x` without scheme and authority; anything else as it is.
std::string_view WithoutAuthority(std::string_view target) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!EqualsIgnoringCase(target.substr(0, scheme.size()), scheme)) continue;
    target.remove_prefix(scheme.size());
    return target.substr(std::min(target.find_first_of("/?"), target.size()));
  }
  return target;
}

}  // namespace

Result<RequestTarget> ParseRequestTarget(std::string_view target) {
  if (target == "*") return RequestTarget{"*", {}};
  const std::string_view local = WithoutAuthority(target);
  const bool absolute = local.size() != target.size();
  const std::size_t mark = local.find('?');
  const std::string_view raw_path = local.substr(0, mark);
  RequestTarget parsed;
  if (mark != std::string_view::npos) parsed.query = local.substr(mark + 1);
  if (raw_path.empty() && absolute) {
    parsed.path = "/";
    return parsed;
  }
  if (raw_path.empty() || raw_path.front() != '/') {
    return Error{"the request target must be a path that starts with /"};
  }
  std::optional<std::string> path = PercentDecode(raw_path);
  if (!path)
    return Error{"the request target has a % that is not followed by two hexadecimal digits other than 00"};
  parsed.path = std::move(*path);
  return parsed;
}

}  // namespace buntime
