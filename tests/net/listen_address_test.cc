#include "net/listen_address.h"

#include <gtest/gtest.h>

#include <string>

namespace buntime {
namespace {

TEST(ListenAddressTest, ReadsTheThreeForms) {
  struct Case {
    std::string text, host;
    int port;
  };
  for (const Case& c :
       {Case{":10077", "", 10077}, Case{"127.0.0.1:0", "127.0.0.1", 0}, Case{"[::1]:80", "::1", 80},
        Case{"localhost:65535", "localhost", 65535}, Case{"[fe80::1%eth0]:1", "fe80::1%eth0", 1}}) {
    const Result<ListenAddress> address = ParseListenAddress(c.text);
    ASSERT_TRUE(address.ok()) << c.text;
    EXPECT_EQ(address->text, c.text);
    EXPECT_EQ(address->host, c.host);
    EXPECT_EQ(address->port, c.port);
  }
}

TEST(ListenAddressTest, RefusesTheRest) {
  for (const std::string text :
       {"",        "foo",           "10077",      "foo:",   ":",       "foo:bar", "foo:65536", "foo:-1",
        "foo:+1",  "foo:1x",        "::1:80",     "[::1]",  "[::1]80", "[]:1",    "[foo]:1",   "[::1:80",
        "::1]:80", "http://foo:80", "foo/bar:80", "a b:80", " :80",    ":80 "}) {
    const Result<ListenAddress> address = ParseListenAddress(text);
    ASSERT_FALSE(address.ok()) << text;
    EXPECT_EQ(address.error().message,
              "'" + text + "' is not an address: expected host:port, [ipv6]:port or :port");
  }
}

}  // namespace
}  // namespace buntime
