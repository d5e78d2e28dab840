// More clients than there are places, and clients that do not read: those who are let in are served, and so
// are health checks.
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "web/security.h"
#include "web/server_fixture.h"

namespace buntime::testing {
namespace {

class CrowdsTest : public ServerTest {
 protected:
  void Lock() {
    Security security;
    security.users = {{"prom", kHash}};
    options_.security = std::make_shared<const Security>(security);
  }
  HttpClient ConnectFrom(const std::string& source, int receive_buffer = 0) const {
    return {server_->Addresses().front(), {receive_buffer, source}};
  }
};

TEST_F(CrowdsTest, StrangersWhoDoNotReadTheirRefusalsDisplaceNobody) {
  Lock();
  options_.limits.connections = 20;
  Start();
  HttpClient scraper = Connect();
  EXPECT_EQ(scraper.Ask("/metrics", kGood).status, 200);
  std::string requests;
  for (int i = 0; i < 2000; ++i) requests += "GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n";
  std::vector<std::thread> crowd;
  std::vector<HttpClient> strangers;
  strangers.reserve(60);
  for (int i = 0; i < 60; ++i) {
    strangers.emplace_back(server_->Addresses().front(), kSmallBuffer);
    crowd.emplace_back([&strangers, i, &requests] { strangers[static_cast<std::size_t>(i)].Send(requests); });
    EXPECT_EQ(scraper.Ask("/metrics", kGood).status, 200) << i;
    EXPECT_EQ(Connect().Ask("/metrics", kGood).status, 200) << i;
    EXPECT_EQ(Connect().Ask("/-/healthy").status, 200) << i;
  }
  server_->Stop();
  for (std::thread& each : crowd) each.join();
}

TEST_F(CrowdsTest, WithoutPasswordsHealthIsAnsweredAndOtherAddressesAreServed) {
  options_.limits.connections = 10;
  Start();
  std::vector<HttpClient> readers;
  for (int i = 0; i < 40; ++i) {
    readers.push_back(ConnectFrom("127.0.0.1", 4096));
    ASSERT_TRUE(readers.back().Send(kGetLarge));
    EXPECT_EQ(readers.back().Read(false).status, i < 10 ? 200 : 503) << i;
    EXPECT_EQ(ConnectFrom("127.0.0.1").Ask("/-/healthy").status, 200) << i;
  }
  EXPECT_EQ(ConnectFrom("127.0.0.1").Ask("/metrics").status, 503) << "its address has all places";
  EXPECT_EQ(ConnectFrom("127.0.0.2").Ask("/metrics").status, 200);
}

TEST_F(CrowdsTest, ThoseWhoAreLetInTakeThePlacesOfTheIdle) {
  Lock();
  options_.limits.connections = 4;
  Start();
  std::vector<HttpClient> idle;
  for (int i = 0; i < 4; ++i) {
    idle.push_back(Connect());
    EXPECT_EQ(idle.back().Ask("/metrics", kGood).status, 200);
  }
  EXPECT_EQ(Connect().Ask("/metrics").status, 401);
  for (std::size_t i = 0; i < 4; ++i) EXPECT_FALSE(idle[i].HasNews(0)) << "a stranger has displaced " << i;
  HttpClient fifth = Connect();
  EXPECT_EQ(fifth.Ask("/metrics", kGood).status, 200);
  EXPECT_TRUE(idle.front().AtEnd());
  EXPECT_EQ(idle.back().Ask("/metrics", kGood).status, 200);
}

TEST_F(CrowdsTest, ASharedBodyCountsOnceForAllItsReaders) {
  options_.limits.body_bytes = kLargeBytes + 1000;
  Start();
  std::vector<HttpClient> readers;
  for (int i = 0; i < 20; ++i) {
    readers.push_back(ConnectFrom("127.0.0.1", 4096));
    ASSERT_TRUE(readers.back().Send(kGetLarge));
    EXPECT_EQ(readers.back().Read(false).status, 200);
  }
  for (HttpClient& reader : readers) EXPECT_FALSE(reader.WasReset(0));
}

TEST_F(CrowdsTest, TheSlowestReadersAreCutOffWhereBodiesTakeTooMuchMemory) {
  options_.limits.body_bytes = 2 * kLargeBytes + 1000;
  Start();
  std::vector<HttpClient> readers;
  for (int i = 0; i < 5; ++i) {
    readers.push_back(ConnectFrom("127.0.0.1", 4096));
    ASSERT_TRUE(readers.back().Send("GET /own-large HTTP/1.1\r\nHost: a\r\n\r\n"));
    EXPECT_EQ(readers.back().Read(false).status, 200);
  }
  for (std::size_t i = 0; i < 3; ++i) EXPECT_TRUE(readers[i].WasReset()) << i;
  for (std::size_t i = 3; i < 5; ++i) EXPECT_FALSE(readers[i].WasReset(0)) << i;
  EXPECT_EQ(Connect().Ask("/own-large").body.size(), kLargeBytes) << "who reads is served";
}

}  // namespace
}  // namespace buntime::testing
