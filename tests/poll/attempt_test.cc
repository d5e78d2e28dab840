#include "poll/attempt.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>

#include "support/fake_clock.h"
#include "support/fake_fetcher.h"

namespace buntime {
namespace {

using namespace std::chrono_literals;

constexpr const char* kReleased = R"({"pool":{"activeWorkers":1,"uptimeMs":5000},"workers":{}})";
constexpr const char* kDocumented = R"({"pool":{"size":5,"active":1,"idle":0},"workers":[]})";
constexpr const char* kWebPage = "<!doctype html><title>Metrics</title>";

class AttemptTest : public testing::Test {
 protected:
  AttemptTest() {
    target_.url = *ParseRuntimeUrl("http://h:1");
    target_.interval = 5s;
    target_.timeout = 3s;
    target_.max_body = 1 << 20;
  }

  Result<Answer, PollError> Run(std::optional<Layout> known = std::nullopt) {
    std::optional<Result<Answer, PollError>> result;
    auto attempt =
        std::make_unique<Attempt>(target_, known, fetcher_, clock_, [&](Result<Answer, PollError> r) {
          EXPECT_FALSE(result.has_value()) << "done ran twice";
          result = std::move(r);
          attempt_.reset();  // as the poller may: the attempt ends within its own callback
        });
    attempt_ = std::move(attempt);
    for (int i = 0; i < 1000 && !result; ++i) fetcher_.Wait(1s);
    EXPECT_TRUE(result.has_value()) << "never finished";
    EXPECT_EQ(fetcher_.under_way(), 0U);
    return *result;
  }

  std::string Requested() const {
    std::string urls;
    for (const Request& request : fetcher_.requests) urls += request.url.substr(10) + " ";
    return urls;
  }

  FakeClock clock_;
  FakeFetcher fetcher_{clock_};
  Target target_;
  std::unique_ptr<Attempt> attempt_;
};

TEST_F(AttemptTest, FindsTheAdminLayoutFirst) {
  fetcher_.Json("http://h:1/metrics/admin/stats", kReleased);
  const auto result = Run();
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->layout, Layout::kAdmin);
  EXPECT_EQ(result->snapshot.pool.uptime_seconds, 5);
  EXPECT_EQ(Requested(), "/metrics/admin/stats ");
}

TEST_F(AttemptTest, GoesOnAfterAWebPageAnda404) {
  fetcher_.Answer("http://h:1/metrics/admin/stats", 200, "text/html; charset=utf-8", kWebPage);
  fetcher_.Answer("http://h:1/metrics/api/stats", 404, "text/plain", "no");
  fetcher_.Json("http://h:1/metrics/api/metrics/stats", kDocumented);
  fetcher_.Json("http://h:1/metrics/api/metrics/", R"({"pool":{},"uptime":86400,"timestamp":"x"})");
  const auto result = Run();
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->layout, Layout::kDocumented);
  EXPECT_EQ(result->snapshot.pool.uptime_seconds, 86400);
}

TEST_F(AttemptTest, TriesTheKnownLayoutFirstAndSearchesWhenItIsGone) {
  fetcher_.Answer("http://h:1/metrics/api/stats", 404, "", "");
  fetcher_.Json("http://h:1/metrics/admin/stats", kReleased);
  const auto result = Run(Layout::kApi);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->layout, Layout::kAdmin);
  EXPECT_EQ(Requested(), "/metrics/api/stats /metrics/admin/stats ");
}

TEST_F(AttemptTest, AFixedLayoutIsTheOnlyOneTried) {
  target_.layout = Layout::kApi;
  target_.plugin_base = "/m";
  fetcher_.Answer("http://h:1/m/api/stats", 404, "", "");
  EXPECT_EQ(Run().error(), (PollError{Outcome::kNotFound,
                                      "404 at http://h:1/m/api/stats: is the metrics plugin "
                                      "enabled? check --runtime.plugin-base"}));
  EXPECT_EQ(Requested(), "/m/api/stats ");
}

