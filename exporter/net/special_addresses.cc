#include "net/special_addresses.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

namespace buntime {
namespace {

struct SpecialRange {
  std::string_view cidr;
  std::string_view what;
};

// Sources: IANA's special-purpose address registries (RFC 6890), and the clouds' documents for the addresses
// at which an instance reads its own credentials or is managed.
constexpr std::array kSpecialRanges = {
    SpecialRange{"0.0.0.0/8", "unspecified"},
    SpecialRange{"127.0.0.0/8", "loopback"},
    SpecialRange{"169.254.0.0/16", "link-local, where clouds serve metadata"},
    SpecialRange{"100.100.100.200/32", "a cloud's metadata service"},
    SpecialRange{"168.63.129.16/32", "a cloud's management service"},
    SpecialRange{"192.0.0.192/32", "a cloud's metadata service"},
    SpecialRange{"224.0.0.0/4", "multicast"},
    SpecialRange{"240.0.0.0/4", "reserved"},
    SpecialRange{"::1/128", "loopback"},
    SpecialRange{"::/96", "unspecified"},
    SpecialRange{"fe80::/10", "link-local"},
    SpecialRange{"fd00:ec2::/32", "a cloud's metadata service"},
    SpecialRange{"fd20:ce::/32", "a cloud's metadata service"},
    SpecialRange{"fd00:c1::/32", "a cloud's metadata service"},
    SpecialRange{"fd00:42::/32", "a cloud's metadata service"},
    SpecialRange{"ff00::/8", "multicast"},
};

struct Special {
  Network network;
  std::string_view what;
};

const std::vector<Special>& Specials() {
  static const std::vector<Special> specials = [] {
    std::vector<Special> all;
    all.reserve(kSpecialRanges.size());
    for (const SpecialRange& range : kSpecialRanges) all.push_back({*Network::Parse(range.cidr), range.what});
    return all;
  }();
  return specials;
}

const Special* FindRange(const IpAddress& address) {
  const auto found = std::ranges::find_if(
      Specials(), [&](const Special& special) { return special.network.Contains(address); });
  return found == Specials().end() ? nullptr : &*found;
}

// IPv6 ranges whose addresses lead to an IPv4 address that is written in them.
struct Transition {
  std::string_view cidr;
  std::array<std::uint8_t, 4> bytes;  // where the IPv4 address is
  std::uint8_t inverted;              // what each of its bytes is combined with, by exclusive or
  std::string_view name;
};
constexpr std::string_view kLocalNat64 = "64:ff9b:1::/48";  // RFC 8215
constexpr std::array kTransitions = {
    Transition{"64:ff9b::/96", {12, 13, 14, 15}, 0, "NAT64"},    // RFC 6052
    Transition{kLocalNat64, {12, 13, 14, 15}, 0, "NAT64"},       // a prefix of 96 bits
    Transition{kLocalNat64, {6, 7, 9, 10}, 0, "NAT64"},          // RFC 6052, 2.2
    Transition{kLocalNat64, {7, 9, 10, 11}, 0, "NAT64"},         //
    Transition{kLocalNat64, {9, 10, 11, 12}, 0, "NAT64"},        //
    Transition{"2002::/16", {2, 3, 4, 5}, 0, "6to4"},            // RFC 3056
    Transition{"2001::/32", {4, 5, 6, 7}, 0, "Teredo"},          // RFC 4380: the server
    Transition{"2001::/32", {12, 13, 14, 15}, 0xff, "Teredo"},   // the client
    Transition{"::ffff:0:0:0/96", {12, 13, 14, 15}, 0, "SIIT"},  // RFC 2765
    Transition{"::/0", {12, 13, 14, 15}, 0, "ISATAP"},           // RFC 5214: any prefix, see IsIsatap
};

bool IsIsatap(const IpAddress& address) {
  const auto& bytes = address.bytes();
  return (bytes[8] & 0xfdU) == 0 && bytes[9] == 0 && bytes[10] == 0x5e && bytes[11] == 0xfe;
}

}  // namespace

std::optional<SpecialAddress> FindSpecial(const IpAddress& address) {
  if (const Special* const found = FindRange(address)) {
    return SpecialAddress{std::string(found->what), found->network.bits, found->what == "loopback"};
  }
  for (const Transition& form : kTransitions) {
    if (!Network::Parse(form.cidr)->Contains(address) || (form.name == "ISATAP" && !IsIsatap(address)))
      continue;
    std::array<std::uint8_t, 4> v4{};
    for (std::size_t i = 0; i < v4.size(); ++i) {
      v4[i] = static_cast<std::uint8_t>(address.bytes()[form.bytes[i]] ^ form.inverted);
    }
    // Where only the operator knows the prefix's length, zeros may be a part of it.
    if (form.cidr == kLocalNat64 && v4[0] == 0) continue;
    const IpAddress inner = IpAddress::OfIpv4(v4);
    if (const Special* const found = FindRange(inner)) {
      return SpecialAddress{std::string(form.name) + " for " + inner.Text() + ", which is " +
                            std::string(found->what)};
    }
  }
  return std::nullopt;
}

}  // namespace buntime
