// Comparing names of a few bytes, which is most of what decode does with text. Pure.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace buntime {

template <class Word>
bool SameEnds(const char* a, const char* b, std::size_t size) {
  const auto load = [](const char* from) {
    Word word = 0;
    std::memcpy(&word, from, sizeof word);
    return word;
  };
  return load(a) == load(b) && load(a + size - sizeof(Word)) == load(b + size - sizeof(Word));
}

/// a == b. Up to 16 bytes take two overlapping loads each instead of a call of memcmp, which dominated the
/// lookup of fields.
inline bool SameText(std::string_view a, std::string_view b) {
  const std::size_t size = a.size();
  if (size != b.size()) return false;
  if (size > 16) return std::memcmp(a.data(), b.data(), size) == 0;
  if (size >= 8) return SameEnds<std::uint64_t>(a.data(), b.data(), size);
  if (size >= 4) return SameEnds<std::uint32_t>(a.data(), b.data(), size);
  if (size >= 2) return SameEnds<std::uint16_t>(a.data(), b.data(), size);
  return size == 0 || a.front() == b.front();
}

}  // namespace buntime
