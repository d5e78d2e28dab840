#include "poll/poller.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <stop_token>
#include <string>
#include <vector>

#include "poll/polled_target.h"
#include "poll/rhythm.h"
#include "support/fake_clock.h"
#include "support/fake_fetcher.h"
#include "support/fake_log.h"

namespace buntime {
namespace {

using namespace std::chrono_literals;
using testing::PolledTarget;
using namespace std::string_literals;

const std::string kStats = "http://h:1/metrics/admin/stats";
const std::string kHealth = "http://h:1/api/health";

std::string Body(double uptime_ms, int hits = 0) {
  return R"({"pool":{"activeWorkers":1,"hits":)" + std::to_string(hits) + R"(,"uptimeMs":)" +
         std::to_string(uptime_ms) + R"(},"workers":{"a@1":{"status":"active","requestCount":3,"ageMs":1}}})";
}

class PollerTest : public ::testing::Test {
 protected:
  PollerTest() { fetcher_.Json(kHealth, R"({"version":"1.4.0"})"); }

  struct Observed {
    std::string runtime;
    Outcome outcome;
  };

  Poller MakePoller(std::vector<Target> targets) {
    return Poller(std::move(targets), fetcher_, clock_, log_, board_,
                  [this](const Target& target, Outcome outcome, double, const AnomalyCounts&) {
                    observed_.push_back({target.name, outcome});
                  });
  }

  // Runs the loop for a time of the fake clock; `each` is called after every step.
  void RunFor(
      Poller& poller, Duration time, const std::function<void()>& each = [] {}) {
    std::stop_source stop;
    const SteadyTime end = clock_.Now() + time;
    fetcher_.after_wait = [&] {
      each();
      if (clock_.Now() >= end) stop.request_stop();
    };
    poller.Run(stop.get_token());
    fetcher_.after_wait = nullptr;
  }

  std::shared_ptr<const Runtime> Only() const { return board_.Latest()->runtimes.at(0); }
  std::size_t Requests(const std::string& url) const {
    std::size_t count = 0;
    for (const Request& request : fetcher_.requests) count += request.url == url ? 1U : 0U;
    return count;
  }

