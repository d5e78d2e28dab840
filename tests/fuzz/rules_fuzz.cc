#include "fuzz/rules_fuzz.h"

#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "base/text.h"
#include "fuzz/promise.h"
#include "net/address_rules.h"

namespace buntime::testing {
namespace {

IpAddress OfIpv6(const std::array<std::uint8_t, 16>& bytes) {
  sockaddr_in6 in6{};
  in6.sin6_family = AF_INET6;
  std::memcpy(&in6.sin6_addr, bytes.data(), bytes.size());
  return *IpAddress::Of(reinterpret_cast<const sockaddr&>(in6));
}

// The IPv4 address in forms that lead to it.
std::vector<IpAddress> Forms(const std::array<std::uint8_t, 4>& v4) {
  std::array<std::uint8_t, 16> nat64 = {0, 0x64, 0xff, 0x9b};
  std::array<std::uint8_t, 16> six_to_four = {0x20, 0x02};
  std::array<std::uint8_t, 16> teredo = {0x20, 0x01, 0, 0, 8, 8, 8, 8};
  std::array<std::uint8_t, 16> isatap = {0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0x5e, 0xfe};
  std::ranges::copy(v4, nat64.begin() + 12);
  std::ranges::copy(v4, six_to_four.begin() + 2);
  std::ranges::transform(v4, teredo.begin() + 12,
                         [](std::uint8_t byte) { return static_cast<std::uint8_t>(~byte); });
  std::ranges::copy(v4, isatap.begin() + 12);
  return {OfIpv6(nat64), OfIpv6(six_to_four), OfIpv6(teredo), OfIpv6(isatap)};
}

}  // namespace

void CheckAddressRules(std::string_view input) {
  std::array<std::uint8_t, 16> bytes{};
  const std::size_t taken = std::min(input.size(), bytes.size());
  std::copy_n(input.begin(), taken, bytes.begin());
  input.remove_prefix(taken);

  const IpAddress address = OfIpv6(bytes);
  Promise(IpAddress::Parse(address.Text()) == address, "an address reads back from its text");
  const auto everywhere = AddressRules::Parse({"0.0.0.0/0", "::/0", "host.test"});
  const std::array<std::uint8_t, 4> v4 = {bytes[0], bytes[1], bytes[2], bytes[3]};
  if (everywhere->RefuseAddress("host.test", IpAddress::OfIpv4(v4), 80)) {
    for (const IpAddress& form : Forms(v4)) {
      Promise(everywhere->RefuseAddress("host.test", form, 80).has_value(),
              "no form of a special address gets by");
    }
  }

  std::vector<std::string> texts;
  while (!input.empty()) {
    const std::string_view line = input.substr(0, input.find('\n'));
    texts.emplace_back(line);
    input.remove_prefix(std::min(input.size(), line.size() + 1));
  }
  const auto rules = AddressRules::Parse(texts);
  if (!rules) {
    Promise(Printable(rules.error().message, 1000) == rules.error().message,
            "an error is one printable line");
    return;
  }
  Promise(*AddressRules::Parse(rules->Texts()) == *rules, "rules read back from their texts");
  const auto refused = rules->RefuseAddress("host.test", address, 80);
  if (rules->RefuseHost("host.test", 80))
    Promise(refused.has_value(), "a refused host has no allowed address");
  auto more = texts;
  more.emplace_back("203.0.113.1/32");
  if (!refused)
    Promise(!AddressRules::Parse(more)->RefuseAddress("host.test", address, 80), "rules only add");
}

}  // namespace buntime::testing
