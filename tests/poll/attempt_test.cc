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
constexpr const char* kText = "# TYPE buntime_hits gauge\nbuntime_hits 50\nbuntime_uptime_ms 34471";
constexpr const char* kWebPage = "<!doctype html><title>Metrics</title>";

class AttemptTest : public ::testing::Test {
 protected:
  AttemptTest() {
    target_.url = *ParseRuntimeUrl("http://h:1");
    target_.interval = 5s;
    target_.timeout = 3s;
    target_.max_body = 1 << 20;
    for (const char* path : {"/api/health", "/_/api/health"}) {
      fetcher_.Answer(std::string("http://h:1") + path, 404, "text/plain", "Not Found");
    }
  }

  void Health(const std::string& version, const std::string& path = "/api/health") {
    fetcher_.Json("http://h:1" + path, R"({"ok":true,"version":")" + version + "\"}");
  }
  // A layout that has answered before.
  static Known Worked(Layout layout) { return {.layout = layout, .worked = true, .health_asked = true}; }

  Result<Answer, PollError> Run(const Known& known = {}) {
    std::optional<Result<Answer, PollError>> result;
    auto attempt =
        std::make_unique<Attempt>(target_, known, fetcher_, clock_, [&](Result<Answer, PollError> r) {
          EXPECT_FALSE(result.has_value()) << "done ran twice";
          result = std::move(r);
          next_guess_ = attempt_->next_guess();
          attempt_.reset();  // as the poller may: the attempt ends within its own callback
        });
    attempt_ = std::move(attempt);
    for (int i = 0; i < 1000 && !result; ++i) fetcher_.Wait(1s);
    EXPECT_TRUE(result.has_value()) << "never finished";
    EXPECT_EQ(fetcher_.under_way(), 0U);
    return *result;
  }

  // The paths asked since the last call.
  std::string Requested() {
    std::string urls;
    for (const Request& request : fetcher_.requests) urls += request.url.substr(10) + " ";
    fetcher_.requests.clear();
    return urls;
  }

  FakeClock clock_;
  FakeFetcher fetcher_{clock_};
  Target target_;
  std::unique_ptr<Attempt> attempt_;
  std::optional<Layout> next_guess_;
};

TEST_F(AttemptTest, TheVersionNamesTheLayoutAndNothingElseIsTried) {
  fetcher_.Json("http://h:1/metrics/admin/stats", kReleased);
  fetcher_.Json("http://h:1/metrics/api/stats", kReleased);
  Health("1.1.0");
  auto result = Run();
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->layout, Layout::kApi);
  EXPECT_EQ(result->version, "1.1.0");
  EXPECT_EQ(result->snapshot.pool.uptime_seconds, 5);
  EXPECT_EQ(Requested(), "/api/health /metrics/api/stats ");

  Health("1.4.0");
  fetcher_.Answer("http://h:1/metrics/admin/stats", 200, "text/html", kWebPage);
  EXPECT_EQ(Run().error().outcome, Outcome::kNotJson);
  EXPECT_EQ(Requested(), "/api/health /metrics/admin/stats ") << "a disabled plugin must not cost a worker";
}

TEST_F(AttemptTest, HealthIsAlsoAskedBelowTheApiPrefixAndBelowTheUrl) {
  target_.url = *ParseRuntimeUrl("http://h:1/blue");
  fetcher_.Answer("http://h:1/blue/api/health", 404, "", "");
  Health("1.4.0", "/blue/_/api/health");
  fetcher_.Json("http://h:1/blue/metrics/admin/stats", kReleased);
  EXPECT_EQ(Run()->version, "1.4.0");
  EXPECT_EQ(Requested(), "/blue/api/health /blue/_/api/health /blue/metrics/admin/stats ");

  // The plugin below a path, the runtime's own endpoints at the root.
  fetcher_.Answer("http://h:1/blue/_/api/health", 404, "", "");
  Health("1.4.0");
  EXPECT_EQ(Run()->version, "1.4.0");
  // Another program has the root, and a version of its own.
  Health("10.2.0");
  EXPECT_EQ(Run()->version, "");
  Requested();
  target_.url = *ParseRuntimeUrl("http://h:1/blue/metrics/admin/stats");
  Health("1.4.0", "/blue/_/api/health");
  EXPECT_EQ(Run()->version, "1.4.0");
  EXPECT_EQ(Requested(), "/blue/api/health /blue/_/api/health /blue/metrics/admin/stats ");
}

