// Many runtimes: what a wake-up and a reload cost, how often the fleet is published, and that nothing waits
// for the work of others.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "poll/polled_target.h"
#include "poll/poller.h"
#include "support/fake_clock.h"
#include "support/fake_fetcher.h"
#include "support/fake_log.h"

namespace buntime {
namespace {

using namespace std::chrono_literals;
using testing::PolledTarget;

double ProcessorSeconds() {
  std::timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

std::vector<Target> Targets(int count) {
  std::vector<Target> targets;
  for (int i = 0; i < count; ++i) {
    const std::string url = "http://h:" + std::to_string(1 + i % 60000);
    targets.push_back(PolledTarget("r" + std::to_string(i), url));
    targets.back().layout = Layout::kAdmin;
  }
  return targets;
}

struct PolledFleet {
  explicit PolledFleet(int count)
      : poller(Targets(count), fetcher, clock, log, board,
               [this](const Target&, Outcome, double, const AnomalyCounts&) { ++polls; }) {
    fetcher.otherwise = [this](const Request& request) -> std::optional<ExchangeResult> {
      if (hangs && hangs(request)) return std::nullopt;
      clock.Advance(work);
      const bool health = request.url.ends_with("/api/health");
      return Response{200, "application/json", "",
                      health ? R"({"version":"1.4.0"})" : R"({"pool":{"uptimeMs":9000},"workers":{}})"};
    };
  }

  void RunFor(
      Duration time, const std::function<void()>& each = [] {}) {
    std::stop_source stop;
    const SteadyTime end = clock.Now() + time;
    fetcher.after_wait = [&] {
      each();
      if (clock.Now() >= end) stop.request_stop();
    };
    poller.Run(stop.get_token());
  }

  FakeClock clock;
  FakeFetcher fetcher{clock};
  FakeLog log;
  FleetBoard board;
  int polls = 0;
  Duration work{};  // that each answer takes
  std::function<bool(const Request&)> hangs;
  Poller poller;
};

// Seconds of a processor for each runtime: the least of several, for other programs disturb the caches.
double PerRuntime(int count, const std::function<double(int)>& measure) {
  double least = measure(count);
  for (int i = 0; i < 2; ++i) least = std::min(least, measure(count));
  return least / count;
}

// 16 times as many runtimes: where each looked at every other, one would cost nearly 16 times as much. A
// sanitizer's own costs say nothing of that.
void ExpectLinear(const std::function<double(int)>& measure) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP();
#endif
  const double few = PerRuntime(500, measure);
  const double many = PerRuntime(8000, measure);
  EXPECT_LT(many, few * 5);
}

TEST(PollerFleet, APollCostsTheSameInALargeFleet) {
  ExpectLinear([](int count) {
    PolledFleet fleet(count);
    fleet.RunFor(4s);
    const double before = ProcessorSeconds();
    fleet.RunFor(5s);
    return ProcessorSeconds() - before;
  });
}

TEST(PollerFleet, AReplacementCostsTheSameForEachRuntime) {
  ExpectLinear([](int count) {
    PolledFleet fleet(count);
    fleet.hangs = [](const Request&) { return true; };
    fleet.RunFor(2500ms);  // polls of all are under way
    const double before = ProcessorSeconds();
    for (const int size : {1, count, count + 1, count}) {
      fleet.poller.Replace(Targets(size));
      fleet.RunFor(0s);
    }
    return ProcessorSeconds() - before;
  });
}

TEST(PollerFleet, PublishesInBatches) {
  PolledFleet fleet(8000);
  fleet.RunFor(3s);
  const auto revision = fleet.board.Latest()->revision;
  const int polls = fleet.polls;
  const auto latest_poll = [&] {
    double latest = 0;
    for (const auto& runtime : fleet.board.Latest()->runtimes)
      latest = std::max(latest, runtime->last_poll_unix_seconds.value_or(0));
    return latest;
  };
  fleet.RunFor(5s);
  EXPECT_GE(fleet.polls - polls, 7900);
  const auto published = fleet.board.Latest()->revision - revision;
  EXPECT_GE(published, 45U);
  EXPECT_LE(published, 51U);
  EXPECT_GE(latest_poll(), fleet.clock.UnixSeconds() - 0.2);
}

TEST(PollerFleet, OneRuntimeIsPublishedAtOnce) {
  PolledFleet fleet(1);
  fleet.RunFor(1s);
  int seen = fleet.polls;
  fleet.RunFor(20s, [&, last = fleet.board.Latest()->revision, at = fleet.clock.Now()]() mutable {
    if (fleet.board.Latest()->revision != last) {
      EXPECT_LE(fleet.clock.Now() - at, 101ms) << "one step of the clock";
      last = fleet.board.Latest()->revision;
    }
    if (fleet.polls != std::exchange(seen, fleet.polls)) at = fleet.clock.Now();
  });
}

TEST(PollerFleet, NeitherStalenessNorTheEndWaitsForLargeAnswers) {
  PolledFleet fleet(200);
  fleet.RunFor(2500ms);
  const auto quiet = [&] { return fleet.board.Latest()->runtimes[0]; };
  ASSERT_TRUE(quiet()->up);
  const SteadyTime read = fleet.clock.Now() - 2500ms;
  // From now on it hangs, and the others' answers take longer than there is time for.
  fleet.hangs = [](const Request& request) { return request.url.starts_with("http://h:1/"); };
  fleet.fetcher.at_most_ended = 1;  // as the real one hands out what a short time suffices for
  fleet.work = 500ms;
  SteadyTime gone;
  fleet.RunFor(20s, [&] {
    if (gone == SteadyTime() && !quiet()->reading) gone = fleet.clock.Now();
  });
  EXPECT_GE(gone, read + 13s - 1s);
  EXPECT_LE(gone, read + 13s + 2s);

  std::stop_source stop;
  stop.request_stop();
  const SteadyTime before = fleet.clock.Now();
  fleet.poller.Run(stop.get_token());
  EXPECT_EQ(fleet.clock.Now(), before);
}

}  // namespace
}  // namespace buntime
