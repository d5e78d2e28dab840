#include "net/ip_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace buntime {
namespace {

constexpr std::array<std::uint8_t, 12> kMappedPrefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

}  // namespace

std::optional<IpAddress> IpAddress::Of(const sockaddr& address) {
  IpAddress result;
  if (address.sa_family == AF_INET6) {
    sockaddr_in6 in6{};
    std::memcpy(&in6, &address, sizeof in6);
    std::memcpy(result.bytes_.data(), &in6.sin6_addr, result.bytes_.size());
    return result;
  }
  if (address.sa_family != AF_INET) return std::nullopt;
  sockaddr_in in{};
  std::memcpy(&in, &address, sizeof in);
  std::array<std::uint8_t, 4> bytes{};
  std::memcpy(bytes.data(), &in.sin_addr, bytes.size());
  return OfIpv4(bytes);
}

IpAddress IpAddress::OfIpv4(const std::array<std::uint8_t, 4>& bytes) {
  IpAddress result;
  std::ranges::copy(kMappedPrefix, result.bytes_.begin());
  std::ranges::copy(bytes, result.bytes_.begin() + kMappedPrefix.size());
  return result;
}

std::optional<IpAddress> IpAddress::Parse(const std::string& text) {
  IpAddress result;
  if (inet_pton(AF_INET6, text.c_str(), result.bytes_.data()) == 1) return result;
  std::ranges::copy(kMappedPrefix, result.bytes_.begin());
  if (inet_pton(AF_INET, text.c_str(), result.bytes_.data() + kMappedPrefix.size()) == 1) return result;
  return std::nullopt;
}

bool IpAddress::is_ipv4() const {
  return std::equal(kMappedPrefix.begin(), kMappedPrefix.end(), bytes_.begin());
}

bool IpAddress::SharesPrefix(const IpAddress& other, int bits) const {
  const auto whole = static_cast<std::size_t>(bits / 8);
  if (!std::equal(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(whole),
                  other.bytes_.begin())) {
    return false;
  }
  const int rest = bits % 8;
  return rest == 0 || ((bytes_[whole] ^ other.bytes_[whole]) >> (8 - rest)) == 0;
}

std::string IpAddress::Text() const {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (is_ipv4()) {
    inet_ntop(AF_INET, bytes_.data() + kMappedPrefix.size(), text.data(), text.size());
  } else {
    inet_ntop(AF_INET6, bytes_.data(), text.data(), text.size());
  }
  return text.data();
}

std::optional<int> ParseInteger(std::string_view text, int most) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0 || value > most)
    return std::nullopt;
  return value;
}

std::optional<Network> Network::Parse(std::string_view text) {
  const auto slash = text.find('/');
  const auto address = IpAddress::Parse(std::string(text.substr(0, slash)));
  if (!address) return std::nullopt;
  if (slash == std::string_view::npos) return Network{*address, 128};
  const int family_bits = address->is_ipv4() ? 32 : 128;
  const auto bits = ParseInteger(text.substr(slash + 1), family_bits);
  if (!bits) return std::nullopt;
  return Network{*address, 128 - family_bits + *bits};
}

}  // namespace buntime
