#include "config/web_config_reader.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string_view>

#include "base/text.h"
#include "config/bcrypt_hash.h"
#include "config/suggest.h"
#include "config/web_tls_reader.h"

namespace buntime {
namespace {

constexpr std::uint64_t kMostBurst = 1'000'000'000;

// The headers that may be added to answers, and the values they may have where not any.
struct Header {
  std::string_view name;
  std::array<std::string_view, 2> values;  // empty: any
};
constexpr std::array kHeaders = {
    Header{"Content-Security-Policy", {}},
    Header{"X-Frame-Options", {"deny", "sameorigin"}},
    Header{"X-Content-Type-Options", {"nosniff", "nosniff"}},
    Header{"X-XSS-Protection", {}},
    Header{"Strict-Transport-Security", {}},
};

bool IsPrintable(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
}

// An Origin header is compared with it, letter by letter.
std::string_view OriginProblem(std::string_view origin) {
  if (origin == "*") return {};
  const std::string_view rest = origin.substr(std::min(origin.size(), origin.find("://")));
  const std::string_view scheme = origin.substr(0, origin.size() - rest.size());
  const bool standard_port =
      (scheme == "https" && rest.ends_with(":443")) || (scheme == "http" && rest.ends_with(":80"));
  const bool clean = rest.size() > 3 && std::ranges::all_of(rest.substr(3), [](char c) {
                       return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                              std::string_view(".-:[]_").find(c) != std::string_view::npos;
                     });
  if ((scheme != "http" && scheme != "https") || !clean) {
    return "expected an origin as browsers send it, in lower case and without a path: https://HOST, "
           "https://HOST:PORT, or * for any";
  }
  return standard_port ? "browsers leave out the standard port: leave it out, too" : std::string_view();
}

}  // namespace

WebConfig WebConfigReader::Read(const YAML::Node& root) {
  WebConfig config;
  if (root.IsNull()) return config;  // an empty file locks nothing
  yaml_.ForEachEntry(root, "", [&](const std::string& name, const YAML::Node& key, const YAML::Node& value) {
    if (name == "tls_server_config") {
      if (!value.IsNull()) config.tls = WebTlsReader(yaml_).Read(key, value);
    } else if (name == "http_server_config") {
      if (!value.IsNull()) ReadHttp(value, config);
    } else if (name == "basic_auth_users") {
      if (value.IsNull()) return;
      yaml_.ForEachEntry(value, name, [&](const auto& user, const auto& user_key, const auto& hash) {
        ReadUser(user, user_key, hash, config);
      });
    } else if (name == "rate_limit") {
      if (!value.IsNull()) ReadRateLimit(key, value, config);
    } else if (name == "cors_allowed_origins") {
      for (const std::string& origin : yaml_.List(key, value, name)) {
        if (const auto problem = OriginProblem(origin); !problem.empty()) {
          yaml_.Fail(key, name + " '" + Printable(origin, 80) + "': " + std::string(problem));
        }
        config.cors_allowed_origins.push_back(origin);
      }
    } else {
      constexpr std::array<std::string_view, 5> kKnown = {"tls_server_config", "http_server_config",
                                                          "basic_auth_users", "rate_limit",
                                                          "cors_allowed_origins"};
      yaml_.Fail(key, UnknownKey(name, name, kKnown));
    }
  });
  return config;
}

void WebConfigReader::ReadHttp(const YAML::Node& map, WebConfig& config) {
  yaml_.ForEachEntry(map, "http_server_config",
                     [&](const std::string& name, const YAML::Node& key, const YAML::Node& value) {
                       if (name == "http2") {
                         // Checked and dropped: HTTP/2 is not spoken here, and every client that speaks it
                         // can do without.
                         yaml_.Bool(key, value, "http_server_config.http2");
                       } else if (name == "headers") {
                         if (value.IsNull()) return;
                         yaml_.ForEachEntry(
                             value, "http_server_config.headers",
                             [&](const auto& header, const auto& header_key, const auto& text) {
                               ReadHeader(header, header_key, text, config);
                             });
                       } else {
                         constexpr std::array<std::string_view, 2> kKnown = {"headers", "http2"};
                         yaml_.Fail(key, UnknownKey("http_server_config." + name, name, kKnown));
                       }
                     });
}

void WebConfigReader::ReadHeader(const std::string& name, const YAML::Node& key, const YAML::Node& value,
                                 WebConfig& config) {
  const auto* const header = std::ranges::find(kHeaders, name, &Header::name);
  if (header == kHeaders.end()) {
    std::string known;
    for (const Header& each : kHeaders) known.append(known.empty() ? "" : ", ").append(each.name);
    return yaml_.Fail(key,
                      "the header '" + Printable(name, 80) + "' cannot be set here (only " + known + ")");
  }
  const std::string shown = "http_server_config.headers." + name;
  const std::string text = yaml_.Text(key, value, shown);
  if (text.empty()) return;  // "unset if blank"
  if (!IsPrintable(text)) {
    yaml_.Fail(key, shown + " has characters that a header cannot carry");
  } else if (!header->values.front().empty() &&
             std::ranges::find(header->values, text) == header->values.end()) {
    std::string allowed(header->values.front());
    if (header->values.back() != header->values.front()) allowed.append(" or ").append(header->values.back());
    yaml_.Fail(key, shown + " is '" + Printable(text, 40) + "', expected " + allowed);
  } else {
    config.headers.emplace_back(name, text);
  }
}

void WebConfigReader::ReadUser(const std::string& name, const YAML::Node& key, const YAML::Node& value,
                               WebConfig& config) {
  const std::string shown = "the password of user '" + Printable(name, 40) + "'";
  // What stands before the first colon of the credentials is the name (RFC 7617, 2).
  if (name.find(':') != std::string::npos) {
    return yaml_.Fail(key, "the user name '" + Printable(name, 40) + "' has a colon and could never log in");
  }
  const std::string hash = yaml_.Text(key, value, shown);
  if (const auto problem = BcryptProblem(hash)) return yaml_.Fail(key, shown + " " + *problem);
  config.users.emplace(name, hash);
}

void WebConfigReader::ReadRateLimit(const YAML::Node& key, const YAML::Node& map, WebConfig& config) {
  RateLimit limit;
  yaml_.ForEachEntry(
      map, "rate_limit", [&](const std::string& name, const YAML::Node& entry, const YAML::Node& value) {
        if (name != "interval" && name != "burst") {
          constexpr std::array<std::string_view, 2> kKnown = {"interval", "burst"};
          return yaml_.Fail(entry, UnknownKey("rate_limit." + name, name, kKnown));
        }
        const std::string text = yaml_.Text(entry, value, "rate_limit." + name);
        if (name == "interval") {
          const auto interval = ParseDuration(text);
          if (!interval) {
            return yaml_.Fail(
                entry, "rate_limit.interval '" + Printable(text, 40) + "': " + interval.error().message);
          }
          limit.interval = *interval;
        } else {
          const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), limit.burst);
          if (failure != std::errc() || end != text.data() + text.size() || limit.burst > kMostBurst) {
            yaml_.Fail(entry, "rate_limit.burst '" + Printable(text, 40) + "': expected a whole number");
          }
        }
      });
  if (limit.interval == Duration::zero()) return;  // "set to 0 to disable"
  if (limit.burst == 0) {
    return yaml_.Fail(key, "rate_limit.burst is missing or 0: every request would be refused");
  }
  config.rate_limit = limit;
}

}  // namespace buntime
