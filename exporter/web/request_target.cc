#include "web/request_target.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/text.h"
#include "web/query.h"

namespace buntime {
namespace {

// Cuts `http://host:port` off the front of `target` and returns the host and port; empty: there was none.
std::string_view TakeAuthority(std::string_view& target) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!EqualsIgnoringCase(target.substr(0, scheme.size()), scheme)) continue;
    target.remove_prefix(scheme.size());
    const std::string_view authority = target.substr(0, target.find_first_of("/?"));
    target.remove_prefix(authority.size());
    return authority;
  }
  return {};
}

bool IsAlphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool AllOf(std::string_view text, std::string_view others) {
  return std::ranges::all_of(
      text, [others](char c) { return IsAlphanumeric(c) || others.find(c) != std::string_view::npos; });
}

}  // namespace

bool IsHost(std::string_view text) {
  std::string_view host = text;
  if (text.starts_with('[')) {
    host = text.substr(1, text.find(']') - 1);
    const std::size_t end = host.size() + 2;
    if (end > text.size() || host.empty() || !AllOf(host, ":.")) return false;
    text.remove_prefix(end);
  } else {
    host = text.substr(0, text.find(':'));
    if (!AllOf(host, "-._~%!$&'()*+;=")) return false;
    text.remove_prefix(host.size());
  }
  if (text.empty()) return true;
  return text.front() == ':' && text.size() <= 6 &&
         std::ranges::all_of(text.substr(1), [](char c) { return c >= '0' && c <= '9'; });
}

Result<RequestTarget> ParseRequestTarget(std::string_view target) {
  if (target == "*") return RequestTarget{"*", {}};
  std::string_view local = target;
  const std::string_view authority = TakeAuthority(local);
  const bool absolute = local.size() != target.size();
  if (absolute && (authority.empty() || !IsHost(authority))) {
    return Error{"the request target has no valid host"};
  }
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
