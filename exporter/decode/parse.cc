#include "decode/parse.h"

#include <rapidjson/error/en.h>

#include <cctype>
#include <cstdint>
#include <limits>

#include "base/text.h"
#include "decode/bytes.h"

namespace buntime {

std::optional<PollError> CheckBody(std::string_view body) {
  const std::string_view text = Trim(body);
  if (text.empty()) return PollError{Outcome::kNotJson, "an empty body instead of JSON"};
  if (text.front() == '<') return PollError{Outcome::kNotJson, "a web page instead of JSON"};
  // RapidJSON and TextRef count in 32 bits.
  if (body.size() > std::numeric_limits<std::uint32_t>::max()) {
    return PollError{Outcome::kTooLarge, "a body of more than 4 GiB"};
  }
  const auto bad = FindBadByte(body);
  if (!bad) return std::nullopt;
  const std::string what = bad->fault == ByteFault::kControl ? "a control character" : "invalid UTF-8";
  return PollError{Outcome::kNotJson, "not JSON: " + what + AtByte(bad->offset)};
}

PollError SyntaxError(const rapidjson::ParseResult& result) {
  std::string reason = rapidjson::GetParseError_En(result.Code());
  reason.front() = static_cast<char>(std::tolower(static_cast<unsigned char>(reason.front())));
  if (reason.back() == '.') reason.pop_back();
  return {Outcome::kNotJson, "not JSON: " + reason + AtByte(result.Offset())};
}

}  // namespace buntime
