#include "decode/bytes.h"

#include <charconv>

#include "base/text.h"

namespace buntime {
namespace {

constexpr std::size_t kBlock = 64;
constexpr std::size_t kUnitEscape = 6;  // bytes of \uXXXX

// The code unit of a \uXXXX that `text` starts with; empty: it starts with something else.
std::optional<unsigned> EscapedUnit(std::string_view text) {
  unsigned unit = 0;
  if (text.size() < kUnitEscape || !text.starts_with("\\u")) return std::nullopt;
  const auto [end, error] = std::from_chars(text.data() + 2, text.data() + kUnitEscape, unit, 16);
  if (error != std::errc() || end != text.data() + kUnitEscape) return std::nullopt;
  return unit;
}

bool IsHighHalf(unsigned unit) { return unit >= 0xd800 && unit <= 0xdbff; }
bool IsLowHalf(unsigned unit) { return unit >= 0xdc00 && unit <= 0xdfff; }

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

std::uint32_t MendSurrogates(std::string& json) {
  std::uint32_t mended = 0;
  std::size_t at = 0;
  while ((at = json.find('\\', at)) != std::string::npos) {
    const std::string_view rest = std::string_view(json).substr(at);
    const auto unit = EscapedUnit(rest);
    if (!unit) {
      at += 2;
      continue;
    }
    if (IsHighHalf(*unit)) {
      const auto next = EscapedUnit(rest.substr(kUnitEscape));
      if (next && IsLowHalf(*next)) {
        at += 2 * kUnitEscape;
        continue;
      }
    }
    if (IsHighHalf(*unit) || IsLowHalf(*unit)) {
      json.replace(at, kUnitEscape, "\\ufffd");
      ++mended;
    }
    at += kUnitEscape;
  }
  return mended;
}

}  // namespace buntime