TEST_F(AttemptTest, AStatsUrlIsTakenAsItIs) {
  target_.url = *ParseRuntimeUrl("http://h:1/x/api/metrics/stats");
  fetcher_.Json("http://h:1/x/api/metrics/stats", kDocumented);
  fetcher_.Json("http://h:1/x/api/metrics/", R"({"pool":{},"uptime":7})");
  const auto result = Run();
  ASSERT_TRUE(result);
  EXPECT_EQ(result->snapshot.pool.uptime_seconds, 7);

  fetcher_.requests.clear();
  target_.url = *ParseRuntimeUrl("http://h:1/odd/stats");
  fetcher_.Json("http://h:1/odd/stats", kReleased);
  EXPECT_TRUE(Run());
  EXPECT_EQ(Requested(), "/odd/stats ");
}

TEST_F(AttemptTest, TheRightPathInTroubleEndsTheSearch) {
  const std::string url = "http://h:1/metrics/admin/stats";
  fetcher_.Answer(url, 401, "application/json", R"({"code":"AUTH_REQUIRED"})");
  EXPECT_EQ(Run().error(), (PollError{Outcome::kUnauthorized, "401 at " + url +
                                                                  ": the runtime wants a key: give it with "
                                                                  "--runtime.api-key-file"}));
  target_.credential = {Credential::Kind::kApiKey, "", "/run/key"};
  EXPECT_EQ(Run().error().message,
            "401 at " + url + ": the runtime refuses the key in /run/key: check its value and role");
  fetcher_.Answer(url, 429, "", "");
  EXPECT_EQ(Run().error().outcome, Outcome::kRateLimited);
  fetcher_.Answer(url, 503, "", "upstream");
  EXPECT_EQ(Run().error().outcome, Outcome::kHttp5xx);
  fetcher_.Answer(url, 503, "", R"({"error":"Pool not initialized"})");
  EXPECT_EQ(Run().error().outcome, Outcome::kNotInitialized);
  fetcher_.Answer(url, 418, "", "");
  EXPECT_EQ(
      Run().error(),
      (PollError{Outcome::kHttp4xx,
                 "418 at " + url +
                     ": the runtime, or a proxy before it, refuses the request: check URL and plugin base"}));
  fetcher_.Json(url, R"({"pool":{},"workers":{}})");
  EXPECT_EQ(Run().error().outcome, Outcome::kNotInitialized);
  fetcher_.Fail(url, Outcome::kConnect, "refused");
  EXPECT_EQ(Run().error(), (PollError{Outcome::kConnect, "refused"}));
  for (const Request& request : fetcher_.requests) EXPECT_EQ(request.url, url);
}

TEST_F(AttemptTest, AFailedSearchTellsTheMostUsefulOfItsErrors) {
  fetcher_.Answer("http://h:1/metrics/admin/stats", 200, "text/html", kWebPage);
  fetcher_.Json("http://h:1/metrics/api/stats", R"({"workers":[]})");
  fetcher_.Answer("http://h:1/metrics/api/metrics/stats", 404, "", "");
  const auto error = Run().error();
  EXPECT_EQ(error.outcome, Outcome::kSchema);
  EXPECT_NE(error.message.find("pool"), std::string::npos);
  EXPECT_NE(error.message.find("/metrics/api/stats"), std::string::npos);
}

TEST_F(AttemptTest, SaysWhereAWebPageCameFrom) {
  for (const char* path : {"admin/stats", "api/stats", "api/metrics/stats"}) {
    fetcher_.Answer(std::string("http://h:1/metrics/") + path, 200, "text/html", kWebPage);
  }
  EXPECT_EQ(
      Run().error(),
      (PollError{Outcome::kNotJson,
                 "the runtime answered a web page (text/html) at http://h:1/metrics/admin/stats: check "
                 "--runtime.plugin-base, and that the plugin is enabled; no other layout's path answered "
                 "better"}));
}

