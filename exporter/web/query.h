// What stands behind the '?' of a request. Pure functions, used by handlers.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace buntime {

/// Decodes `%41`. Nothing when a '%' is not followed by two hexadecimal digits, or means NUL.
std::optional<std::string> PercentDecode(std::string_view text);

/// The decoded value of the first parameter of this name in `a=1&b=x+y` ('+' is a space); empty when there is
/// none, or when it cannot be decoded.
std::optional<std::string> QueryParameter(std::string_view query, std::string_view name);

/// How many parameters of this name there are.
std::size_t CountQueryParameter(std::string_view query, std::string_view name);

}  // namespace buntime
