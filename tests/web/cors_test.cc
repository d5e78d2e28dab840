// Which pages of other origins may read which answers, and that a preflight needs no password.
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "web/security.h"
#include "web/server_fixture.h"

namespace buntime::testing {
namespace {

constexpr const char* kNone = "(none)";
const std::string kOurs = "Origin: https://a.example\r\n";
const std::string kOther = "Origin: https://b.example\r\n";
const std::string kPreflight = "Access-Control-Request-Method: GET\r\n";

class CorsTest : public ServerTest {
 protected:
  void Allow(std::vector<std::string> origins, bool users = false) {
    Security security;
    security.cors_allowed_origins = std::move(origins);
    if (users) security.users = {{"prom", kHash}};
    options_.security = std::make_shared<const Security>(std::move(security));
    Start();
  }
  static std::string AllowedOrigin(const Answer& answer) {
    return answer.Header("Access-Control-Allow-Origin");
  }
};

TEST_F(CorsTest, IsOffByDefault) {
  Start();
  const Answer answer = Connect().Ask("/shared", kOurs);
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(AllowedOrigin(answer), kNone);
  EXPECT_EQ(answer.Header("Vary"), "Accept-Encoding");
  EXPECT_EQ(Connect().Ask("/shared", kOurs + kPreflight, "OPTIONS").status, 405);
}

TEST_F(CorsTest, AnAllowedOriginMayReadWhatIsShared) {
  Allow({"https://a.example"});
  const Answer ours = Connect().Ask("/shared", kOurs);
  EXPECT_EQ(ours.status, 200);
  EXPECT_EQ(AllowedOrigin(ours), "https://a.example");
  EXPECT_EQ(ours.Header("Access-Control-Allow-Credentials"), "true");
  EXPECT_EQ(ours.Header("Vary"), "Accept-Encoding, Origin");
  for (const std::string& origin :
       {kOther, std::string("Origin: null\r\n"), std::string("Origin: https://a.example.org\r\n"),
        std::string("Origin: https://A.example\r\n"), std::string()}) {
    const Answer answer = Connect().Ask("/shared", origin);
    EXPECT_EQ(answer.status, 200) << origin;
    EXPECT_EQ(AllowedOrigin(answer), kNone) << origin;
    EXPECT_EQ(answer.Header("Access-Control-Allow-Credentials"), kNone) << origin;
    EXPECT_EQ(answer.Header("Vary"), "Accept-Encoding, Origin") << "caches must not mix them up";
  }
  for (const char* const path : {"/metrics", "/", "/-/healthy", "/nowhere"}) {
    EXPECT_EQ(AllowedOrigin(Connect().Ask(path, kOurs)), kNone) << path;
    EXPECT_EQ(Connect().Ask(path, kOurs).Header("Vary"), kNone) << path;
  }
}

TEST_F(CorsTest, AnyOriginGetsNoCredentials) {
  Allow({"*", "https://a.example"});
  const Answer other = Connect().Ask("/shared", kOther);
  EXPECT_EQ(AllowedOrigin(other), "*");
  EXPECT_EQ(other.Header("Access-Control-Allow-Credentials"), kNone);
  EXPECT_EQ(AllowedOrigin(Connect().Ask("/shared", kOurs)), "https://a.example");
}

TEST_F(CorsTest, APreflightIsAnsweredBeforeThePassword) {
  Allow({"https://a.example"}, true);
  HttpClient client = Connect();
  EXPECT_TRUE(client.Send("OPTIONS /shared HTTP/1.1\r\nHost: a\r\n" + kOurs + kPreflight + "\r\n"));
  const Answer answer = client.Read(false);
  EXPECT_EQ(answer.status, 204);
  EXPECT_EQ(AllowedOrigin(answer), "https://a.example");
  EXPECT_EQ(answer.Header("Access-Control-Allow-Methods"), "GET, HEAD");
  EXPECT_EQ(answer.Header("Access-Control-Allow-Headers"),
            "Authorization, Cache-Control, If-None-Match, Last-Event-ID");
  EXPECT_EQ(answer.Header("Vary"), "Origin");
  const Answer refused = Connect().Ask("/shared", kOther + kPreflight, "OPTIONS");
  EXPECT_EQ(refused.status, 403);
  EXPECT_EQ(AllowedOrigin(refused), kNone);
  EXPECT_NE(refused.body.find("cors_allowed_origins"), std::string::npos) << refused.body;
  // What is no preflight, or not of the API, needs the password as ever.
  EXPECT_EQ(Connect().Ask("/shared", kOurs, "OPTIONS").status, 401);
  EXPECT_EQ(Connect().Ask("/shared", kPreflight, "OPTIONS").status, 401);
  EXPECT_EQ(Connect().Ask("/metrics", kOurs + kPreflight, "OPTIONS").status, 401);
  EXPECT_EQ(Connect().Ask("/shared", kOurs + kPreflight).status, 401) << "a GET is none";
  // The page may read why, and what comes with the password.
  EXPECT_EQ(AllowedOrigin(Connect().Ask("/shared", kOurs)), "https://a.example");
  EXPECT_EQ(Connect().Ask("/shared", kOurs + kGood).status, 200);
}

TEST_F(CorsTest, AReloadChangesIt) {
  Start();
  HttpClient client = Connect();
  EXPECT_EQ(AllowedOrigin(client.Ask("/shared", kOurs)), kNone);
  Security security;
  security.cors_allowed_origins = {"https://a.example"};
  server_->Secure(std::make_shared<const Security>(security));
  EXPECT_EQ(AllowedOrigin(client.Ask("/shared", kOurs)), "https://a.example");
}

}  // namespace
}  // namespace buntime::testing
