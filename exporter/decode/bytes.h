// One fast look over a whole body before it is parsed. Used by decode. Pure.
#pragma once

#include <cstddef>
#include <optional>
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

}  // namespace buntime
