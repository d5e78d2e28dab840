#include "decode/number.h"

#include <charconv>
#include <cmath>
#include <system_error>

namespace buntime {

std::optional<double> ReadLongNumber(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || !std::isfinite(value)) return std::nullopt;
  return value;
}

}  // namespace buntime
