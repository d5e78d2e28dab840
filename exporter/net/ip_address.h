// IP addresses and networks. Plain values, no I/O.
#pragma once

#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace buntime {

/// Decimal digits from 0 to `most`, and nothing else.
std::optional<int> ParseInteger(std::string_view text, int most);

/// An address of either family in 16 bytes: IPv4 as ::ffff:a.b.c.d, which makes both spellings one.
class IpAddress {
 public:
  /// Empty: neither IPv4 nor IPv6.
  static std::optional<IpAddress> Of(const sockaddr& address);
  static IpAddress OfIpv4(const std::array<std::uint8_t, 4>& bytes);
  /// "10.0.0.1" or "fd00::1", nothing else.
  static std::optional<IpAddress> Parse(const std::string& text);

  bool is_ipv4() const;
  const std::array<std::uint8_t, 16>& bytes() const { return bytes_; }
  /// Whether the first `bits` bits of both are the same; `bits` counts as of 128.
  bool SharesPrefix(const IpAddress& other, int bits) const;
  std::string Text() const;
  friend bool operator==(const IpAddress&, const IpAddress&) = default;

 private:
  std::array<std::uint8_t, 16> bytes_{};
};

/// A range of addresses, as CIDR writes it.
struct Network {
  /// "10.0.0.0/8", "fd00::/8", or an address alone.
  static std::optional<Network> Parse(std::string_view text);

  IpAddress address;
  int bits = 128;  // of 128
  bool Contains(const IpAddress& other) const { return address.SharesPrefix(other, bits); }
  bool Contains(const Network& other) const { return bits <= other.bits && Contains(other.address); }
  friend bool operator==(const Network&, const Network&) = default;
};

}  // namespace buntime
