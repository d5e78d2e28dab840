#include "decode/bytes.h"

#include "base/text.h"

namespace buntime {
namespace {

constexpr std::size_t kBlock = 64;

bool IsPlain(unsigned char c) { return c >= 0x20 && c < 0x80; }
bool IsJsonSpace(unsigned char c) { return c == '\n' || c == '\r' || c == '\t'; }

// Without an early exit, so that compilers turn it into a few vector instructions.
bool IsPlainBlock(const char* block) {
  unsigned odd = 0;
  for (std::size_t i = 0; i < kBlock; ++i)
    odd |= static_cast<unsigned>(!IsPlain(static_cast<unsigned char>(block[i])));
  return odd == 0;
}

}  // namespace

std::optional<BadByte> FindBadByte(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size()) {
    if (text.size() - at >= kBlock && IsPlainBlock(text.data() + at)) {
      at += kBlock;
      continue;
    }
    const std::size_t block_end = at + kBlock;
    while (at < block_end && at < text.size()) {
      const auto c = static_cast<unsigned char>(text[at]);
      if (c < 0x20 && !IsJsonSpace(c)) return BadByte{at, ByteFault::kControl};
      const std::size_t length = Utf8SequenceLength(text.substr(at));
      if (length == 0) return BadByte{at, ByteFault::kNotUtf8};
      at += length;
    }
  }
  return std::nullopt;
}

}  // namespace buntime
