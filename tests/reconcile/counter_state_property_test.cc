// The counter rules under thousands of random histories: whatever a runtime goes through, what Prometheus
// makes of the exported series never exceeds what was served, and equals it where nothing was lost in
// between.
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>
#include <vector>

#include "reconcile/counter_state.h"
#include "support/fake_clock.h"
#include "support/snapshots.h"

namespace buntime {
namespace {

using namespace std::chrono_literals;

// What PromQL's increase() adds up, without its extrapolation: rises, and after a fall the whole new value.
class Increase {
 public:
  void Add(double value) {
    if (seen_) total_ += value >= last_ ? value - last_ : value;
    seen_ = true;
    last_ = value;
  }
  double total() const { return total_; }

 private:
  bool seen_ = false;
  double last_ = 0;
  double total_ = 0;
};

// A runtime with a few apps of one worker each, as the released dialect shows them.
class World {
 public:
  explicit World(unsigned seed) : random_(seed) {}

  void Step(bool losses) {
    uptime_ += 5;
    const int dice = Roll(100);
    if (losses && dice < 5) Worker(Roll(kApps)).raw = 0;  // book-keeping dropped: the counter falls
    if (losses && dice >= 5 && dice < 10) Toggle(Worker(Roll(kApps)).visible);
    // A process that was younger than a poll interval at the latest poll may restart unseen: nothing tells.
    if (dice >= 10 && dice < 13 && uptime_ > 10) Restart();
    for (int i = 0; i < kApps; ++i) {
      const int requests = Roll(20);
      Worker(i).raw += requests;
      served_[i] += requests;
    }
  }

  Snapshot Answer() {
    Snapshot snapshot;
    snapshot.pool.uptime_seconds = uptime_;
    snapshot.workers_reported = true;
    for (int i = 0; i < kApps; ++i) {
      if (Worker(i).visible) AddWorker(snapshot, "w" + std::to_string(i), Name(i)).requests = Worker(i).raw;
    }
    return snapshot;
  }

  static std::string Name(int i) { return "app" + std::to_string(i); }
  double served(int i) { return served_[i]; }
  static constexpr int kApps = 4;

 private:
  struct State {
    double raw = 0;
    bool visible = true;
  };
  static void Toggle(bool& value) { value = !value; }
  State& Worker(int i) { return workers_[i]; }
  int Roll(int sides) { return static_cast<int>(random_() % static_cast<unsigned>(sides)); }
  void Restart() {
    uptime_ = Roll(5);
    for (auto& [i, worker] : workers_) worker = {};
  }

  std::mt19937 random_;
  double uptime_ = 0;
  std::map<int, State> workers_;
  std::map<int, double> served_;
};

class CounterStatePropertyTest : public testing::TestWithParam<unsigned> {};

TEST_P(CounterStatePropertyTest, TotalsNeverFallAndNeverExceedWhatWasServed) {
  World world(GetParam());
  FakeClock clock;
  CounterState state;
  std::map<std::string, double> last;
  for (int i = 0; i < 300; ++i) {
    world.Step(true);
    Snapshot snapshot = world.Answer();
    state.Enter(snapshot, clock.Now());
    clock.Advance(5s);
    for (const App& app : state.Apps()) {
      EXPECT_GE(app.requests, last[app.name]);
      last[app.name] = app.requests;
    }
    for (int a = 0; a < World::kApps; ++a) ASSERT_LE(last[World::Name(a)], world.served(a));
  }
}

TEST_P(CounterStatePropertyTest, IncreaseEqualsWhatWasServedAcrossRestarts) {
  World world(GetParam());
  FakeClock clock;
  CounterState state;
  std::map<std::string, Increase> apps;
  std::map<std::string, double> served_at_first;
  // Requests between the last poll before a restart and that restart are seen by nobody; in this world
  // restarts happen right after a poll, so nothing may be missing.
  for (int i = 0; i < 300; ++i) {
    world.Step(false);
    Snapshot snapshot = world.Answer();
    state.Enter(snapshot, clock.Now());
    clock.Advance(5s);
    for (const App& app : state.Apps()) apps[app.name].Add(app.requests);
    if (i == 0) {
      for (int a = 0; a < World::kApps; ++a) served_at_first[World::Name(a)] = world.served(a);
    }
  }
  for (int a = 0; a < World::kApps; ++a) {
    const std::string name = World::Name(a);
    EXPECT_EQ(apps[name].total(), world.served(a) - served_at_first[name]) << name;
  }
}

TEST_P(CounterStatePropertyTest, ARestartedExporterLosesOnlyTheGap) {
  World world(GetParam());
  FakeClock clock;
  auto state = std::make_unique<CounterState>();
  std::map<std::string, Increase> apps;
  for (int i = 0; i < 100; ++i) {
    world.Step(true);
    if (i == 50) state = std::make_unique<CounterState>();
    Snapshot snapshot = world.Answer();
    state->Enter(snapshot, clock.Now());
    clock.Advance(5s);
    for (const App& app : state->Apps()) apps[app.name].Add(app.requests);
  }
  // The totals start anew at what the runtime shows, which is at most what was served: a reset to rate(), or
  // a rise by less than was served.
  for (int a = 0; a < World::kApps; ++a) EXPECT_LE(apps[World::Name(a)].total(), 2 * world.served(a));
}

INSTANTIATE_TEST_SUITE_P(Seeds, CounterStatePropertyTest, testing::Range(1U, 101U));

}  // namespace
}  // namespace buntime
