#include "decode/decoder.h"

#include <utility>

#include "base/text.h"
#include "decode/parse.h"
#include "decode/stats_handler.h"
#include "decode/top_level.h"

namespace buntime {

Result<Snapshot, PollError> DecodeStats(std::string body, const DecodeLimits& limits) {
  return ParseStats(std::move(body), limits);
}

Result<Summary, PollError> DecodeSummary(std::string body) {
  TopLevelHandler handler("uptime");
  if (auto error = Parse(body, handler)) return *std::move(error);
  if (handler.members() == 0) {
    return PollError{Outcome::kNotInitialized, "the runtime has no worker pool yet"};
  }
  if (handler.pool_fields() == 0 && !handler.found()) {
    return PollError{Outcome::kSchema, "summary: none of the known fields"};
  }
  return Summary{.uptime_seconds = handler.number()};
}

std::optional<std::string> DecodeVersion(std::string body) {
  constexpr std::size_t kMaxVersionBytes = 64;
  TopLevelHandler handler("version");
  std::uint32_t mended = 0;
  if (Parse(body, handler, &mended) || mended > 0) return std::nullopt;
  const std::string_view version = handler.text();
  // Printable only changes what is too long, not UTF-8, or not fit for a label.
  if (version.empty() || Printable(version, kMaxVersionBytes) != version) return std::nullopt;
  return std::string(version);
}

}  // namespace buntime