TEST_F(AttemptTest, GuessesWhereHealthTellsNothing) {
  fetcher_.Answer("http://h:1/metrics/admin/stats", 200, "text/html; charset=utf-8", kWebPage);
  fetcher_.Answer("http://h:1/metrics/api/stats", 404, "text/plain", "no");
  fetcher_.Json("http://h:1/metrics/api/metrics/stats", kDocumented);
  fetcher_.Json("http://h:1/metrics/api/metrics/", R"({"pool":{},"uptime":86400,"timestamp":"x"})");
  const auto result = Run();
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->layout, Layout::kDocumented);
  EXPECT_EQ(result->version, "");
  EXPECT_EQ(result->snapshot.pool.uptime_seconds, 86400);
  EXPECT_EQ(Requested(),
            "/api/health /_/api/health /metrics/admin/stats /metrics/api/stats /metrics/api/metrics/stats "
            "/metrics/api/metrics/ ");
}

TEST_F(AttemptTest, AnUnknownVersionBeginsWithTheLayoutOfItsNeighbour) {
  Health("1.2.0");
  fetcher_.Answer("http://h:1/metrics/api/stats", 404, "text/plain", "no");
  fetcher_.Json("http://h:1/metrics/admin/stats", kReleased);
  EXPECT_EQ(Run()->layout, Layout::kAdmin);
  EXPECT_EQ(Requested(), "/api/health /metrics/api/stats /metrics/admin/stats ");
}

TEST_F(AttemptTest, AGuessThatHangsOrFailsInAQueueDoesNotEndTheSearch) {
  fetcher_.Json("http://h:1/metrics/api/stats", kReleased);
  const SteadyTime start = clock_.Now();
  EXPECT_EQ(Run()->layout, Layout::kApi);
  EXPECT_LE(clock_.Now() - start, 1600ms) << "half of the time";
  fetcher_.Answer("http://h:1/metrics/admin/stats", 500, "text/plain", "Internal Server Error");
  EXPECT_EQ(Run()->layout, Layout::kApi);
}

TEST_F(AttemptTest, AHealthEndpointThatHangsCostsAThirdOfTheTime) {
  fetcher_.answers.erase("http://h:1/api/health");
  fetcher_.Json("http://h:1/metrics/admin/stats", kReleased);
  const SteadyTime start = clock_.Now();
  EXPECT_EQ(Run()->version, "");
  EXPECT_LE(clock_.Now() - start, 1100ms);
  EXPECT_EQ(Requested(), "/api/health /metrics/admin/stats ");
}

TEST_F(AttemptTest, ALayoutThatWorkedIsAskedAloneAndHealthAgainWhenItIsGone) {
  fetcher_.Json("http://h:1/metrics/api/stats", kReleased);
  EXPECT_EQ(Run(Worked(Layout::kApi))->version, std::nullopt);
  EXPECT_EQ(Requested(), "/metrics/api/stats ");

  fetcher_.Answer("http://h:1/metrics/api/stats", 404, "", "");
  fetcher_.Json("http://h:1/metrics/admin/stats", kReleased);
  Health("1.4.0");
  const auto result = Run(Worked(Layout::kApi));
  ASSERT_TRUE(result);
  EXPECT_EQ(result->layout, Layout::kAdmin);
  EXPECT_EQ(result->version, "1.4.0");
  EXPECT_EQ(Requested(), "/metrics/api/stats /api/health /metrics/admin/stats ");

  Health("1.1.0");
  EXPECT_EQ(Run(Worked(Layout::kApi)).error().outcome, Outcome::kNotFound);
  EXPECT_EQ(Requested(), "/metrics/api/stats /api/health ") << "not asked twice, and nothing is guessed";
}

