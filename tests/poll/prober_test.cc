#include "poll/prober.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "support/fake_clock.h"
#include "support/fake_fetcher.h"
#include "support/fake_log.h"

namespace buntime {
namespace {

using namespace std::chrono_literals;
using Kind = ProbeAnswer::Kind;

std::string Body(int requests) {
  return R"({"pool":{"activeWorkers":1,"uptimeMs":100000},"workers":{"a@1":{"status":"active","requestCount":)" +
         std::to_string(requests) + R"(,"ageMs":1}}})";
}

class ProberTest : public ::testing::Test {
 protected:
  struct Told {
    Duration after{};  // since the question
    ProbeAnswer answer;
  };

  ProberTest() {
    fetcher_.at_most_step = 10ms;
    fetcher_.otherwise = [](const Request& request) -> std::optional<ExchangeResult> {
      if (!request.url.ends_with(".test/api/health")) return std::nullopt;
      return Response{200, "application/json", "", R"({"version":"1.4.0"})"};
    };
  }

  static std::shared_ptr<const Module> MakeModule(const std::string& name, Duration timeout = 60s) {
    auto module = std::make_shared<Module>();
    module->name = name;
    module->target.layout = Layout::kAdmin;
    module->target.interval = 60s;
    module->target.timeout = timeout;
    module->target.stale_after = 60s;
    module->target.peak_window = 60s;
    module->target.max_body = 1 << 20;
    module->target.worker_limit = 10;
    module->target.allowed = std::make_shared<const AddressRules>(*AddressRules::Parse({".test"}));
    return module;
  }

  static std::string Stats(const std::string& host) { return "http://" + host + "/metrics/admin/stats"; }

  void Ask(const std::string& host, Duration budget = 10s,
           const std::shared_ptr<const Module>& module = nullptr) {
    const std::size_t index = told_.size();
    told_.emplace_back();
    const SteadyTime asked = clock_.Now();
    prober_.Ask({module ? module : module_, *ParseRuntimeUrl("http://" + host), asked + budget},
                [this, index, asked](ProbeAnswer answer) {
                  ++answered_;
                  told_[index] = {clock_.Now() - asked, std::move(answer)};
                });
  }

  void RunFor(Duration time) {
    std::stop_source stop;
    const SteadyTime end = clock_.Now() + time;
    fetcher_.after_wait = [&] {
      if (clock_.Now() >= end) stop.request_stop();
    };
    // Not Run itself, whose end is for good.
    while (!stop.stop_requested()) prober_.Step();
    fetcher_.after_wait = nullptr;
  }

  std::size_t Requests(const std::string& url) const {
    return static_cast<std::size_t>(std::ranges::count(fetcher_.requests, url, &Request::url));
  }

