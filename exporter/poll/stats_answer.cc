#include "poll/stats_answer.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/text.h"
#include "decode/decoder.h"

namespace buntime {
namespace {

PollError Unauthorized(const Target& target, int status, const std::string& url) {
  std::string message = std::to_string(status) + " at " + url + ": ";
  message += target.credential.kind == Credential::Kind::kNone
                 ? "the runtime wants a key: give it with --runtime.api-key-file"
                 : "the runtime refuses the key in " + target.credential.file + ": check its value and role";
  return {Outcome::kUnauthorized, std::move(message)};
}

PollError BadStatus(const Target& target, const Response& response, const std::string& url) {
  const std::string at = std::to_string(response.status) + " at " + url;
  switch (response.status) {
    case 401:
    case 403:
      return Unauthorized(target, response.status, url);
    case 404:
      return {Outcome::kNotFound, at + ": is the metrics plugin enabled? check --runtime.plugin-base"};
    case 429:
      return {Outcome::kRateLimited,
              at + ": a gateway limits requests; Buntime's own counts all clients without X-Forwarded-For "
                   "together, other than those with a key: give this runtime its api_key_file, or headers: "
                   "{X-Forwarded-For: buntime-exporter} for a limit of its own, or poll less often"};
    default:
      break;
  }
  if (response.status >= 500) {
    if (response.body.find("Pool not initialized") != std::string::npos) {
      return {Outcome::kNotInitialized, at + ": the runtime has no pool yet"};
    }
    return {Outcome::kHttp5xx, at + ": the runtime, or a proxy before it, fails"};
  }
  if (response.status >= 400) {
    return {Outcome::kHttp4xx,
            at + ": the runtime, or a proxy before it, refuses the request: check URL and plugin base"};
  }
  if (response.status >= 300) {
    std::string message = "a redirect (" + std::to_string(response.status) + ")";
    if (!response.location.empty()) message += " to " + Printable(response.location, 100);
    return {Outcome::kNotJson, message + " at " + url + ", which is not followed: check --runtime.url"};
  }
  return {Outcome::kNotJson, "status " + at + " instead of stats"};
}

bool IsWebPage(std::string_view content_type) {
  return EqualsIgnoringCase(Trim(content_type.substr(0, content_type.find(';'))), "text/html");
}

}  // namespace

Result<Snapshot, PollError> ReadStats(const Target& target, ExchangeResult result, Layout layout,
                                      const std::string& url) {
  if (!result) return result.error();
  Response& response = *result;
  if (response.status != 200) return BadStatus(target, response, url);
  if (IsWebPage(response.content_type)) {
    return PollError{Outcome::kNotJson, "the runtime answered a web page (text/html) at " + url +
                                            ": check --runtime.plugin-base, and that the plugin is enabled"};
  }
  // No runtime describes a worker in fewer bytes: more of them are made to take memory and time.
  constexpr std::uint64_t kWorkerBytes = 100;
  DecodeLimits limits;
  limits.workers = std::max<std::size_t>(10'000, target.max_body / kWorkerBytes);
  auto snapshot =
      layout == Layout::kOpen ? DecodePoolText(response.body) : DecodeStats(std::move(response.body), limits);
  if (!snapshot) return PollError{snapshot.error().outcome, snapshot.error().message + " (at " + url + ")"};
  return snapshot;
}

}  // namespace buntime