TEST_F(AttemptTest, AfterAFailureHealthComesFirstSoThatAnUpgradeCostsNothing) {
  Known known = Worked(Layout::kApi);
  known.health_asked = false;
  Health("1.4.0");
  fetcher_.Json("http://h:1/metrics/admin/stats", kReleased);
  EXPECT_EQ(Run(known)->layout, Layout::kAdmin);
  EXPECT_EQ(Requested(), "/api/health /metrics/admin/stats ");
  // Trouble where the layout has worked is no reason to guess.
  fetcher_.Answer("http://h:1/api/health", 503, "", "");
  fetcher_.Answer("http://h:1/_/api/health", 503, "", "");
  fetcher_.Answer("http://h:1/metrics/api/stats", 503, "", "");
  EXPECT_EQ(Run(known).error().outcome, Outcome::kHttp5xx);
  EXPECT_EQ(Requested(), "/api/health /_/api/health /metrics/api/stats ");
}

TEST_F(AttemptTest, ARestartHasHealthAskedInTheSamePoll) {
  Known known = Worked(Layout::kApi);
  known.uptime_seconds = 100;
  fetcher_.Json("http://h:1/metrics/api/stats", kReleased);
  Health("1.1.0");
  EXPECT_EQ(Run(known)->version, "1.1.0");
  EXPECT_EQ(Requested(), "/metrics/api/stats /api/health ");
}

TEST_F(AttemptTest, AFixedLayoutIsTheOnlyOneTried) {
  target_.layout = Layout::kApi;
  target_.plugin_base = "/m";
  fetcher_.Answer("http://h:1/m/api/stats", 404, "", "");
  EXPECT_EQ(Run().error(), (PollError{Outcome::kNotFound,
                                      "404 at http://h:1/m/api/stats: is the metrics plugin "
                                      "enabled? check --runtime.plugin-base"}));
  EXPECT_EQ(Requested(), "/api/health /_/api/health /m/api/stats ");
}

TEST_F(AttemptTest, AStatsUrlIsTakenAsItIs) {
  target_.url = *ParseRuntimeUrl("http://h:1/x/api/metrics/stats");
  fetcher_.Json("http://h:1/x/api/metrics/stats", kDocumented);
  fetcher_.Json("http://h:1/x/api/metrics/", R"({"pool":{},"uptime":7})");
  const auto result = Run();
  ASSERT_TRUE(result);
  EXPECT_EQ(result->snapshot.pool.uptime_seconds, 7);

  Requested();
  target_.url = *ParseRuntimeUrl("http://h:1/odd/stats");
  fetcher_.Json("http://h:1/odd/stats", kReleased);
  EXPECT_TRUE(Run());
  EXPECT_EQ(Requested(), "/api/health /_/api/health /odd/stats ");
}

TEST_F(AttemptTest, WithoutAKeyThePoolIsReadWhereItIsOpen) {
  Health("1.4.0");
  fetcher_.Answer("http://h:1/metrics/admin/stats", 401, "application/json", R"({"code":"AUTH_REQUIRED"})");
  fetcher_.Answer("http://h:1/metrics/prometheus", 200, "text/plain; charset=UTF-8", kText);
  const auto result = Run();
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->layout, Layout::kOpen);
  EXPECT_EQ(result->outcome(), Outcome::kOk);
  EXPECT_EQ(result->version, "1.4.0");
  EXPECT_EQ(result->snapshot.pool.hits, 50);
  EXPECT_FALSE(result->snapshot.workers_reported);
  EXPECT_EQ(Requested(), "/api/health /metrics/admin/stats /metrics/prometheus ");

  EXPECT_EQ(Run(Worked(Layout::kOpen))->layout, Layout::kOpen);
  EXPECT_EQ(Requested(), "/metrics/prometheus ");
}

TEST_F(AttemptTest, ARefusedKeyShowsBesideWhatIsOpen) {
  target_.credential = {Credential::Kind::kApiKey, "", "/run/key"};
  const std::string url = "http://h:1/metrics/admin/stats";
  fetcher_.Answer(url, 403, "application/json", "{}");
  fetcher_.Answer("http://h:1/metrics/prometheus", 200, "text/plain", kText);
  const auto result = Run(Worked(Layout::kAdmin));
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->layout, Layout::kOpen);
  EXPECT_EQ(result->refused, (PollError{Outcome::kUnauthorized,
                                        "403 at " + url +
                                            ": the runtime refuses the key in /run/key: check its value and "
                                            "role; until then only the pool's metrics are known"}));
  EXPECT_EQ(result->snapshot.pool.hits, 50);
  for (const Request& request : fetcher_.requests) {
    EXPECT_EQ(request.credential.kind == Credential::Kind::kApiKey, request.url == url) << request.url;
  }
}

