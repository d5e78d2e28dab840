// Requests that may go to some addresses only: what is forbidden is refused before a connection is opened, or
// used.
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "fetch/fetch_case.h"
#include "fetch/resolver.h"

namespace buntime::testing {
namespace {

class RulesTest : public FetchCase {
 protected:
  RulesTest() { WriteFile(key_file_, "k3y"); }

  static std::shared_ptr<const AddressRules> Only(const std::vector<std::string>& rules) {
    return std::make_shared<const AddressRules>(*AddressRules::Parse(rules));
  }

  Request To(const std::string& host, const std::vector<std::string>& rules) {
    Request request = Get("http://" + host + ":" + std::to_string(server_.port()) + "/stats");
    request.allowed = Only(rules);
    request.credential = {Credential::Kind::kApiKey, "", key_file_};
    return request;
  }

  void ExpectForbidden(const Request& request, const std::string& reason) {
    const ExchangeResult result = Run(request);
    ASSERT_FALSE(result.ok()) << request.url;
    EXPECT_TRUE(result.error().forbidden) << request.url << ": " << result.error().message;
    EXPECT_NE(result.error().message.find(reason), std::string::npos) << result.error().message;
  }

  const std::string key_file_ = ::testing::TempDir() + "rules_test_key";
  ScriptServer server_{[](Connection& connection) {
    while (connection.ReadRequest()) connection.Send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
  }};
};

TEST_F(RulesTest, AnAllowedAddressAnswersHoweverItIsSpelled) {
  for (const char* host : {"127.0.0.1", "2130706433", "0x7f000001", "0177.0.0.1", "127.1",
                           "[::ffff:127.0.0.1]", "runtime.test"}) {
    ExpectAnswer(Run(To(host, {"127.0.0.1/32"})), 200, "{}");
  }
}

TEST_F(RulesTest, AForbiddenAddressIsNotConnectedToHoweverItIsSpelled) {
  for (const char* host : {"127.0.0.1", "2130706433", "0x7f000001", "0177.0.0.1", "127.1", "0x7f.0.0.0x1",
                           "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "runtime.test"}) {
    ExpectForbidden(To(host, {"127.0.0.2/32", "10.0.0.0/8", "::/0"}), "127.0.0.1");
  }
  EXPECT_EQ(server_.accepted(), 0);
}

TEST_F(RulesTest, AHostThatNoRuleNamesIsNotEvenResolved) {
  const HangingName hanging;  // a lookup would wait
  ExpectForbidden(To("hang.test", {".example", "10.0.0.0/8:1"}), "hang.test");
  EXPECT_EQ(server_.accepted(), 0);
}

TEST_F(RulesTest, ANameThatIsAllowedIsStillNotFollowedToASpecialAddress) {
  ExpectForbidden(To("runtime.test", {".test", "0.0.0.0/0"}), "is loopback");
  EXPECT_EQ(server_.accepted(), 0);
}

TEST_F(RulesTest, APortThatIsNotAllowedIsNotConnectedTo) {
  ExpectForbidden(To("127.0.0.1", {"127.0.0.1/32:1"}), "allowed_targets");
  EXPECT_EQ(server_.accepted(), 0);
}

TEST_F(RulesTest, ConnectionsAreUsedOnceForTheNextOneMayGoElsewhere) {
  ExpectAnswer(Run(To("runtime.test", {"127.0.0.1/32"})), 200, "{}");
  ExpectForbidden(To("runtime.test", {"127.0.0.2/32"}), "127.0.0.1");
  EXPECT_EQ(server_.requests().size(), 1U);
  ExpectAnswer(Run(To("runtime.test", {"127.0.0.1/32"})), 200, "{}");
  EXPECT_EQ(server_.accepted(), 2);
}

TEST_F(RulesTest, ANameThatMovesIsAskedAboutAtItsNewAddress) {
  MoveName("127.0.0.1");
  Request request = To("moving.test", {"127.0.0.1/32"});
  ExpectAnswer(Run(request), 200, "{}");
  MoveName("127.0.0.2");
  ExpectForbidden(request, "moving.test is at 127.0.0.2");
  MoveName("127.0.0.1");
  ExpectAnswer(Run(request), 200, "{}");
}

TEST_F(RulesTest, ATransferThatFailedLeavesNothingToTheNextOne) {
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(Run(To("missing.test", {"127.0.0.1"})).error().outcome, Outcome::kDns);
    ExpectAnswer(Run(To("127.0.0.1", {"127.0.0.1"})), 200, "{}");
  }
}

TEST_F(RulesTest, TimingsAreKeptOfWhatWasReached) {
  Request request = To("127.0.0.1", {"127.0.0.1"});
  request.timings = std::make_shared<Timings>();
  ExpectAnswer(Run(request), 200, "{}");
  EXPECT_GT(request.timings->connect.count(), 0);
  EXPECT_EQ(request.timings->tls.count(), 0);
  EXPECT_GE(request.timings->first_byte, request.timings->connect);
  EXPECT_GE(request.timings->total, request.timings->first_byte);
}

}  // namespace
}  // namespace buntime::testing