  FakeClock clock_;
  FakeFetcher fetcher_{clock_};
  FakeLog log_;
  FleetBoard board_;
  std::vector<Observed> observed_;
};

TEST_F(PollerTest, PublishesUntriedRuntimesAtOnce) {
  const Poller poller = MakePoller({PolledTarget("", "http://h:1")});
  ASSERT_EQ(board_.Latest()->runtimes.size(), 1U);
  EXPECT_FALSE(Only()->tried);
  EXPECT_FALSE(Only()->up);
  EXPECT_EQ(Only()->url, "http://h:1/metrics");
}

TEST_F(PollerTest, PollsAtOnceAndThenAtItsInterval) {
  fetcher_.Json(kStats, Body(1000));
  Poller poller = MakePoller({PolledTarget("", "http://h:1")});
  std::vector<SteadyTime> polls;
  const SteadyTime start = clock_.Now();
  RunFor(poller, 21s, [&] {
    while (polls.size() < Requests(kStats)) polls.push_back(clock_.Now());
  });
  ASSERT_EQ(polls.size(), 5U);
  for (std::size_t i = 0; i < polls.size(); ++i) EXPECT_EQ(polls[i] - start, i * 5s) << i;
  EXPECT_TRUE(Only()->up);
  EXPECT_EQ(Only()->reading->snapshot.pool.active, 1);
}

TEST_F(PollerTest, ASlowRuntimeIsNeverPolledTwiceAtOnce) {
  Target target = PolledTarget("", "http://h:1");
  target.layout = Layout::kAdmin;
  Poller poller = MakePoller({target});  // no answer: each poll times out after 3 s
  RunFor(poller, 34s, [&] { EXPECT_LE(fetcher_.under_way(), 1U); });
  EXPECT_EQ(Requests(kStats), 7U);
  EXPECT_EQ(Only()->outcome, Outcome::kTimeout);
}

TEST_F(PollerTest, OneHangingRuntimeDoesNotDelayTheOthers) {
  fetcher_.Json(kStats, Body(1000));
  Poller poller = MakePoller({PolledTarget("good", "http://h:1"), PolledTarget("bad", "http://h:2")});
  RunFor(poller, 21s);
  EXPECT_EQ(Requests(kStats), 5U);
  EXPECT_TRUE(board_.Latest()->runtimes[0]->up);
  EXPECT_FALSE(board_.Latest()->runtimes[1]->up);
  EXPECT_EQ(board_.Latest()->runtimes[1]->name, "bad");
}

TEST_F(PollerTest, StartsAFleetWithinTwoSecondsAndSpreadsItOverTheIntervalThen) {
  constexpr int kCount = 10;
  std::vector<Target> targets;
  for (int i = 1; i <= kCount; ++i) {
    const std::string url = "http://h:" + std::to_string(i);
    targets.push_back(PolledTarget("r" + std::to_string(i), url));
    targets.back().interval = 60s;
    fetcher_.Json(url + "/metrics/admin/stats", Body(1000));
    fetcher_.Json(url + "/api/health", R"({"version":"1.4.0"})");
  }
  Poller poller = MakePoller(targets);
  std::map<std::string, std::vector<Duration>> polls;
  const SteadyTime start = clock_.Now();
  std::size_t seen = 0;
  RunFor(poller, 299s, [&] {
    for (; seen < observed_.size(); ++seen) polls[observed_[seen].runtime].push_back(clock_.Now() - start);
  });
  for (int i = 0; i < kCount; ++i) {
    const auto& times = polls["r" + std::to_string(i + 1)];
    ASSERT_GE(times.size(), 5U);
    EXPECT_NEAR(Seconds(times.front()), i * 0.2, 0.01) << i;
    EXPECT_NEAR(Seconds(times.back()), 240 + i * 6, 0.01) << i;
    for (std::size_t k = 1; k < times.size(); ++k) {
      EXPECT_LE(times[k] - times[k - 1], 60s + 10ms) << i;
      EXPECT_GE(times[k] - times[k - 1], 30s - 10ms) << i;
    }
  }
}

TEST_F(PollerTest, AFailureShowsAtOnceAndTheReadingEndsWhenItIsStale) {
  fetcher_.Json(kStats, Body(1000));
  Poller poller = MakePoller({PolledTarget("", "http://h:1")});
  RunFor(poller, 1s);
  ASSERT_TRUE(Only()->up);
  const SteadyTime success = clock_.Now() - 1s;
  fetcher_.Fail(kStats, Outcome::kConnect, "refused");
  bool seen_down_with_reading = false;
  RunFor(poller, 30s, [&] {
    const Duration age = clock_.Now() - success;
    if (!Only()->up && age < 12s) {
      EXPECT_NE(Only()->reading, nullptr);
      seen_down_with_reading = true;
    }
    if (age > 13100ms) {
      EXPECT_EQ(Only()->reading, nullptr) << "between polls too";
    }
  });
  EXPECT_TRUE(seen_down_with_reading);
  EXPECT_EQ(Only()->error, "refused");
  EXPECT_TRUE(Only()->last_success_unix_seconds.has_value());
}

TEST_F(PollerTest, APollThatThisProcessHeldUpIsRepeatedOnceAndNoFailure) {
  Poller poller = MakePoller({PolledTarget("", "http://h:1")});
  fetcher_.Json(kStats, Body(1000));
  RunFor(poller, 1s);
  ASSERT_TRUE(Only()->up);
  fetcher_.answers.erase(kStats);
  RunFor(poller, 5s);  // into the next poll
  ASSERT_EQ(fetcher_.under_way(), 1U);
  clock_.Advance(60s);
  RunFor(poller, 100ms);
  EXPECT_TRUE(Only()->up);
  EXPECT_EQ(fetcher_.under_way(), 1U) << "the runtime is asked again";
  clock_.Advance(60s);
  RunFor(poller, 100ms);
  EXPECT_EQ(Only()->outcome, Outcome::kTimeout) << "a machine that is always late fails in the end";
}

TEST_F(PollerTest, ALateAnswerMakesNoSpikeOfTheNextOne) {
  Poller poller = MakePoller({PolledTarget("", "http://h:1")});
  const auto answer = [&](int requests) {
    fetcher_.Json(kStats, R"({"pool":{"totalRequests":)" + std::to_string(requests) +
                              R"(,"uptimeMs":9000},"workers":{}})");
  };
  answer(100);
  RunFor(poller, 4900ms);
  fetcher_.answers.erase(kStats);
  RunFor(poller, 2900ms);
  answer(600);  // as counted when it was asked, 2.8 s ago
  RunFor(poller, 100ms);
  ASSERT_EQ(Only()->reading->snapshot.pool.requests, 600);
  answer(1100);
  RunFor(poller, 2300ms);
  ASSERT_EQ(Only()->reading->snapshot.pool.requests, 1100);
  // As if it had been counted in the middle of the 2.8 s: over 3.6 s. By the end of the poll it were 230.
  EXPECT_NEAR(*Only()->reading->rates.requests_per_second, 140, 10);
}

TEST_F(PollerTest, LogsOnceForEachChangeOfState) {
  fetcher_.Json(kStats, Body(1000));
  Poller poller = MakePoller({PolledTarget("", "http://h:1")});
  RunFor(poller, 11s);
  fetcher_.Fail(kStats, Outcome::kConnect, "refused");
  RunFor(poller, 21s);
  fetcher_.Fail(kStats, Outcome::kTimeout, "slow");
  RunFor(poller, 25s);
  fetcher_.Json(kStats, Body(90000));
  RunFor(poller, 25s);
  ASSERT_EQ(log_.lines.size(), 4U);
  const std::string up = "info runtime is up url=http://h:1/metrics layout=admin dialect=released workers=1";
  EXPECT_EQ(log_.lines[0], up);
  EXPECT_EQ(log_.lines[1], "warn runtime is down url=http://h:1/metrics outcome=connect cause=refused");
  EXPECT_EQ(log_.lines[2], "warn runtime is down url=http://h:1/metrics outcome=timeout cause=slow");
  EXPECT_TRUE(log_.lines[3].starts_with(up + " down_for=")) << log_.lines[3];
}

TEST_F(PollerTest, ARuntimeIsSeenUpWithinAnIntervalAndATimeoutOfItsReturnHoweverLongItWasDown) {
  Poller poller = MakePoller({PolledTarget("", "http://h:1")});  // no answer: each poll times out
  RunFor(poller, 600s);
  EXPECT_FALSE(Only()->up);
  fetcher_.Json(kStats, Body(1000));
  const SteadyTime back = clock_.Now();
  Duration seen_after = Duration::max();
  RunFor(poller, 30s, [&] {
    if (Only()->up) seen_after = std::min(seen_after, clock_.Now() - back);
  });
  EXPECT_LE(seen_after, 5s + 3s);
}

TEST(RhythmTest, KeepsThePhaseAndNeverWaitsLongerThanAnInterval) {
  const SteadyTime phase{1000s};
  EXPECT_EQ(NextPoll(phase, 5s, phase), phase + 5s);
  EXPECT_EQ(NextPoll(phase, 5s, phase + 5s), phase + 10s);
  EXPECT_EQ(NextPoll(phase, 5s, phase + 5s + 1ms), phase + 10s) << "a late start delays no other";
  EXPECT_EQ(NextPoll(phase, 5s, phase + 47s), phase + 50s) << "what was missed is not made up for";
  EXPECT_EQ(NextPoll(phase, 5s, phase + 49s), phase + 52s) << "half of the way to 55 s";
  EXPECT_EQ(NextPoll(phase, 60s, phase - 50s), phase) << "a first poll that came before its phase";
  EXPECT_EQ(NextPoll(phase, 60s, phase - 20s), phase + 20s);
  for (Duration late = -60s; late < 120s; late += 777ms) {
    const Duration wait = NextPoll(phase, 60s, phase + late) - (phase + late);
    EXPECT_GE(wait, 30s);
    EXPECT_LE(wait, 60s);
  }
}

TEST_F(PollerTest, TellsTheObserverOfEveryPoll) {
  fetcher_.Fail(kStats, Outcome::kDns, "no such host");
  Poller poller = MakePoller({PolledTarget("x", "http://h:1")});
  RunFor(poller, 6s);
  ASSERT_EQ(observed_.size(), 2U);
  EXPECT_EQ(observed_[0].runtime, "x");
  EXPECT_EQ(observed_[0].outcome, Outcome::kDns);
}

TEST_F(PollerTest, KnowsTheVersionFromTheFirstPollOnAndAsksOncePerLife) {
  fetcher_.Json(kStats, Body(100000));
  Target target = PolledTarget("", "http://h:1");
  target.credential = {Credential::Kind::kApiKey, "", "/run/key"};
  Poller poller = MakePoller({target});
  RunFor(poller, 16s, [&] { EXPECT_EQ(Only()->version, Only()->up ? "1.4.0" : ""); });
  EXPECT_TRUE(Only()->up);
  EXPECT_EQ(Requests(kHealth), 1U);
  for (const Request& request : fetcher_.requests) {
    if (request.url == kHealth) {
      EXPECT_EQ(request.credential.kind, Credential::Kind::kNone);
    }
  }
  fetcher_.Json(kHealth, R"({"version":"1.5.0"})");
  fetcher_.Json(kStats, Body(1000));
  RunFor(poller, 16s, [&] {
    EXPECT_EQ(Only()->version, Only()->reading->snapshot.pool.uptime_seconds == 1 ? "1.5.0" : "1.4.0");
  });
  EXPECT_EQ(Only()->version, "1.5.0");
  EXPECT_EQ(Requests(kHealth), 2U);
}

TEST_F(PollerTest, DoesWithoutAVersion) {
  fetcher_.Json(kStats, Body(100000));
  fetcher_.Answer(kHealth, 404, "", "");
  fetcher_.Answer("http://h:1/_/api/health", 200, "text/html", "<html>");
  Poller poller = MakePoller({PolledTarget("", "http://h:1")});
  RunFor(poller, 16s);
  EXPECT_TRUE(Only()->up);
  EXPECT_EQ(Only()->version, "");
  EXPECT_EQ(Requests("http://h:1/_/api/health"), 1U);
}

TEST_F(PollerTest, AnUpgradeCostsNoRequestAtAPathThatTheNewReleaseDoesNotKnow) {
  fetcher_.Json(kHealth, R"({"version":"1.1.0"})");
  fetcher_.Json("http://h:1/metrics/api/stats", Body(100000));
  Poller poller = MakePoller({PolledTarget("", "http://h:1")});
  RunFor(poller, 1s);
  EXPECT_EQ(Only()->reading->layout, Layout::kApi);
  for (const std::string& url : {kHealth, "http://h:1/metrics/api/stats"s})
    fetcher_.Fail(url, Outcome::kConnect, "refused");
  RunFor(poller, 10s);
  EXPECT_FALSE(Only()->up);
  const std::size_t before = Requests("http://h:1/metrics/api/stats");
  fetcher_.Json(kHealth, R"({"version":"1.4.0"})");
  fetcher_.Json(kStats, Body(1000));
  RunFor(poller, 10s);
  EXPECT_EQ(Only()->reading->layout, Layout::kAdmin);
  EXPECT_EQ(Requests("http://h:1/metrics/api/stats"), before);
  EXPECT_EQ(Only()->version, "1.4.0");
}

TEST_F(PollerTest, WithoutAKeyTheOpenPoolIsUpAndTheLogSaysWhatAKeyAdds) {
  fetcher_.Answer(kStats, 401, "application/json", "{}");
  fetcher_.Answer("http://h:1/metrics/prometheus", 200, "text/plain",
                  "buntime_hits 5\nbuntime_uptime_ms 9000\n");
  Poller poller = MakePoller({PolledTarget("", "http://h:1")});
  RunFor(poller, 11s);
  EXPECT_TRUE(Only()->up);
  EXPECT_EQ(Only()->version, "1.4.0");
  EXPECT_EQ(Only()->reading->layout, Layout::kOpen);
  EXPECT_EQ(Only()->reading->snapshot.pool.hits, 5);
  EXPECT_EQ(log_.lines,
            std::vector<std::string>{
                "info runtime is up url=http://h:1/metrics layout=open dialect=released workers=0 "
                "hint=this is what the runtime serves without a key: a key of role admin or editor "
                "(--runtime.api-key-file) adds apps and workers"});
  EXPECT_EQ(Requests(kStats), 1U);
}

TEST_F(PollerTest, ARefusedKeyIsUnauthorizedWhileThePoolsNumbersGoOn) {
  Target target = PolledTarget("", "http://h:1");
  target.credential = {Credential::Kind::kApiKey, "", "/run/key"};
  fetcher_.Json(kStats, Body(100000, 3));
  Poller poller = MakePoller({target});
  RunFor(poller, 1s);
  EXPECT_EQ(Only()->reading->apps.size(), 1U);
  const auto success = Only()->last_success_unix_seconds;

  int hits = 3;
  fetcher_.Answer(kStats, 401, "application/json", "{}");
  fetcher_.answers["http://h:1/metrics/prometheus"] = [&](const Request&) {
    return ExchangeResult(Response{
        200, "text/plain", "", "buntime_hits " + std::to_string(++hits) + "\nbuntime_uptime_ms 200000\n"});
  };
  RunFor(poller, 60s);
  EXPECT_FALSE(Only()->up);
  EXPECT_EQ(Only()->outcome, Outcome::kUnauthorized);
  EXPECT_EQ(Only()->last_success_unix_seconds, success);
  ASSERT_NE(Only()->reading, nullptr) << "its numbers are not old";
  EXPECT_TRUE(Only()->read_without_key);
  EXPECT_EQ(Only()->reading->layout, Layout::kOpen);
  EXPECT_EQ(Only()->reading->snapshot.pool.hits, hits);
  EXPECT_TRUE(Only()->reading->apps.empty()) << "totals of apps that go on unseen";
  EXPECT_EQ(observed_.back().outcome, Outcome::kUnauthorized);

  fetcher_.Json(kStats, Body(300000, 100));
  RunFor(poller, 6s);
  EXPECT_TRUE(Only()->up);
  EXPECT_EQ(Only()->reading->apps.at(0).requests, 3);
  EXPECT_EQ(Only()->reading->snapshot.pool.hits, 100);
}

TEST_F(PollerTest, PollOnceWaitsForEveryRuntimeAndItsVersion) {
  fetcher_.Json(kStats, Body(100000));
  fetcher_.Json(kHealth, R"({"version":"1.2.3"})");
  Poller poller = MakePoller({PolledTarget("good", "http://h:1"), PolledTarget("bad", "http://h:2")});
  poller.PollOnce();
  const auto fleet = board_.Latest();
  EXPECT_TRUE(fleet->runtimes[0]->up);
  EXPECT_EQ(fleet->runtimes[0]->version, "1.2.3");
  EXPECT_TRUE(fleet->runtimes[1]->tried);
  EXPECT_EQ(fleet->runtimes[1]->outcome, Outcome::kTimeout);
  EXPECT_EQ(Requests(kStats), 1U);
}

TEST_F(PollerTest, ASearchThatRunsOutOfTimeGoesOnWhereItEnded) {
  // Health tells nothing, and every path takes two of the three seconds.
  const auto slow = [this](int status, const std::string& body) {
    return [=, this](const Request& request) {
      clock_.Advance(std::min<Duration>(2s, request.timeout));
      if (request.timeout < 2s) return ExchangeResult(PollError{Outcome::kTimeout, "no answer"});
      return ExchangeResult(Response{status, "application/json", "", body});
    };
  };
  fetcher_.Answer(kHealth, 404, "", "");
  fetcher_.Answer("http://h:1/_/api/health", 404, "", "");
  fetcher_.answers[kStats] = slow(404, "");
  fetcher_.answers["http://h:1/metrics/api/stats"] = slow(200, Body(1000));
  Poller poller = MakePoller({PolledTarget("", "http://h:1")});
  RunFor(poller, 4s);
  EXPECT_EQ(Only()->outcome, Outcome::kTimeout);
  RunFor(poller, 10s);
  EXPECT_TRUE(Only()->up) << Only()->error;
  EXPECT_EQ(Only()->reading->layout, Layout::kApi);
}

TEST_F(PollerTest, ShowsPeaksOfPollsBetweenScrapes) {
  Poller poller = MakePoller({PolledTarget("", "http://h:1")});
  int polls = 0;
  fetcher_.answers[kStats] = [&](const Request&) {
    const int depth = ++polls == 2 ? 90 : 1;
    return ExchangeResult(Response{200, "application/json", "",
                                   R"({"pool":{"ephemeralQueueDepth":)" + std::to_string(depth) + "}}"});
  };
  RunFor(poller, 16s);
  EXPECT_EQ(Only()->reading->snapshot.pool.ephemeral_queue_depth, 1);
  EXPECT_EQ(Only()->reading->peaks.ephemeral_queue_depth, 90);
  RunFor(poller, 70s);
  EXPECT_EQ(Only()->reading->peaks.ephemeral_queue_depth, 1);
}

TEST_F(PollerTest, AReplacementKeepsWhatIsUnchanged) {
  const std::string other = "http://h:2/metrics/admin/stats";
  fetcher_.Json(kStats, Body(1000, 100));
  fetcher_.Json(other, Body(1000, 7));
  Poller poller = MakePoller({PolledTarget("a", "http://h:1"), PolledTarget("b", "http://h:2")});
  RunFor(poller, 6s);
  fetcher_.Json(kStats, Body(9000, 50));  // a fall: only a mirror that lives on stays at 100
  fetcher_.Json(other, Body(9000, 3));
  Target changed = PolledTarget("b", "http://h:2");
  changed.pool_size = 10;
  poller.Replace({changed, PolledTarget("c", "http://h:3"), PolledTarget("a", "http://h:1")});
  RunFor(poller, 11s);
  const auto fleet = board_.Latest();
  ASSERT_EQ(fleet->runtimes.size(), 3U);
  EXPECT_EQ(fleet->runtimes[0]->name, "b");
  EXPECT_EQ(fleet->runtimes[0]->reading->snapshot.pool.hits, 3);
  EXPECT_EQ(fleet->runtimes[0]->reading->snapshot.pool.size, 10);
  EXPECT_EQ(fleet->runtimes[1]->name, "c");
  EXPECT_EQ(fleet->runtimes[2]->reading->snapshot.pool.hits, 100);
}

TEST_F(PollerTest, AReplacementCancelsThePollsOfThoseThatAreGone) {
  Poller poller = MakePoller({PolledTarget("", "http://h:1")});  // hangs
  RunFor(poller, 1s);
  EXPECT_EQ(fetcher_.under_way(), 1U);
  fetcher_.Json("http://h:2/metrics/admin/stats", Body(1000));
  poller.Replace({PolledTarget("", "http://h:2")});
  EXPECT_EQ(fetcher_.wakeups, 2);  // one from the end of the first run
  RunFor(poller, 2s);
  EXPECT_EQ(fetcher_.cancelled, std::vector<std::string>{kStats});
  EXPECT_TRUE(Only()->up);
}

TEST_F(PollerTest, RevisionsRiseOnlyWithNews) {
  fetcher_.Json(kStats, Body(1000));
  Poller poller = MakePoller({PolledTarget("", "http://h:1")});
  RunFor(poller, 1s);
  const auto revision = board_.Latest()->revision;
  RunFor(poller, 3s);
  EXPECT_EQ(board_.Latest()->revision, revision);
  RunFor(poller, 2s);
  EXPECT_EQ(board_.Latest()->revision, revision + 1);
}

}  // namespace
}  // namespace buntime