TEST_F(AttemptTest, ARedirectIsNotFollowed) {
  target_.layout = Layout::kAdmin;
  fetcher_.answers["http://h:1/metrics/admin/stats"] = [](const Request&) {
    return ExchangeResult(Response{302, "", "http://elsewhere/", ""});
  };
  EXPECT_EQ(Run().error(),
            (PollError{Outcome::kNotJson,
                       "a redirect (302) to http://elsewhere/ at http://h:1/metrics/admin/stats, "
                       "which is not followed: check --runtime.url"}));
  EXPECT_EQ(fetcher_.requests.size(), 1U);
}

TEST_F(AttemptTest, WithoutItsSummaryThePollSucceedsWithoutUptime) {
  target_.layout = Layout::kDocumented;
  fetcher_.Json("http://h:1/metrics/api/metrics/stats", kDocumented);
  fetcher_.Answer("http://h:1/metrics/api/metrics/", 503, "", "");
  const auto result = Run();
  ASSERT_TRUE(result);
  EXPECT_EQ(result->snapshot.pool.uptime_seconds, std::nullopt);
  EXPECT_EQ(result->snapshot.anomalies[Index(Anomaly::kMissingSummary)], 1U);
}

TEST_F(AttemptTest, ASummaryThatHangsCostsTheTimeoutAndNoMore) {
  target_.layout = Layout::kDocumented;
  fetcher_.Json("http://h:1/metrics/api/metrics/stats", kDocumented);
  const SteadyTime start = clock_.Now();
  ASSERT_TRUE(Run());
  EXPECT_LE(clock_.Now() - start, target_.timeout + 100ms);
}

TEST_F(AttemptTest, TheWholeSearchSharesOneDeadline) {
  // Each layout's answer takes a second and a half: the second one no longer comes in time.
  const auto slow_page = [this](const Request& request) {
    clock_.Advance(std::min<Duration>(1500ms, request.timeout));
    return ExchangeResult(Response{404, "", "", ""});
  };
  fetcher_.answers["http://h:1/metrics/admin/stats"] = slow_page;
  const SteadyTime start = clock_.Now();
  EXPECT_EQ(Run().error(),
            (PollError{Outcome::kNotFound,
                       "404 at http://h:1/metrics/admin/stats: is the metrics plugin enabled? check "
                       "--runtime.plugin-base; then the time was up at http://h:1/metrics/api/stats"}));
  EXPECT_LE(clock_.Now() - start, target_.timeout + 100ms);
  EXPECT_EQ(fetcher_.requests[1].timeout, 1500ms);
}

TEST_F(AttemptTest, DestructionCancelsWhatIsUnderWay) {
  target_.layout = Layout::kDocumented;
  {
    const Attempt attempt(target_, std::nullopt, fetcher_, clock_,
                          [](const Result<Answer, PollError>&) { FAIL() << "done after the end"; });
    EXPECT_EQ(fetcher_.under_way(), 2U);
  }
  EXPECT_EQ(fetcher_.under_way(), 0U);
}

TEST_F(AttemptTest, CredentialsAndLimitsReachEveryRequest) {
  target_.credential = {Credential::Kind::kApiKey, "", "/run/key"};
  target_.tls.server_name = "buntime";
  target_.layout = Layout::kDocumented;
  fetcher_.Json("http://h:1/metrics/api/metrics/stats", kDocumented);
  fetcher_.Json("http://h:1/metrics/api/metrics/", "{}");
  EXPECT_TRUE(Run());
  ASSERT_EQ(fetcher_.requests.size(), 2U);
  for (const Request& request : fetcher_.requests) {
    EXPECT_EQ(request.credential, target_.credential);
    EXPECT_EQ(request.tls, target_.tls);
    EXPECT_EQ(request.max_body, target_.max_body);
  }
}

}  // namespace
}  // namespace buntime