  FakeClock clock_;
  FakeFetcher fetcher_{clock_};
  FakeLog log_;
  std::vector<std::string> observed_;
  std::shared_ptr<const Module> module_ = MakeModule("default");
  std::vector<Told> told_;
  std::size_t answered_ = 0;
  Prober prober_{fetcher_, clock_, log_, [this](const std::string& module, std::string_view result) {
                   observed_.push_back(module + " " + std::string(result));
                 }};
};

TEST_F(ProberTest, AnswersWithAFreshPollAndItsTrace) {
  fetcher_.Json(Stats("a.test"), Body(3));
  Ask("a.test");
  RunFor(100ms);
  ASSERT_EQ(answered_, 1U);
  const ProbeAnswer& answer = told_[0].answer;
  ASSERT_EQ(answer.kind, Kind::kPolled);
  EXPECT_TRUE(answer.runtime->up);
  EXPECT_EQ(answer.runtime->name, "");
  ASSERT_NE(answer.runtime->reading, nullptr);
  EXPECT_EQ(answer.runtime->version, "1.4.0");
  ASSERT_EQ(answer.trace.size(), 2U);
  EXPECT_EQ(answer.trace[0].url, "http://a.test/api/health");
  EXPECT_EQ(answer.trace[1].url, Stats("a.test"));
  EXPECT_TRUE(answer.trace[1].end.starts_with("200 application/json, ")) << answer.trace[1].end;
  EXPECT_EQ(fetcher_.requests[0].allowed, module_->target.allowed);
  EXPECT_EQ(observed_, std::vector<std::string>{"default ok"});
}

TEST_F(ProberTest, AFailedProbeTellsWhyAndServesNothingOld) {
  fetcher_.Json(Stats("a.test"), Body(3));
  Ask("a.test");
  RunFor(100ms);
  fetcher_.Fail(Stats("a.test"), Outcome::kConnect, "refused");
  Ask("a.test");
  RunFor(100ms);
  ASSERT_EQ(answered_, 2U);
  EXPECT_EQ(told_[1].answer.kind, Kind::kPolled);
  EXPECT_FALSE(told_[1].answer.runtime->up);
  EXPECT_EQ(told_[1].answer.runtime->error, "refused");
  EXPECT_EQ(told_[1].answer.runtime->reading, nullptr);
}

TEST_F(ProberTest, CountersGoOnBetweenTheProbesOfATarget) {
  fetcher_.Json(Stats("a.test"), Body(100));
  Ask("a.test");
  RunFor(15s);
  fetcher_.Json(Stats("a.test"), Body(40));  // fell without a restart: another worker took the place
  Ask("a.test");
  RunFor(15s);
  ASSERT_EQ(answered_, 2U);
  EXPECT_GE(told_[1].answer.runtime->reading->apps.at(0).requests, 100);
  Ask("a.test", 10s, MakeModule("other"));
  RunFor(1s);
  EXPECT_EQ(told_[2].answer.runtime->reading->apps.at(0).requests, 40)
      << "another module knows nothing of it";
}

TEST_F(ProberTest, ConcurrentQuestionsShareOnePollEachWithItsDeadline) {
  Ask("a.test", 1s);
  RunFor(500ms);
  Ask("a.test", 3s);
  Ask("b.test", 2s);
  RunFor(1s);
  EXPECT_EQ(answered_, 1U) << "the first one's time was up";
  EXPECT_EQ(told_[0].after, 1s);
  EXPECT_EQ(told_[0].answer.kind, Kind::kPolled);
  EXPECT_FALSE(told_[0].answer.runtime->up);
  EXPECT_EQ(told_[0].answer.runtime->outcome, Outcome::kTimeout);
  fetcher_.Json(Stats("a.test"), Body(1));
  RunFor(100ms);
  EXPECT_EQ(answered_, 2U);
  EXPECT_TRUE(told_[1].answer.runtime->up) << "the poll went on for the second one";
  RunFor(3s);
  EXPECT_EQ(answered_, 3U);
  EXPECT_EQ(told_[2].after, 2s);
  EXPECT_EQ(Requests(Stats("a.test")), 1U);
  EXPECT_EQ(fetcher_.cancelled, std::vector<std::string>{Stats("b.test")}) << "nobody waits for it any more";
}

TEST_F(ProberTest, TheModulesTimeoutEndsAPollBeforeTheDeadline) {
  Ask("a.test", 10s, MakeModule("quick", 2s));
  RunFor(3s);
  ASSERT_EQ(answered_, 1U);
  EXPECT_EQ(told_[0].after, 2s);
  EXPECT_EQ(told_[0].answer.runtime->outcome, Outcome::kTimeout);
}

TEST_F(ProberTest, ForbiddenTargetsAreNotRemembered) {
  fetcher_.answers[Stats("a.test")] = [](const Request&) -> ExchangeResult {
    return PollError{Outcome::kConnect, "not allowed", true};
  };
  Ask("a.test");
  Ask("a.test");
  RunFor(100ms);
  ASSERT_EQ(answered_, 2U);
  EXPECT_EQ(told_[0].answer.kind, Kind::kForbidden);
  EXPECT_EQ(told_[1].answer.reason, "not allowed");
  EXPECT_EQ(prober_.Size(), 0U);
  EXPECT_TRUE(log_.lines.empty()) << "nothing that a scraper can fill the log with";
  EXPECT_EQ(observed_, (std::vector<std::string>{"default forbidden", "default forbidden"}));
}

TEST_F(ProberTest, ATargetIsForgottenAfterTenOfItsOwnIntervals) {
  fetcher_.Json(Stats("a.test"), Body(1));
  fetcher_.Json(Stats("b.test"), Body(1));
  Ask("b.test");
  for (int i = 0; i < 41; ++i) {
    Ask("a.test");
    RunFor(15s);
  }
  EXPECT_EQ(prober_.Size(), 1U) << "b was assumed to be probed each minute, and was not for ten";
  RunFor(130s);
  EXPECT_EQ(prober_.Size(), 1U);
  RunFor(30s);
  EXPECT_EQ(prober_.Size(), 0U);
  EXPECT_EQ(fetcher_.under_way(), 0U);
}

TEST_F(ProberTest, TwoScrapersOfOneTargetDoNotMakeItsIntervalTheirShortGap) {
  fetcher_.Json(Stats("a.test"), Body(1));
  for (int i = 0; i < 60; ++i) {
    Ask("a.test");
    RunFor(10ms);
    Ask("a.test");
    RunFor(59s);
  }
  EXPECT_EQ(prober_.Size(), 1U);
  RunFor(450s);
  EXPECT_EQ(prober_.Size(), 1U);
}

TEST_F(ProberTest, AModuleThatWasChangedStartsAnew) {
  fetcher_.Json(Stats("a.test"), Body(100));
  Ask("a.test");
  RunFor(1s);
  const auto same = MakeModule("default");
  Ask("a.test", 10s, same);
  RunFor(1s);
  EXPECT_EQ(prober_.Size(), 1U);
  auto changed = std::make_shared<Module>(*module_);
  changed->target.allowed = std::make_shared<const AddressRules>(*AddressRules::Parse({"a.test"}));
  fetcher_.Json(Stats("a.test"), Body(40));
  Ask("a.test", 10s, changed);
  RunFor(1s);
  ASSERT_EQ(answered_, 3U);
  EXPECT_EQ(told_[2].answer.runtime->reading->apps.at(0).requests, 40);
}

TEST_F(ProberTest, LogsChangesOfATargetOnly) {
  for (int i = 0; i < 3; ++i) {
    fetcher_.Json(Stats("a.test"), Body(1));
    if (i == 2) fetcher_.Fail(Stats("a.test"), Outcome::kDns, "no such host");
    Ask("a.test");
    RunFor(1s);
  }
  EXPECT_EQ(
      log_.lines,
      (std::vector<std::string>{
          "info target is up module=default url=http://a.test/metrics",
          "warn target is down module=default url=http://a.test/metrics outcome=dns cause=no such host"}));
}

TEST_F(ProberTest, WhoeverAsksWhileItStopsIsToldSo) {
  Ask("a.test");
  std::stop_source stop;
  fetcher_.after_wait = [&] {
    if (fetcher_.waits == 3) stop.request_stop();
  };
  prober_.Run(stop.get_token());
  Ask("a.test");
  ASSERT_EQ(answered_, 2U);
  for (const Told& told : told_) {
    EXPECT_EQ(told.answer.kind, Kind::kBusy);
    EXPECT_EQ(told.answer.reason, "the exporter is stopping");
  }
  EXPECT_EQ(fetcher_.under_way(), 0U);
}

TEST_F(ProberTest, RoomIsMadeByForgettingWhoWasAskedForLongestAgo) {
  fetcher_.answers[Stats("first.test")] = [](const Request&) -> ExchangeResult {
    return PollError{Outcome::kConnect, "refused"};
  };
  Ask("first.test");
  RunFor(10ms);
  for (std::size_t i = 0; i + 1 < Prober::kMaxTargets; ++i) {
    const std::string host = "h" + std::to_string(i) + ".test";
    fetcher_.Fail(Stats(host), Outcome::kConnect, "refused");
    Ask(host);
  }
  RunFor(50ms);
  EXPECT_EQ(prober_.Size(), Prober::kMaxTargets);
  fetcher_.Fail(Stats("last.test"), Outcome::kConnect, "refused");
  Ask("last.test");
  RunFor(50ms);
  EXPECT_EQ(answered_, Prober::kMaxTargets + 1);
  EXPECT_EQ(prober_.Size(), Prober::kMaxTargets);
  const auto recent = prober_.Recent();
  EXPECT_TRUE(std::ranges::none_of(
      recent, [](const RecentProbe& probe) { return probe.runtime->url.starts_with("http://first.test"); }));
}

TEST_F(ProberTest, LargeTargetsStayWithinTheBudgetOfBytes) {
  std::string workers;
  for (int i = 0; i < 8000; ++i) {
    workers += (i == 0 ? "" : ",") + ("\"app-" + std::to_string(i)) +
               R"(@1":{"status":"active","requestCount":1,"ageMs":1})";
  }
  const std::string body = R"({"pool":{"activeWorkers":1,"uptimeMs":100000},"workers":{)" + workers + "}}";
  constexpr std::size_t kTargets = 30;  // together more than twice the budget
  for (std::size_t i = 0; i < kTargets; ++i) {
    const std::string host = "h" + std::to_string(i) + ".test";
    fetcher_.Json(Stats(host), body);
    Ask(host);
    RunFor(20ms);
    EXPECT_EQ(told_[i].answer.runtime->reading->snapshot.workers.size(), 8000U);
  }
  EXPECT_GE(prober_.Size(), 3U);
  EXPECT_LE(prober_.Size(), kTargets / 2);
  EXPECT_EQ(prober_.Recent().size(), prober_.Size());
  RunFor(2s);
  EXPECT_TRUE(std::ranges::any_of(
      log_.lines, [](const std::string& line) { return line.starts_with("warn forgot probed targets"); }));
  // The one asked for last is remembered: its counters go on.
  const auto recent = prober_.Recent();
  EXPECT_TRUE(std::ranges::any_of(
      recent, [](const RecentProbe& probe) { return probe.runtime->url.starts_with("http://h29.test"); }));
}

}  // namespace
}  // namespace buntime