TEST_F(AttemptTest, TheOpenLayoutCanBeAskedFor) {
  target_.layout = Layout::kOpen;
  target_.credential = {Credential::Kind::kBearer, "", "/run/gateway"};
  fetcher_.Answer("http://h:1/metrics/prometheus", 200, "text/plain", kText);
  EXPECT_EQ(Run()->snapshot.pool.uptime_seconds, 34.471);
  EXPECT_EQ(fetcher_.requests.back().credential, target_.credential);
  fetcher_.Answer("http://h:1/metrics/prometheus", 200, "text/plain", "buntime_hits x");
  EXPECT_EQ(Run().error(), (PollError{Outcome::kNotJson,
                                      "not Prometheus text: no number in line 1 (at "
                                      "http://h:1/metrics/prometheus)"}));
}

TEST_F(AttemptTest, TheRightPathInTroubleEndsTheSearch) {
  const std::string url = "http://h:1/metrics/admin/stats";
  fetcher_.Answer("http://h:1/metrics/prometheus", 200, "text/html", kWebPage);
  fetcher_.Answer(url, 401, "application/json", R"({"code":"AUTH_REQUIRED"})");
  EXPECT_EQ(Run().error(), (PollError{Outcome::kUnauthorized, "401 at " + url +
                                                                  ": the runtime wants a key: give it with "
                                                                  "--runtime.api-key-file"}));
  target_.credential = {Credential::Kind::kApiKey, "", "/run/key"};
  EXPECT_EQ(Run().error().message,
            "401 at " + url + ": the runtime refuses the key in /run/key: check its value and role");
  Requested();
  fetcher_.Answer(url, 429, "", "");
  EXPECT_EQ(Run().error().outcome, Outcome::kRateLimited);
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
  EXPECT_EQ(Requested().find("/metrics/api/"), std::string::npos);
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
  EXPECT_EQ(Requested(), "/api/health /_/api/health /metrics/admin/stats ");
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
  // The first guess answers in its half of the time, the others hang.
  fetcher_.answers["http://h:1/metrics/admin/stats"] = [this](const Request& request) {
    EXPECT_EQ(request.timeout, 1500ms);
    clock_.Advance(1s);
    return ExchangeResult(Response{404, "", "", ""});
  };
  const SteadyTime start = clock_.Now();
  EXPECT_EQ(
      Run().error(),
      (PollError{Outcome::kNotFound,
                 "404 at http://h:1/metrics/admin/stats: is the metrics plugin enabled? check "
                 "--runtime.plugin-base; then the time was up at http://h:1/metrics/api/stats; then the "
                 "time was up at http://h:1/metrics/api/metrics/stats"}));
  EXPECT_LE(clock_.Now() - start, target_.timeout + 100ms);
  EXPECT_EQ(next_guess_, Layout::kApi);
}

TEST_F(AttemptTest, EachGuessThatMayHaveBeenSlowGetsTheWholeTimeInItsTurn) {
  fetcher_.Answer("http://h:1/metrics/admin/stats", 404, "", "");
  EXPECT_EQ(Run().error().outcome, Outcome::kNotFound);
  EXPECT_EQ(next_guess_, Layout::kApi);
  EXPECT_EQ(Run({.layout = next_guess_}).error().outcome, Outcome::kTimeout);
  EXPECT_EQ(next_guess_, Layout::kDocumented);
  Requested();
  Run({.layout = next_guess_}).ok();
  EXPECT_EQ(Requested(), "/api/health /_/api/health /metrics/api/metrics/stats /metrics/api/metrics/ ");
}

TEST_F(AttemptTest, DestructionCancelsWhatIsUnderWay) {
  target_.layout = Layout::kDocumented;
  {
    const Attempt attempt(target_, Worked(Layout::kDocumented), fetcher_, clock_,
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
  EXPECT_TRUE(Run(Worked(Layout::kDocumented)));
  ASSERT_EQ(fetcher_.requests.size(), 2U);
  for (const Request& request : fetcher_.requests) {
    EXPECT_EQ(request.credential, target_.credential);
    EXPECT_EQ(request.tls, target_.tls);
    EXPECT_EQ(request.max_body, target_.max_body);
  }
}

}  // namespace
}  // namespace buntime
