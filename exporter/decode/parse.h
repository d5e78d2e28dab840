// The way every body is parsed: RapidJSON's SAX reader, with its faults turned into our errors. Private to
// decode.
//
// Flags, as measured on 100,000 workers (16 MB): parsing in place saves copying each string; numbers arrive
// as text, because RapidJSON's own conversion is not correctly rounded and is wasted on fields nobody wants;
// its check of the encoding doubles the time of a parse, so FindBadByte looks over the body beforehand; its
// SSE paths gain nothing on strings this short, and read past the end. Iterative, so that no nesting can
// exhaust the stack.
#pragma once

#include <rapidjson/reader.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "decode/bytes.h"
#include "model/outcome.h"

namespace buntime {

inline std::string AtByte(std::size_t offset) { return " at byte " + std::to_string(offset); }

/// What can be said about a body without parsing it.
std::optional<PollError> CheckBody(std::string_view body);

/// "Missing a comma." -> "not JSON: missing a comma at byte 17".
PollError SyntaxError(const rapidjson::ParseResult& result);

/// Feeds `handler` with the events of `body`, which is destroyed on the way; strings stay valid as long as
/// the body does, and are UTF-8 (half surrogate pairs become U+FFFD: see MendSurrogates, which returns
/// `mended`). A handler that returns false from an event has told handler.error() why.
template <class Handler>
std::optional<PollError> Parse(std::string& body, Handler& handler, std::uint32_t* mended = nullptr) {
  if (auto error = CheckBody(body)) return error;
  const std::uint32_t halves = MendSurrogates(body);
  if (mended != nullptr) *mended = halves;
  constexpr unsigned kFlags =
      rapidjson::kParseInsituFlag | rapidjson::kParseIterativeFlag | rapidjson::kParseNumbersAsStringsFlag;
  rapidjson::InsituStringStream stream(body.data());
  rapidjson::Reader reader;
  const rapidjson::ParseResult result = reader.Parse<kFlags>(stream, handler);
  if (!result.IsError()) return std::nullopt;
  if (result.Code() == rapidjson::kParseErrorTermination) return handler.error();
  return SyntaxError(result);
}

}  // namespace buntime
