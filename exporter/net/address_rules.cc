#include "net/address_rules.h"

#include <algorithm>
#include <cctype>
#include <utility>

#include "base/text.h"
#include "net/special_addresses.h"

namespace buntime {
namespace {

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
    if (!Network::Parse(host)) return refuse("has no IPv6 network between its brackets");
  } else if (std::ranges::count(host, ':') == 1) {
    port = host.substr(host.find(':') + 1);
    host = host.substr(0, host.find(':'));
  }
  if (port) {
    const auto number = ParseInteger(*port, 65535);
    if (!number || *number == 0) return refuse("has no valid port: expected 1 to 65535 after the colon");
    rule.port = static_cast<std::uint16_t>(*number);
  }
  rule.network = Network::Parse(host);
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
