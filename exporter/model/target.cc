#include "model/target.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <string>

#include "base/text.h"

namespace buntime {
namespace {

bool IsHostCharacter(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '-' || c == '_';
}

bool IsIpv6Character(char c) {
  return std::isxdigit(static_cast<unsigned char>(c)) != 0 || c == ':' || c == '.' || c == '%';
}

// What is allowed after the host: nothing, or ":" and a port.
bool IsPortSuffix(std::string_view text) {
  if (text.empty()) return true;
  if (text.front() != ':' || text.size() < 2 || text.size() > 6) return false;
  unsigned port = 0;
  const auto [end, error] = std::from_chars(text.data() + 1, text.data() + text.size(), port);
  return error == std::errc() && end == text.data() + text.size() && port > 0 && port < 65536;
}

bool IsAuthority(std::string_view text) {
  constexpr std::size_t kLongest = 253 + 1 + 5;  // the name (RFC 1035), a colon, a port
  if (text.size() > kLongest) return false;
  if (text.starts_with('[')) {
    const auto close = text.find(']');
    return close != std::string_view::npos && close > 1 &&
           std::ranges::all_of(text.substr(1, close - 1), IsIpv6Character) &&
           IsPortSuffix(text.substr(close + 1));
  }
  const std::string_view host = text.substr(0, text.find(':'));
  return !host.empty() && std::ranges::all_of(host, IsHostCharacter) &&
         IsPortSuffix(text.substr(host.size()));
}

}  // namespace

std::optional<std::string> ProxyUrlProblem(std::string_view text) {
  constexpr std::array<std::string_view, 4> kSchemes = {"http://", "https://", "socks5://", "socks5h://"};
  const auto* const scheme =
      std::ranges::find_if(kSchemes, [&](auto each) { return text.starts_with(each); });
  if (text.find('@') != std::string_view::npos) {
    return "holds credentials (user:password@), which a proxy is not sent: use one that needs none";
  }
  if (scheme == kSchemes.end()) {
    return "expected http://HOST:PORT, https://HOST:PORT, socks5://HOST:PORT or socks5h://HOST:PORT";
  }
  text.remove_prefix(scheme->size());
  if (text.ends_with('/')) text.remove_suffix(1);
  if (IsAuthority(text)) return std::nullopt;
  return "has no valid host and port after ://: expected HOST:PORT, without a path";
}

std::optional<std::string_view> RepeatedPluginBase(const RuntimeUrl& url, std::string_view plugin_base) {
  constexpr std::array<std::string_view, 8> kBelow = {"/api/metrics/prometheus",
                                                      "/api/prometheus",
                                                      "/prometheus",
                                                      "/api/metrics",
                                                      "/api/sse",
                                                      "/api",
                                                      "/admin",
                                                      ""};  // longer ones first
  if (plugin_base.empty()) return std::nullopt;
  const std::string_view path = url.path;
  for (const std::string_view below : kBelow) {
    if (!path.ends_with(below)) continue;
    if (path.substr(0, path.size() - below.size()).ends_with(plugin_base)) {
      return path.substr(path.size() - below.size() - plugin_base.size());
    }
  }
  return std::nullopt;
}

Result<RuntimeUrl> ParseRuntimeUrl(std::string_view text) {
  constexpr std::string_view kStats = "/stats";
  const auto scheme_end = text.find("://");
  if (scheme_end == std::string_view::npos) {
    return Error{"has no scheme: expected http://HOST:PORT or https://HOST:PORT"};
  }
  const std::string_view scheme = text.substr(0, scheme_end);
  if (!EqualsIgnoringCase(scheme, "http") && !EqualsIgnoringCase(scheme, "https")) {
    return Error{"has the scheme '" + Printable(scheme, 20) + "': only http and https are polled"};
  }
  std::string_view rest = text.substr(scheme_end + 3);
  const std::string_view authority = rest.substr(0, rest.find_first_of("/?#"));
  rest.remove_prefix(authority.size());
  // First of all checks on what follows, so that no other message can repeat a password.
  if (authority.find('@') != std::string_view::npos) {
    return Error{
        "holds credentials (user:password@): put the secret into a file and name it with "
        "--runtime.api-key-file"};
  }
  if (!IsAuthority(authority)) {
    return Error{"has no valid host and port after ://: expected HOST, HOST:PORT or [IPV6]:PORT"};
  }
  if (rest.find_first_of("?#") != std::string_view::npos) {
    return Error{"has a query or fragment: expected the base URL alone"};
  }
  if (std::ranges::any_of(rest, [](char c) { return c <= ' ' || c > '~' || c == '\\' || c == '"'; })) {
    return Error{"has characters in its path that a URL cannot hold: percent-encode them"};
  }
  RuntimeUrl url;
  url.origin = EqualsIgnoringCase(scheme, "https") ? "https://" : "http://";
  url.origin += authority;
  if (rest.size() > kStats.size() && rest.ends_with(kStats)) {
    url.exact_stats = rest;
  } else {
    while (rest.ends_with('/')) rest.remove_suffix(1);
    url.path = rest;
  }
  return url;
}

}  // namespace buntime
