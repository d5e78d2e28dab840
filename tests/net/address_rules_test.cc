// What a module's allowed_targets allow. Every address here is only looked at, never connected to.
#include "net/address_rules.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace buntime {
namespace {

AddressRules Rules(const std::vector<std::string>& texts) {
  auto rules = AddressRules::Parse(texts);
  EXPECT_TRUE(rules.ok()) << rules.error().message;
  return *rules;
}

std::string Refusal(const std::vector<std::string>& rules, const std::string& host,
                    const std::string& address, std::uint16_t port = 8000) {
  return Rules(rules).RefuseAddress(host, *IpAddress::Parse(address), port).value_or("");
}

bool Allows(const std::vector<std::string>& rules, const std::string& host, const std::string& address,
            std::uint16_t port = 8000) {
  return Refusal(rules, host, address, port).empty();
}

TEST(AddressRulesTest, ANetworkAllowsItsAddressesWhateverTheirName) {
  EXPECT_TRUE(Allows({"10.0.0.0/8"}, "10.255.0.1", "10.255.0.1"));
  EXPECT_TRUE(Allows({"10.0.0.0/8"}, "anything.example", "10.255.0.1"));
  EXPECT_FALSE(Allows({"10.0.0.0/8"}, "11.0.0.1", "11.0.0.1"));
  EXPECT_TRUE(Allows({"10.1.2.3"}, "10.1.2.3", "10.1.2.3"));
  EXPECT_FALSE(Allows({"10.1.2.3"}, "10.1.2.4", "10.1.2.4"));
  EXPECT_TRUE(Allows({"172.16.0.0/12"}, "172.31.255.255", "172.31.255.255"));
  EXPECT_FALSE(Allows({"172.16.0.0/12"}, "172.32.0.0", "172.32.0.0"));
  EXPECT_TRUE(Allows({"fd00::/8"}, "fd12::1", "fd12::1"));
  EXPECT_FALSE(Allows({"fd00::/8"}, "fc00::1", "fc00::1"));
  EXPECT_TRUE(Allows({"0.0.0.0/0"}, "8.8.8.8", "8.8.8.8"));
  EXPECT_FALSE(Allows({"0.0.0.0/0"}, "2001:db8::1", "2001:db8::1"));
}

TEST(AddressRulesTest, BothSpellingsOfAnIpv4AddressAreOne) {
  EXPECT_TRUE(Allows({"10.0.0.0/8"}, "[::ffff:10.0.0.1]", "::ffff:10.0.0.1"));
  EXPECT_TRUE(Allows({"::ffff:10.0.0.1"}, "10.0.0.1", "10.0.0.1"));
  EXPECT_FALSE(Allows({"10.0.0.0/8"}, "[::ffff:127.0.0.1]", "::ffff:127.0.0.1"));
}

TEST(AddressRulesTest, PortsLimitARule) {
  EXPECT_TRUE(Allows({"10.0.0.0/8:8000"}, "10.0.0.1", "10.0.0.1", 8000));
  EXPECT_FALSE(Allows({"10.0.0.0/8:8000"}, "10.0.0.1", "10.0.0.1", 8001));
  EXPECT_TRUE(Allows({"[fd00::/8]:8000"}, "fd00::1", "fd00::1", 8000));
  EXPECT_FALSE(Allows({"[fd00::/8]:8000"}, "fd00::1", "fd00::1", 22));
  EXPECT_TRUE(Allows({"shop:80", "10.0.0.0/8:8000"}, "shop", "192.168.0.1", 80));
  EXPECT_FALSE(Allows({"shop:80", "10.0.0.0/8:8000"}, "shop", "192.168.0.1", 8000));
}

TEST(AddressRulesTest, HostsAndSuffixesAllowNames) {
  EXPECT_TRUE(Allows({"buntime.shop"}, "Buntime.Shop.", "192.168.0.1"));
  EXPECT_FALSE(Allows({"buntime.shop"}, "a.buntime.shop", "192.168.0.1"));
  EXPECT_TRUE(Allows({".shop"}, "buntime.shop", "192.168.0.1"));
  EXPECT_TRUE(Allows({".shop"}, "a.b.shop", "192.168.0.1"));
  EXPECT_FALSE(Allows({".shop"}, "shop", "192.168.0.1"));
  EXPECT_FALSE(Allows({".shop"}, "workshop", "192.168.0.1"));
  EXPECT_FALSE(Allows({".shop"}, ".shop", "192.168.0.1"));
}

TEST(AddressRulesTest, SpecialAddressesNeedARuleForJustThem) {
  const std::vector<std::string> wide = {"0.0.0.0/0", "::/0", "evil.example", ".example"};
  for (const char* address : {"127.0.0.1",
                              "127.9.9.9",
                              "0.0.0.0",
                              "0.1.2.3",
                              "169.254.169.254",
                              "169.254.0.1",
                              "100.100.100.200",
                              "168.63.129.16",
                              "192.0.0.192",
                              "224.0.0.1",
                              "255.255.255.255",
                              "::1",
                              "::",
                              "::7f00:1",
                              "fe80::1",
                              "fd00:ec2::254",
                              "fd20:ce::254",
                              "fd00:c1::a9fe:a9fe",
                              "fd00:42::42",
                              "ff02::1",
                              "::ffff:169.254.169.254",
                              "::ffff:127.0.0.1"}) {
    EXPECT_FALSE(Allows(wide, "evil.example", address)) << address;
    EXPECT_TRUE(Allows({address}, "any", address)) << address;
  }
  EXPECT_TRUE(Allows({"127.0.0.0/8"}, "any", "127.0.0.2"));
  EXPECT_TRUE(Allows({"169.254.0.0/16"}, "any", "169.254.169.254"));
  EXPECT_FALSE(Allows({"168.0.0.0/7"}, "any", "169.254.169.254"));
  EXPECT_FALSE(Allows({"127.0.0.1/32"}, "any", "127.0.0.2"));
  EXPECT_FALSE(Allows({"fd00::/8"}, "any", "fd00:ec2::254"));
}

TEST(AddressRulesTest, FormsOfSpecialAddressesNeedARuleForJustThem) {
  const std::vector<std::string> wide = {"::/0",      "64:ff9b::/96", "64:ff9b:1::/48",
                                         "2002::/16", "2001::/32",    "evil.example"};
  for (const char* address :
       {"64:ff9b::a9fe:a9fe", "64:ff9b::7f00:1", "64:ff9b::6464:64c8", "64:ff9b:1::a9fe:a9fe",
        "64:ff9b:1:a9fe:a9:fe00::", "64:ff9b:1:a9:fe:a9fe::", "64:ff9b:1:1:a9:fea9:fe00:0",
        "2002:a9fe:a9fe::1", "2002:7f00:1::", "2001:0:a9fe:a9fe::", "2001:0:102:304:0:0:5601:5601",
        "::ffff:0:169.254.169.254", "2001:db8::5efe:a9fe:a9fe", "2001:db8::200:5efe:7f00:1"}) {
    EXPECT_FALSE(Allows(wide, "evil.example", address)) << address;
    EXPECT_TRUE(Allows({address}, "any", address)) << address;
  }
  for (const char* address : {"64:ff9b::a00:1", "64:ff9b:1::a00:1", "64:ff9b:1:a00:0:100::", "2002:a00:1::1",
                              "2001:0:a00:1:0:0:f5ff:fffe", "2001:db8::5efe:a00:1", "2001:db8::a9fe:a9fe"}) {
    EXPECT_TRUE(Allows(wide, "evil.example", address)) << address;
  }
  EXPECT_EQ(
      Refusal({"::/0"}, "evil.example", "64:ff9b::a9fe:a9fe", 80).substr(0, 128),
      "evil.example is at [64:ff9b::a9fe:a9fe]:80, which is NAT64 for 169.254.169.254, which is link-local, "
      "where clouds serve metadata");
}

TEST(AddressRulesTest, OnlyLocalhostItselfMayBeAtALoopbackAddress) {
  EXPECT_TRUE(Allows({"localhost:8000"}, "localhost", "127.0.0.1"));
  EXPECT_TRUE(Allows({"localhost"}, "localhost", "::1"));
  EXPECT_FALSE(Allows({"localhost"}, "localhost", "169.254.169.254"));
  EXPECT_FALSE(Allows({"local.example"}, "local.example", "127.0.0.1"));
}

TEST(AddressRulesTest, RefusalsNameAddressReasonAndRules) {
  EXPECT_EQ(Refusal({"10.0.0.0/8:8000", ".svc"}, "a.example", "192.168.0.1"),
            "a.example is at 192.168.0.1:8000, which is in none of the module's allowed_targets: "
            "10.0.0.0/8:8000, .svc");
  EXPECT_EQ(Refusal({"10.0.0.0/8"}, "11.0.0.1", "11.0.0.1"),
            "11.0.0.1:8000 is in none of the module's allowed_targets: 10.0.0.0/8");
  EXPECT_EQ(Refusal({"0.0.0.0/0"}, "169.254.169.254", "169.254.169.254", 80),
            "169.254.169.254:80 is link-local, where clouds serve metadata: only a rule for that very range "
            "allows it, "
            "and the module's allowed_targets have none: 0.0.0.0/0");
}

TEST(AddressRulesTest, AHostThatNoRuleCouldAllowNeedNotBeResolved) {
  EXPECT_TRUE(Rules({".svc"}).RefuseHost("evil.example", 80).has_value());
  EXPECT_TRUE(Rules({".svc:8000"}).RefuseHost("a.svc", 80).has_value());
  EXPECT_FALSE(Rules({".svc:8000"}).RefuseHost("a.svc", 8000).has_value());
  EXPECT_FALSE(Rules({"10.0.0.0/8"}).RefuseHost("evil.example", 80).has_value());
  EXPECT_TRUE(Rules({"10.0.0.0/8:8000"}).RefuseHost("evil.example", 80).has_value());
}

TEST(AddressRulesTest, BadRulesAreRefusedByName) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"10.0.0.0/33", "'10.0.0.0/33' is no network, host or suffix"},
      {"10.0.0/8", "'10.0.0/8' is no network, host or suffix"},
      {"10.1", "'10.1' ends like an address but is none"},
      {"0x7f000001", "'0x7f000001' ends like an address but is none"},
      {"2130706433", "'2130706433' ends like an address but is none"},
      {"host:0", "'host:0' has no valid port"},
      {"host:65536", "'host:65536' has no valid port"},
      {"host:", "'host:' has no valid port"},
      {"[fd00::/8", "'[fd00::/8' has no closing bracket"},
      {"[fd00::/8]8000", "'[fd00::/8]8000' has something other than :PORT"},
      {"[host]:80", "'[host]:80' has no IPv6 network"},
      {"http://host", "'http://host' has no valid port"},
      {"a b", "'a b' is no network, host or suffix"},
      {".", "'.' is no network, host or suffix"},
      {"*.svc", "'*.svc' is no network, host or suffix"},
      {"", "'' is no network, host or suffix"},
  };
  for (const auto& [text, start] : cases) {
    const auto rules = AddressRules::Parse({text});
    ASSERT_FALSE(rules.ok()) << text;
    EXPECT_EQ(rules.error().message.substr(0, start.size()), start);
  }
  EXPECT_FALSE(AddressRules::Parse({}).ok());
}

}  // namespace
}  // namespace buntime
