#include "web/query.h"

#include <algorithm>
#include <cstddef>

namespace buntime {
namespace {

std::optional<int> HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return std::nullopt;
}

// The raw value of the next parameter of this name; `query` is cut behind it.
std::optional<std::string_view> NextParameter(std::string_view& query, std::string_view name) {
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), pair.size() + 1));
    const std::size_t equals = std::min(pair.find('='), pair.size());
    if (pair.substr(0, equals) == name) return pair.substr(std::min(equals + 1, pair.size()));
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> PercentDecode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    if (text.size() - i < 3) return std::nullopt;
    const std::optional<int> high = HexDigit(text[i + 1]);
    const std::optional<int> low = HexDigit(text[i + 2]);
    if (!high || !low) return std::nullopt;
    const int byte = *high * 16 + *low;
    if (byte == 0) return std::nullopt;
    out += static_cast<char>(byte);
    i += 2;
  }
  return out;
}

std::optional<std::string> QueryParameter(std::string_view query, std::string_view name) {
  const auto raw = NextParameter(query, name);
  if (!raw) return std::nullopt;
  std::string value(*raw);
  std::ranges::replace(value, '+', ' ');
  return PercentDecode(value);
}

std::size_t CountQueryParameter(std::string_view query, std::string_view name) {
  std::size_t count = 0;
  while (NextParameter(query, name)) ++count;
  return count;
}

}  // namespace buntime
