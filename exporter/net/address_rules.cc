#include "net/address_rules.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstring>
#include <utility>

#include "base/text.h"

namespace buntime {
namespace {

constexpr std::array<std::uint8_t, 12> kMappedPrefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

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

std::optional<int> ParseNumber(std::string_view text, int most) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0 || value > most)
    return std::nullopt;
  return value;
}

std::optional<Network> ParseNetwork(std::string_view text) {
  const auto slash = text.find('/');
  const auto address = IpAddress::Parse(std::string(text.substr(0, slash)));
  if (!address) return std::nullopt;
  if (slash == std::string_view::npos) return Network{*address, 128};
  const int family_bits = address->is_ipv4() ? 32 : 128;
  const auto bits = ParseNumber(text.substr(slash + 1), family_bits);
  if (!bits) return std::nullopt;
  return Network{*address, 128 - family_bits + *bits};
}

struct Special {
  Network network;
  std::string_view what;
};

const std::vector<Special>& Specials() {
  static const std::vector<Special> specials = [] {
    std::vector<Special> all;
    all.reserve(kSpecialRanges.size());
    for (const SpecialRange& range : kSpecialRanges) all.push_back({*ParseNetwork(range.cidr), range.what});
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

struct FoundSpecial {
  std::string what;
  int least_bits = 128;  // of a rule's network that allows it
  bool loopback = false;
};

// Whether the address is special, or leads to an IPv4 address that is.
std::optional<FoundSpecial> FindSpecial(const IpAddress& address) {
  if (const Special* const found = FindRange(address)) {
    return FoundSpecial{std::string(found->what), found->network.bits, found->what == "loopback"};
  }
  for (const Transition& form : kTransitions) {
    if (!ParseNetwork(form.cidr)->Contains(address) || (form.name == "ISATAP" && !IsIsatap(address)))
      continue;
    std::array<std::uint8_t, 4> v4{};
    for (std::size_t i = 0; i < v4.size(); ++i) {
      v4[i] = static_cast<std::uint8_t>(address.bytes()[form.bytes[i]] ^ form.inverted);
    }
    // Where only the operator knows the prefix's length, zeros may be a part of it.
    if (form.cidr == kLocalNat64 && v4[0] == 0) continue;
    const IpAddress inner = IpAddress::OfIpv4(v4);
    if (const Special* const found = FindRange(inner)) {
      return FoundSpecial{std::string(form.name) + " for " + inner.Text() + ", which is " +
                          std::string(found->what)};
    }
  }
  return std::nullopt;
}

// Names are the same whatever their case, and with or without the dot of the root at their end.
std::string CanonicalHost(std::string_view host) {
  if (host.size() > 1 && host.ends_with('.')) host.remove_suffix(1);
  std::string lower(host);
  std::ranges::transform(lower, lower.begin(), [](char c) {
    return static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  });
  return lower;
}

bool IsHostName(std::string_view text) {
  return !text.empty() && text != "." && std::ranges::all_of(text, [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '-' || c == '_';
  });
}

std::string At(const IpAddress& address, std::uint16_t port) {
  const std::string text = address.Text();
  return (address.is_ipv4() ? text : "[" + text + "]") + ":" + std::to_string(port);
}

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

bool AddressRules::Rule::Names(std::string_view other) const {
  if (network) return false;
  // ".shop" is for hosts below shop, not for shop itself.
  return host.starts_with('.') ? other.size() > host.size() && other.ends_with(host) : other == host;
}

Result<AddressRules::Rule> AddressRules::ParseRule(const std::string& text) {
  const auto refuse = [&](const char* why) { return Error{"'" + Printable(text, 80) + "' " + why}; };
  Rule rule;
  rule.text = text;
  std::string_view host = text;
  std::optional<std::string_view> port;
  if (host.starts_with('[')) {
    const auto close = host.find(']');
    if (close == std::string_view::npos)
      return refuse("has no closing bracket: expected [NETWORK] or [NETWORK]:PORT");
    const std::string_view rest = host.substr(close + 1);
    if (!rest.empty() && rest.front() != ':')
      return refuse("has something other than :PORT after its bracket");
    if (!rest.empty()) port = rest.substr(1);
    host = host.substr(1, close - 1);
    // Only a network stands in brackets.
    if (!ParseNetwork(host)) return refuse("has no IPv6 network between its brackets");
  } else if (std::ranges::count(host, ':') == 1) {
    port = host.substr(host.find(':') + 1);
    host = host.substr(0, host.find(':'));
  }
  if (port) {
    const auto number = ParseNumber(*port, 65535);
    if (!number || *number == 0) return refuse("has no valid port: expected 1 to 65535 after the colon");
    rule.port = static_cast<std::uint16_t>(*number);
  }
  rule.network = ParseNetwork(host);
  if (rule.network) return rule;
  if (!IsHostName(host)) {
    return refuse(
        "is no network, host or suffix: expected one like 10.0.0.0/8:8000, [fd00::/8]:8000, "
        "buntime.shop.svc or .svc.cluster.local");
  }
  // "10.1", "0x7f.1" and the like would be taken for names that never match what they are meant for.
  const std::string_view last =
      host.substr(host.rfind('.') == std::string_view::npos ? 0 : host.rfind('.') + 1);
  if (!last.empty() && std::isdigit(static_cast<unsigned char>(last.front())) != 0) {
    return refuse("ends like an address but is none: expected four numbers, or a host name");
  }
  rule.host = CanonicalHost(host);
  return rule;
}

Result<AddressRules> AddressRules::Parse(const std::vector<std::string>& rules) {
  if (rules.empty()) return Error{"is empty: name the networks or hosts that may be probed"};
  AddressRules result;
  for (const std::string& text : rules) {
    auto rule = ParseRule(text);
    if (!rule) return rule.error();
    result.rules_.push_back(std::move(*rule));
  }
  return result;
}

std::string AddressRules::List() const {
  std::string list;
  for (const Rule& rule : rules_) list += (list.empty() ? "" : ", ") + rule.text;
  return list;
}

std::vector<std::string> AddressRules::Texts() const {
  std::vector<std::string> texts;
  texts.reserve(rules_.size());
  for (const Rule& rule : rules_) texts.push_back(rule.text);
  return texts;
}

std::optional<std::string> AddressRules::RefuseHost(std::string_view host, std::uint16_t port) const {
  const std::string name = CanonicalHost(host);
  const bool possible = std::ranges::any_of(
      rules_, [&](const Rule& rule) { return rule.Takes(port) && (rule.network || rule.Names(name)); });
  if (possible) return std::nullopt;
  return Printable(host, 253) + ":" + std::to_string(port) +
         " is in none of the module's allowed_targets: " + List();
}

std::optional<std::string> AddressRules::RefuseAddress(std::string_view host, const IpAddress& address,
                                                       std::uint16_t port) const {
  const std::string name = CanonicalHost(host);
  const auto special = FindSpecial(address);
  const auto allows = [&](const Rule& rule) {
    if (!rule.Takes(port)) return false;
    if (rule.network) {
      return rule.network->Contains(address) && (!special || rule.network->bits >= special->least_bits);
    }
    const bool home = special && special->loopback && rule.host == "localhost";
    return (!special || home) && rule.Names(name);
  };
  if (std::ranges::any_of(rules_, allows)) return std::nullopt;

  const std::string at = At(address, port);
  std::string subject = Printable(host, 253);
  const bool literal = subject == address.Text() || subject == "[" + address.Text() + "]";
  subject = literal ? at : subject + " is at " + at + ", which";
  if (special) {
    return subject + " is " + special->what +
           ": only a rule for that very range allows it, and the module's allowed_targets have none: " +
           List();
  }
  return subject + " is in none of the module's allowed_targets: " + List();
}

}  // namespace buntime
