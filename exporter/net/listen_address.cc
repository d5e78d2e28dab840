#include "net/listen_address.h"

#include <charconv>

#include "base/text.h"

namespace buntime {

Result<ListenAddress> ParseListenAddress(std::string_view text) {
  const Error bad{"'" + Printable(text) + "' is not an address: expected host:port, [ipv6]:port or :port"};
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return bad;

  std::string_view host = text.substr(0, colon);
  if (!host.empty() && host.front() == '[') {
    if (host.size() < 4 || host.back() != ']') return bad;
    host = host.substr(1, host.size() - 2);
    if (host.find(':') == std::string_view::npos) return bad;
  } else if (host.find(':') != std::string_view::npos) {
    return bad;  // an IPv6 address without brackets: where does the port begin?
  }
  if (host.find_first_of("[]/ \t") != std::string_view::npos) return bad;

  const std::string_view digits = text.substr(colon + 1);
  ListenAddress address{std::string(text), std::string(host)};
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), address.port);
  if (error != std::errc() || end != digits.data() + digits.size()) return bad;
  return address;
}

}  // namespace buntime
