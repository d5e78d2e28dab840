#include "reconcile/counter_state.h"

#include <gtest/gtest.h>

#include <array>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "support/fake_clock.h"
#include "support/snapshots.h"

namespace buntime {
namespace {

using namespace std::chrono_literals;

class CounterStateTest : public ::testing::Test {
 protected:
  explicit CounterStateTest(std::size_t app_limit = 1'000'000) : state_(app_limit) {}

  struct Line {
    std::string id;
    std::string app;
    double requests;
  };

  // One answer: the uptime of the runtime and its workers. Returns the mirrored request counts.
  std::vector<double> Enter(double uptime, const std::vector<Line>& lines) {
    Snapshot snapshot;
    snapshot.pool.uptime_seconds = uptime;
    for (const Line& line : lines) AddWorker(snapshot, line.id, line.app).requests = line.requests;
    restarted_ = state_.Enter(snapshot, clock_.Now());
    std::vector<double> mirrored;
    for (const Worker& worker : snapshot.workers) mirrored.push_back(*worker.requests);
    clock_.Advance(5s);
    return mirrored;
  }

  double Total(const std::string& app) const {
    for (const App& entry : state_.Apps()) {
      if (entry.name == app) return entry.requests;
    }
    return -1;
  }

  FakeClock clock_;
  CounterState state_;
  bool restarted_ = false;
};

TEST_F(CounterStateTest, TheFirstAnswerCountsAsItStands) {
  EXPECT_EQ(Enter(100, {{"w1", "a", 10}, {"w2", "a", 5}, {"w3", "b", 7}}), (std::vector<double>{10, 5, 7}));
  EXPECT_FALSE(restarted_);
  EXPECT_EQ(Total("a"), 15);
  EXPECT_EQ(Total("b"), 7);
}

TEST_F(CounterStateTest, AddsEachWorkersRiseAndANewWorkersWholeCount) {
  Enter(100, {{"w1", "a", 10}});
  Enter(105, {{"w1", "a", 12}, {"w2", "a", 3}});
  EXPECT_EQ(Total("a"), 15);
}

TEST_F(CounterStateTest, AWorkerThatIsGoneTakesNothingAway) {
  Enter(100, {{"w1", "a", 10}, {"w2", "a", 5}});
  Enter(105, {{"w2", "a", 6}});
  EXPECT_EQ(Total("a"), 16);
  Enter(110, {});
  EXPECT_EQ(Total("a"), 16);
}

TEST_F(CounterStateTest, AWorkerThatComesBackIsNotCountedTwice) {
  Enter(100, {{"w1", "a", 10}});
  Enter(105, {});
  EXPECT_EQ(Enter(110, {{"w1", "a", 11}}), (std::vector<double>{11}));
  EXPECT_EQ(Total("a"), 11);
}

TEST_F(CounterStateTest, AWorkerThatComesBackAfterADayIsNew) {
  Enter(100, {{"w1", "a", 10}, {"w2", "a", 1}});
  Enter(105, {{"w2", "a", 1}});
  clock_.Advance(CounterState::kMemory);
  const double later = 110 + Seconds(CounterState::kMemory);
  Enter(later, {{"w2", "a", 1}});
  EXPECT_EQ(Enter(later + 5, {{"w1", "a", 4}}), (std::vector<double>{4}));
  EXPECT_EQ(Total("a"), 15);
}

TEST_F(CounterStateTest, WorkerIdsThatNeverComeBackDoNotPileUp) {
  // Seen from outside: an id that was dropped from memory counts as new.
  Enter(100, {{"first", "a", 10}});
  double uptime = 100;
  for (int i = 0; i < 1100; ++i) Enter(uptime += 5, {{"w" + std::to_string(i), "a", 0}});
  Enter(uptime + 5, {{"first", "a", 10}});
  EXPECT_EQ(Total("a"), 20);
}

TEST_F(CounterStateTest, AFallWithoutRestartStaysFlat) {
  Enter(100, {{"w1", "a", 100}});
  EXPECT_EQ(Enter(105, {{"w1", "a", 3}}), (std::vector<double>{100}));
  EXPECT_EQ(Enter(110, {{"w1", "a", 8}}), (std::vector<double>{105}));
  EXPECT_EQ(Total("a"), 105);
}

TEST_F(CounterStateTest, AddsTheWholeNewCountsAfterARestart) {
  Enter(100, {{"w1", "a", 100}});
  Enter(105, {{"w1", "a", 3}});
  EXPECT_EQ(Enter(2, {{"w1", "a", 1}}), (std::vector<double>{101}));
  EXPECT_TRUE(restarted_);
  EXPECT_EQ(Total("a"), 101);
}

TEST_F(CounterStateTest, ARestartDuringALongSilenceIsSeenToo) {
  Enter(10, {{"w1", "a", 50}});
  clock_.Advance(10min);
  EXPECT_EQ(Enter(300, {{"w1", "a", 60}}), (std::vector<double>{110}));
  EXPECT_TRUE(restarted_);
  EXPECT_EQ(Total("a"), 110);
}

TEST_F(CounterStateTest, ASilenceWithoutRestartIsNone) {
  Enter(10, {{"w1", "a", 50}});
  clock_.Advance(10min);
  Enter(615, {{"w1", "a", 60}});
  EXPECT_FALSE(restarted_);
  EXPECT_EQ(Total("a"), 60);
}

TEST_F(CounterStateTest, AnUptimeThatStandsStillIsNoRestart) {
  Enter(10, {});
  Enter(10, {});
  EXPECT_FALSE(restarted_);
  clock_.Advance(10min);
  Enter(10, {});
  EXPECT_FALSE(restarted_);
}

TEST_F(CounterStateTest, AnIdThatMovesToAnotherAppIsANewWorker) {
  Enter(100, {{"w1", "a", 10}});
  EXPECT_EQ(Enter(105, {{"w1", "b", 4}}), (std::vector<double>{4}));
  EXPECT_EQ(Total("a"), 10);
  EXPECT_EQ(Total("b"), 4);
}

TEST_F(CounterStateTest, AccumulatesThePoolsCounters) {
  Snapshot first;
  first.pool.uptime_seconds = 10;
  first.pool.evictions = 40;
  state_.Enter(first, clock_.Now());
  Snapshot fallen;
  fallen.pool.uptime_seconds = 15;
  fallen.pool.evictions = 30;
  fallen.pool.hits = 2;
  state_.Enter(fallen, clock_.Now());
  EXPECT_EQ(fallen.pool.evictions, 40);
  EXPECT_EQ(fallen.pool.hits, 2);
  EXPECT_EQ(fallen.pool.misses, std::nullopt);
}

TEST_F(CounterStateTest, ThePoolsCountersGoOnOverARestart) {
  for (const auto& [uptime, hits, expected] :
       std::vector<std::array<double, 3>>{{100, 35, 35}, {105, 40, 40}, {2, 3, 43}, {7, 10, 50}}) {
    Snapshot snapshot;
    snapshot.pool.uptime_seconds = uptime;
    snapshot.pool.hits = hits;
    state_.Enter(snapshot, clock_.Now());
    clock_.Advance(5s);
    EXPECT_EQ(snapshot.pool.hits, expected);
    EXPECT_EQ(snapshot.pool.uptime_seconds, uptime);
  }
}

TEST_F(CounterStateTest, OneAbsurdValueIsAnAnomalyAndNotAdded) {
  Enter(100, {{"w1", "a", 10}});
  Snapshot absurd;
  absurd.pool.uptime_seconds = 105;
  AddWorker(absurd, "w1", "a").requests = 1e15;
  state_.Enter(absurd, clock_.Now());
  clock_.Advance(5s);
  EXPECT_EQ(absurd.anomalies[Index(Anomaly::kImplausible)], 1U);
  EXPECT_EQ(absurd.workers[0].requests, 10);
  EXPECT_EQ(Enter(110, {{"w1", "a", 30}}), (std::vector<double>{30}));
}

TEST_F(CounterStateTest, AnAbsurdUptimeIsNoRestart) {
  Enter(100, {{"w1", "a", 10}});
  Enter(1e12, {{"w1", "a", 11}});
  EXPECT_EQ(Enter(110, {{"w1", "a", 12}}), (std::vector<double>{12}));
  EXPECT_FALSE(restarted_);
}

TEST_F(CounterStateTest, ShowsNoFloatNoise) {
  for (const double seconds : {0.84213, 0.84216}) {
    Snapshot snapshot;
    AddWorker(snapshot, "w1", "a").request_seconds = seconds;
    AddWorker(snapshot, "w2", "a").request_seconds = 0.1;
    state_.Enter(snapshot, clock_.Now());
    clock_.Advance(5s);
    EXPECT_EQ(snapshot.workers[0].request_seconds, seconds);
    EXPECT_EQ(state_.Apps()[0].request_seconds, seconds == 0.84213 ? 0.94213 : 0.94216);
  }
}

TEST_F(CounterStateTest, AnAppThatIsOnlyEphemeralHasNoErrors) {
  Snapshot snapshot;
  snapshot.dialect = Dialect::kReleased;
  Pool& pool = snapshot.pool;
  for (auto field : {&Pool::uptime_seconds, &Pool::hits, &Pool::workers_created, &Pool::workers_failed,
                     &Pool::workers_retired}) {
    pool.*field = 0;
  }
  for (const auto& [name, status] :
       {std::pair{"eph", WorkerState::kEphemeral}, std::pair{"shop", WorkerState::kActive}}) {
    Worker& worker = AddWorker(snapshot, name, name);
    worker.state = status;
    worker.requests = worker.errors = 0;
    worker.uptime_seconds = 1;
  }
  state_.Enter(snapshot, clock_.Now());
  EXPECT_EQ(snapshot.workers[0].errors, std::nullopt);
  EXPECT_EQ(snapshot.workers[1].errors, 0);
  EXPECT_EQ(state_.Apps()[0].errors, std::nullopt);
  EXPECT_EQ(state_.Apps()[1].errors, 0);
  EXPECT_EQ(state_.Apps()[0].estimated_requests, 0);
}

TEST_F(CounterStateTest, ForgettingIsLinear) {
  // A runtime whose every answer names twenty thousand new apps: each poll's work stays the same.
  double uptime = 100;
  for (int poll = 0; poll < 20; ++poll) {
    Snapshot snapshot;
    snapshot.pool.uptime_seconds = uptime += 5;
    for (int i = 0; i < 20'000; ++i) {
      const std::string id = std::to_string(poll * 100'000 + i);
      AddWorker(snapshot, id, id).requests = 1;
    }
    state_.Enter(snapshot, clock_.Now());
    clock_.Advance(5s);
  }
  EXPECT_EQ(state_.Apps().size(), 20'000 + CounterState::kMaxDormantApps);
}

// Behind a load balancer: the alert counts falls of what is shown.
TEST_F(CounterStateTest, UptimesOfTwoProcessesAreShownInTurns) {
  const auto shown = [&](double uptime) {
    Snapshot snapshot;
    snapshot.pool.uptime_seconds = uptime;
    state_.Enter(snapshot, clock_.Now());
    clock_.Advance(5s);
    return *snapshot.pool.uptime_seconds;
  };
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(shown(360'000 + 10 * i), 360'000 + 10 * i);
    EXPECT_EQ(shown(7'200 + 10 * i), 7'200 + 10 * i);
  }
  EXPECT_LT(shown(1e12), 8'000) << "no process is that old";
}

TEST_F(CounterStateTest, SumsStatesErrorsDurationsAndHeap) {
  Snapshot snapshot;
  Worker& busy = AddWorker(snapshot, "w1", "a", "1");
  busy.state = WorkerState::kActive;
  busy.errors = 2;
  busy.request_seconds = 1.5;
  busy.heap_used_bytes = 100;
  Worker& dead = AddWorker(snapshot, "w2", "a", "1");
  dead.state = WorkerState::kTerminated;
  dead.heap_used_bytes = 1000;
  AddWorker(snapshot, "w3", "a").state = WorkerState::kUnknown;
  state_.Enter(snapshot, clock_.Now());
  const auto apps = state_.Apps();
  ASSERT_EQ(apps.size(), 2U);
  EXPECT_EQ(apps[0].version, "");
  EXPECT_EQ(apps[0].workers[Index(WorkerState::kUnknown)], 1U);
  EXPECT_EQ(apps[0].errors, std::nullopt);
  EXPECT_EQ(apps[1].version, "1");
  EXPECT_EQ(apps[1].workers[Index(WorkerState::kActive)], 1U);
  EXPECT_EQ(apps[1].workers[Index(WorkerState::kTerminated)], 1U);
  EXPECT_EQ(apps[1].errors, 2);
  EXPECT_EQ(apps[1].request_seconds, 1.5);
  EXPECT_EQ(apps[1].heap_used_bytes, 100);
}

TEST_F(CounterStateTest, AnAppWithoutWorkersStaysWithZerosForADay) {
  Enter(100, {{"w1", "a", 10}});
  Enter(105, {{"w2", "b", 1}});
  const auto apps = state_.Apps();
  ASSERT_EQ(apps.size(), 2U);
  EXPECT_EQ(apps[0].workers, App().workers);
  clock_.Advance(CounterState::kMemory + 1s);
  Enter(100000, {{"w2", "b", 1}});
  EXPECT_EQ(Total("a"), -1);
  EXPECT_EQ(Total("b"), 1);
}

TEST_F(CounterStateTest, RemembersABoundedNumberOfDormantApps) {
  double uptime = 100;
  for (std::size_t i = 0; i < CounterState::kMaxDormantApps + 100; ++i) {
    Enter(uptime += 5, {{"w" + std::to_string(i), "app" + std::to_string(i), 1}});
  }
  EXPECT_EQ(state_.Apps().size(), CounterState::kMaxDormantApps + 1);
  EXPECT_EQ(Total("app0"), -1);
}

// Entries are five seconds apart.
class AppLimitTest : public CounterStateTest {
 protected:
  AppLimitTest() : CounterStateTest(2) {}
  double Sum() const {
    double sum = 0;
    for (const App& app : state_.Apps()) sum += app.requests;
    return sum;
  }
};

TEST_F(AppLimitTest, SumsTheAppsBeyondIt) {
  Enter(100, {{"w1", "a", 10}, {"w2", "b", 5}, {"w3", "c", 7}, {"w4", "d", 1}, {"w5", "d", 1}});
  EXPECT_EQ(Total("a"), 10);
  EXPECT_EQ(Total("b"), 5);
  EXPECT_EQ(Total("c"), -1);
  EXPECT_EQ(Total("other"), 9);
  EXPECT_EQ(state_.apps_dropped(), 2U);
  Enter(105, {{"w1", "a", 10}, {"w3", "c", 9}, {"w6", "e", 4}});
  EXPECT_EQ(Total("other"), 15);
  EXPECT_EQ(state_.apps_dropped(), 2U);
}

TEST_F(AppLimitTest, NoCounterFallsAndNothingIsCountedTwiceWhenRoomIsMade) {
  Enter(100, {{"w1", "a", 10}, {"w2", "b", 5}, {"w3", "c", 7}});
  clock_.Advance(CounterState::kMemory + 1s);
  Enter(200'000, {{"w2", "b", 6}, {"w3", "c", 8}});  // a is forgotten
  EXPECT_EQ(Total("a"), -1);
  Enter(200'005, {{"w2", "b", 6}, {"w3", "c", 10}, {"w4", "d", 3}});
  EXPECT_EQ(Total("d"), 3);
  EXPECT_EQ(Total("c"), -1);
  EXPECT_EQ(Total("other"), 10);
  Enter(200'010, {{"w2", "b", 6}, {"w3", "c", 11}, {"w5", "a", 2}});
  EXPECT_EQ(Total("a"), -1);
  EXPECT_EQ(Total("other"), 13);
  EXPECT_EQ(Sum(), 6 + 3 + 11 + 2);
}

TEST_F(AppLimitTest, AnAppOfThatNameIsAPartOfTheOthers) {
  Enter(100, {{"w1", "other", 10}, {"w2", "b", 5}, {"w3", "c", 7}});
  EXPECT_EQ(Total("other"), 17);
  EXPECT_EQ(state_.Apps().size(), 2U);
}

TEST(AppLimit, EveryAppIsAPartOfTheOthersWhereNoneIsKeptApart) {
  CounterState state(0);
  Snapshot snapshot;
  AddWorker(snapshot, "w1", "a").requests = 3;
  state.Enter(snapshot, FakeClock().Now());
  ASSERT_EQ(state.Apps().size(), 1U);
  EXPECT_EQ(state.Apps()[0].name, kOtherApps);
  EXPECT_EQ(state.Apps()[0].requests, 3);
}

class RatesTest : public CounterStateTest {
 protected:
  // Of the first worker.
  std::optional<float> Enter(double uptime, double requests, std::optional<double> errors = {},
                             std::optional<double> pool_requests = {}) {
    Snapshot snapshot;
    snapshot.pool.uptime_seconds = uptime;
    snapshot.pool.requests = pool_requests;
    Worker& worker = AddWorker(snapshot, "w1", "a");
    worker.requests = requests;
    worker.errors = errors;
    state_.Enter(snapshot, clock_.Now());
    clock_.Advance(5s);
    return snapshot.workers[0].requests_per_second;
  }
  Rates OfApp() const { return state_.Apps().at(0).rates; }
};

TEST_F(RatesTest, AreUnknownAtFirst) {
  EXPECT_EQ(Enter(100, 10, 1, 10), std::nullopt);
  EXPECT_EQ(OfApp(), Rates());
  EXPECT_EQ(state_.rates(), Rates());
}

TEST_F(RatesTest, AreTheRiseBetweenTheTwoLatestPolls) {
  Enter(100, 10, 1);
  Enter(105, 1000, 1);
  EXPECT_EQ(Enter(110, 1020, 6), 4);
  EXPECT_EQ(OfApp(), (Rates{4, 1}));
  EXPECT_EQ(state_.rates(), (Rates{4, 1}));
}

TEST_F(RatesTest, ThePoolsOwnCountKnowsMoreThanItsWorkers) {
  Enter(100, 10, 0, 50);
  Enter(105, 20, 0, 100);
  EXPECT_EQ(state_.rates(), (Rates{10, 0}));
  EXPECT_EQ(OfApp(), (Rates{2, 0}));
}

TEST_F(RatesTest, SpanFailedPolls) {
  Enter(100, 10);
  clock_.Advance(5s);
  EXPECT_EQ(Enter(110, 30), 2);
}

TEST_F(RatesTest, AreUnknownAcrossARestart) {
  Enter(100, 10, 0, 10);
  Enter(105, 20, 0, 20);
  EXPECT_EQ(Enter(3, 30, 0, 30), std::nullopt);
  EXPECT_EQ(OfApp(), Rates());
  EXPECT_EQ(state_.rates(), Rates());
  EXPECT_EQ(Enter(8, 40, 0, 40), 2);
  EXPECT_EQ(state_.rates(), (Rates{2, 0}));
}

TEST_F(RatesTest, AFallIsNoNegativeRate) {
  Enter(100, 10, 0, 10);
  EXPECT_EQ(Enter(105, 5, 0, 5), 0);
  EXPECT_EQ(OfApp(), (Rates{0, 0}));
  EXPECT_EQ(state_.rates(), (Rates{0, 0}));
}

TEST_F(RatesTest, AWorkerWasSeenInThePollBeforeOrHasNone) {
  CounterStateTest::Enter(100, {{"w1", "a", 10}, {"w2", "a", 10}});
  CounterStateTest::Enter(105, {{"w1", "a", 10}});
  Snapshot snapshot;
  snapshot.pool.uptime_seconds = 110;
  for (const auto* const id : {"w1", "w2", "w3"}) AddWorker(snapshot, id, "a").requests = 20;
  state_.Enter(snapshot, clock_.Now());
  EXPECT_EQ(snapshot.workers[0].requests_per_second, 2);
  EXPECT_EQ(snapshot.workers[1].requests_per_second, std::nullopt) << "came back";
  EXPECT_EQ(snapshot.workers[2].requests_per_second, std::nullopt) << "is new";
  EXPECT_EQ(OfApp().requests_per_second, (10 + 10 + 20) / 5.0);
}

TEST_F(RatesTest, AnAppWithoutWorkersHasNoRequests) {
  CounterStateTest::Enter(100, {{"w1", "a", 10}});
  CounterStateTest::Enter(105, {{"w2", "b", 10}});
  EXPECT_EQ(OfApp().requests_per_second, 0);
}

TEST_F(RatesTest, AnAnswerWithoutWorkersSaysNothing) {
  Enter(100, 10);
  Snapshot snapshot;
  snapshot.pool.uptime_seconds = 105;
  state_.Enter(snapshot, clock_.Now());
  EXPECT_EQ(OfApp(), Rates());
  EXPECT_EQ(state_.rates(), Rates());
}

}  // namespace
}  // namespace buntime
