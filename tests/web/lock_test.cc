// The lock as clients of a plain server meet it.
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "web/security.h"
#include "web/server_fixture.h"

namespace buntime::testing {
namespace {

constexpr std::string_view kBad = "Authorization: Basic cHJvbTpTZWNyZXQ=\r\n";

class LockTest : public ServerTest {
 protected:
  void Lock(Security security) { options_.security = std::make_shared<const Security>(std::move(security)); }
  static Security WithUser() {
    Security security;
    security.users = {{"prom", kHash}};
    return security;
  }
};

TEST_F(LockTest, EveryPathButTheOpenOnesAsksForThePassword) {
  Lock(WithUser());
  Start();
  for (const char* const path : {"/", "/metrics", "/pool-echo", "/nowhere", "/-/healthy/"}) {
    EXPECT_EQ(Connect().Ask(path).status, 401) << path;
    EXPECT_EQ(Connect().Ask(path, kBad).status, 401) << path;
    EXPECT_NE(Connect().Ask(path, kGood).status, 401) << path;
  }
  EXPECT_EQ(Connect().Ask("/-/healthy").status, 200);
  EXPECT_EQ(Connect().Ask("/metrics", "", "POST").status, 401) << "even what would be refused anyway";
}

TEST_F(LockTest, AConnectionGoesOnAfterAWrongPassword) {
  Lock(WithUser());
  Start();
  HttpClient client = Connect();
  EXPECT_EQ(client.Ask("/metrics", kBad).Header("Connection"), "keep-alive");
  EXPECT_EQ(client.Ask("/metrics", kGood).body, "m 1\n");
  EXPECT_EQ(client.Ask("/metrics").status, 401) << "each request stands for itself";
}

TEST_F(LockTest, AConnectionThatWasNotLetInMayNotSendAhead) {
  Lock(WithUser());
  Start();
  const std::string refused = "GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n";
  const std::string open = "GET /-/healthy HTTP/1.1\r\nHost: a\r\n\r\n";
  for (const std::string& request : {refused, open}) {
    HttpClient client = Connect();
    EXPECT_EQ(client.AskRaw(request + request).Header("Connection"), "close");
    EXPECT_TRUE(client.AtEnd());
  }
  HttpClient client = Connect();
  EXPECT_EQ(client.Ask("/metrics", kGood).status, 200);
  EXPECT_EQ(client.AskRaw(refused + refused).status, 401);
  EXPECT_EQ(client.Read().status, 401);
}

TEST_F(LockTest, AClientThatLeavesDuringTheCheckHarmsNobody) {
  Lock(WithUser());
  Start();
  for (std::size_t i = 0; i < 20; ++i) {
    HttpClient client = Connect();
    client.Send("GET / HTTP/1.1\r\nHost: a\r\nAuthorization: Basic " + std::string(4 * (i + 1), 'A') +
                "Ojo6\r\n\r\n");
    client.Reset();
  }
  EXPECT_EQ(Connect().Ask("/metrics", kGood).status, 200);
}

TEST_F(LockTest, StandingHeadersAreOnEveryAnswer) {
  Security security = WithUser();
  security.headers = {{"X-Frame-Options", "deny"}, {"X-Content-Type-Options", "nosniff"}, {"ETag", "mine"}};
  Lock(security);
  Start();
  HttpClient client = Connect();
  for (const Answer& answer :
       {client.Ask("/metrics", kGood), client.Ask("/metrics"), client.Ask("/-/healthy"),
        client.Ask("/unchanged", kGood, "HEAD"), client.AskRaw("nonsense\r\n\r\n")}) {
    EXPECT_EQ(answer.Header("X-Frame-Options"), "deny") << answer.head;
    EXPECT_EQ(answer.Header("ETag"), "mine") << answer.head;
    EXPECT_EQ(answer.head.find("nosniff"), answer.head.rfind("nosniff")) << answer.head;
    EXPECT_EQ(answer.head.find("ETag"), answer.head.rfind("ETag")) << answer.head;
  }
}

TEST_F(LockTest, TheRateLimitSparesTheOpenPaths) {
  Security security;
  security.rate_limit = RateLimit{std::chrono::hours(1), 2};
  Lock(security);
  Start();
  EXPECT_EQ(Connect().Ask("/metrics").status, 200);
  EXPECT_EQ(Connect().Ask("/nowhere").status, 404);
  EXPECT_EQ(Connect().Ask("/metrics").status, 429);
  EXPECT_EQ(Connect().Ask("/-/healthy").status, 200);
}

TEST_F(LockTest, ANewLockHoldsForConnectionsThatAreOpen) {
  Start();
  HttpClient client = Connect();
  EXPECT_EQ(client.Ask("/metrics").status, 200);
  server_->Secure(std::make_shared<const Security>(WithUser()));
  EXPECT_EQ(client.Ask("/metrics").status, 401);
  EXPECT_EQ(client.Ask("/metrics", kGood).status, 200);
}

TEST_F(LockTest, StopDoesNotWaitForTheQueueOfLogins) {
  Lock(WithUser());
  Start();
  std::vector<HttpClient> clients;
  for (std::size_t i = 0; i < 30; ++i) {
    clients.push_back(Connect());
    clients.back().Send("GET / HTTP/1.1\r\nHost: a\r\nAuthorization: Basic " + std::string(4 * (i + 1), 'A') +
                        "Ojo6\r\n\r\n");
  }
  options_.limits.drain_timeout = std::chrono::seconds(0);
  server_->Stop();
  for (HttpClient& client : clients) client.Read();
}

}  // namespace
}  // namespace buntime::testing
