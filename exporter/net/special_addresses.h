// Addresses that mean more than a host on a network: loopback, link-local, metadata services of clouds. Pure.
#pragma once

#include <optional>
#include <string>

#include "net/ip_address.h"

namespace buntime {

struct SpecialAddress {
  std::string what;      // in words
  int least_bits = 128;  // of a rule's network that allows it
  bool loopback = false;
};

/// Whether the address is special, or leads to an IPv4 address that is.
std::optional<SpecialAddress> FindSpecial(const IpAddress& address);

}  // namespace buntime
