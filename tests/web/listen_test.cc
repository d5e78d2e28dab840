// Where the server listens, and what it says when it cannot.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "web/server_fixture.h"

namespace buntime::testing {
namespace {

std::string PortOf(const std::string& address) { return address.substr(address.rfind(':')); }

class ListenTest : public ServerTest {
 protected:
  std::string ErrorFor(const std::string& address) {
    options_.listen = {address};
    const Result<std::unique_ptr<Server>> server = StartServer(options_, {}, {}, log_);
    return server.ok() ? "listens" : server.error().message;
  }

  // Whether this machine has IPv6 on loopback.
  bool HasIpv6() { return ErrorFor("[::1]:0") == "listens"; }
};

TEST_F(ListenTest, SaysWhatIsWrong) {
  EXPECT_EQ(ErrorFor("foo"), "'foo' is not an address: expected host:port, [ipv6]:port or :port");
  // An address of the block reserved for documentation.
  EXPECT_EQ(
      ErrorFor("192.0.2.1:0"),
      "cannot listen on 192.0.2.1:0: this machine has no such address (choose another --web.listen-address, "
      "or :port for all)");
}

TEST_F(ListenTest, SaysThatThePortIsTaken) {
  Start();
  const std::string port = PortOf(server_->Addresses().front());
  for (const std::string& address : {port, "127.0.0.1" + port}) {
    EXPECT_EQ(ErrorFor(address), "cannot listen on " + address +
                                     ": address already in use (another exporter? choose another "
                                     "--web.listen-address)");
  }
  // The first address of two was bound and is free again.
  options_.listen = {"127.0.0.1:0", port};
  EXPECT_FALSE(StartServer(options_, {}, {}, log_).ok());
  EXPECT_EQ(Connect().Ask("/").status, 200);
}

TEST_F(ListenTest, PortIsFreeAtOnceAfterStop) {
  Start();
  {
    // Closed by the server first: its end of the connection stays in TIME_WAIT.
    HttpClient client = Connect();
    EXPECT_EQ(client.Ask("/", "Connection: close\r\n").status, 200);
    EXPECT_TRUE(client.AtEnd());
  }
  options_.listen = {server_->Addresses().front()};
  server_->Stop();
  Start();
  EXPECT_EQ(Connect().Ask("/").status, 200);
}

TEST_F(ListenTest, AllAddressesOfBothFamilies) {
  const bool ipv6 = HasIpv6();
  options_.listen = {":0"};
  Start();
  ASSERT_EQ(server_->Addresses().size(), 1u);
  const std::string address = server_->Addresses().front();
  const std::string port = PortOf(address);
  EXPECT_NE(port, ":0");
  EXPECT_EQ(address, (ipv6 ? "[::]" : "0.0.0.0") + port);
  EXPECT_EQ(HttpClient("127.0.0.1" + port).Ask("/").status, 200);
  if (ipv6) {
    EXPECT_EQ(HttpClient("[::1]" + port).Ask("/").status, 200);
  }
}

TEST_F(ListenTest, SeveralAddresses) {
  options_.listen = {"127.0.0.1:0", "localhost:0", "0.0.0.0:0"};
  Start();
  const std::vector<std::string> addresses = server_->Addresses();
  ASSERT_GE(addresses.size(), 3u);
  for (const std::string& address : addresses) EXPECT_EQ(HttpClient(address).Ask("/").status, 200) << address;
}

TEST_F(ListenTest, Ipv6Only) {
  if (!HasIpv6()) GTEST_SKIP() << "no IPv6 here";
  options_.listen = {"[::1]:0"};
  Start();
  const std::string address = server_->Addresses().front();
  EXPECT_EQ(address, "[::1]" + PortOf(address));
  EXPECT_EQ(HttpClient(address).Ask("/").status, 200);
}

}  // namespace
}  // namespace buntime::testing
