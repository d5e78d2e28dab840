// A JSON number -> the nearest double. Used by decode's handlers. Pure.
#pragma once

#include <array>
#include <cfloat>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace buntime {

/// Any number, at the price of std::from_chars. See ReadNumber.
std::optional<double> ReadLongNumber(std::string_view text);

/// Reads `text`, which the JSON grammar has already accepted, correctly rounded. Empty: out of a double's
/// range.
inline std::optional<double> ReadNumber(std::string_view text) {
  // Nearly all numbers of a runtime are short: an integer below 2^53, perhaps divided by a power of ten that
  // is itself a double. Both operands are exact, so IEEE 754 rounds their quotient correctly, at a fifth of
  // the price.
  constexpr std::array<double, 16> kPowersOfTen = {1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                                   1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
  constexpr std::uint64_t kExactIntegers = std::uint64_t{1} << 53;
  // So many characters cannot overflow the mantissa; x87's wider registers would round the quotient twice.
  if (FLT_EVAL_METHOD != 0 || text.size() > kPowersOfTen.size()) return ReadLongNumber(text);
  std::uint64_t mantissa = 0;
  std::size_t at = 0;
  const auto take_digits = [&] {
    for (; at < text.size(); ++at) {
      const unsigned digit = static_cast<unsigned char>(text[at]) - unsigned{'0'};
      if (digit > 9) return;
      mantissa = mantissa * 10 + digit;
    }
  };
  take_digits();
  if (at == text.size()) {
    if (mantissa <= kExactIntegers) return static_cast<double>(mantissa);
  } else if (text[at] == '.') {
    const std::size_t point = at++;
    take_digits();
    if (at == text.size() && mantissa <= kExactIntegers) {
      return static_cast<double>(mantissa) / kPowersOfTen[at - point - 1];
    }
  }
  return ReadLongNumber(text);  // a sign, an exponent, or seventeen digits
}

}  // namespace buntime
