// One fast look over a whole body before it is parsed. Used by decode. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace buntime {

enum class ByteFault { kControl, kNotUtf8 };

struct BadByte {
  std::size_t offset = 0;
  ByteFault fault = ByteFault::kControl;
  friend bool operator==(const BadByte&, const BadByte&) = default;
};

/// The first byte that no JSON text can contain: a control character other than tab, LF and CR (so NUL too),
/// or the start of a malformed UTF-8 sequence (RFC 3629).
std::optional<BadByte> FindBadByte(std::string_view text);

/// Makes each escape of half a surrogate pair (`\ud800` alone) the escape of U+FFFD, in place, and returns
/// how many there were. JavaScript's strings may hold such halves; UTF-8 cannot.
std::uint32_t MendSurrogates(std::string& json);

}  // namespace buntime
