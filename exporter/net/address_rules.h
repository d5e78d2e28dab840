// Which hosts a probe may reach: the `allowed_targets` of a module. Built in config, asked by fetch with the
// address that is really about to be connected to, so that neither a name that moves nor an odd spelling of
// an address slips through. Plain value, no I/O.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "net/ip_address.h"

namespace buntime {

class AddressRules {
 public:
  /// Each rule is a CIDR or an address ("10.0.0.0/8", "[fd00::/8]:8000"), a host ("buntime-0.shop") or a
  /// suffix of hosts (".svc.cluster.local"), and may end in ":PORT". At least one. The error names the rule.
  static Result<AddressRules> Parse(const std::vector<std::string>& rules);

  /// Why no address of this host can be allowed, whatever it resolves to: then it need not be resolved.
  std::optional<std::string> RefuseHost(std::string_view host, std::uint16_t port) const;

  /// Why this address, which `host` resolved to, may not be connected to. A network's rule allows the
  /// addresses in it, whatever their name; a host's rule allows the host at any address that is not special.
  /// Special addresses (loopback, link-local, cloud metadata, unspecified, multicast) are allowed only by a
  /// rule for just that range or a part of it: 0.0.0.0/0 does not mean them. An IPv6 address that leads to a
  /// special IPv4 one (NAT64, 6to4, Teredo, ISATAP) is allowed only by a rule for that address alone.
  /// `localhost`, named as such, may be at a loopback address.
  std::optional<std::string> RefuseAddress(std::string_view host, const IpAddress& address,
                                           std::uint16_t port) const;

  /// As written.
  std::vector<std::string> Texts() const;
  friend bool operator==(const AddressRules&, const AddressRules&) = default;

 private:
  struct Rule {
    std::string text;  // as written
    std::optional<Network> network;
    std::string host;        // lower case; starts with a dot where it is a suffix
    std::uint16_t port = 0;  // 0: any
    bool Takes(std::uint16_t other) const { return port == 0 || port == other; }
    bool Names(std::string_view other) const;
    friend bool operator==(const Rule&, const Rule&) = default;
  };

  static Result<Rule> ParseRule(const std::string& text);
  std::string List() const;

  std::vector<Rule> rules_;
};

}  // namespace buntime
