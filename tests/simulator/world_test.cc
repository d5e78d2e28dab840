#include <gtest/gtest.h>

#include <set>

#include "simulator/static_world.h"
#include "simulator/test_world.h"

namespace buntime::simulator {
namespace {

// Every request is somewhere: in an answer, or in the list of what was forgotten.
void ExpectConserved(World& world) {
  const std::map<std::string, Tally> shown = SumByKey(world.Describe());
  for (const AppTruth& app : world.GetTruth().apps) {
    const auto it = shown.find(app.app + "@" + app.version);
    EXPECT_EQ(app.shown, it == shown.end() ? Tally{} : it->second) << app.app;
    Tally sum = app.shown;
    sum += app.forgotten;
    EXPECT_EQ(app.served, sum) << app.app;
    EXPECT_LE(app.clients.ok + app.clients.failed, app.clients.sent) << app.app;
    EXPECT_LE(app.served.requests, app.clients.sent) << app.app;
  }
}

class WorldTest : public testing::TestWithParam<bool> {
 protected:
  LiveWorld world_{SmallWorld(GetParam()), BusyKnobs()};
};
INSTANTIATE_TEST_SUITE_P(Dialects, WorldTest, testing::Bool(),
                         [](const auto& param) { return param.param ? "documented" : "released"; });

TEST_P(WorldTest, ConservesEveryRequestAcrossEvictionsDropsDeploysAndRestarts) {
  for (int second = 1; second <= 120; ++second) {
    world_.AdvanceTo(second * 1'000);
    if (second % 7 == 0) {
      ASSERT_TRUE(world_.Happen("crash", 1).ok());
    }
    if (second % 11 == 0) {
      ASSERT_TRUE(world_.Happen("deploy", 1).ok());
    }
    if (second % 13 == 0) {
      ASSERT_TRUE(world_.Happen("burst", 150).ok());
    }
    if (second % 40 == 0) world_.Restart();
    ExpectConserved(world_);
  }
  const Truth truth = world_.GetTruth();
  EXPECT_EQ(truth.restarts, 3U);
  EXPECT_EQ(Drops(truth) > 0, !GetParam());
  EXPECT_GT(truth.counters.evictions, 0U);
  EXPECT_GT(AllClients(truth).rejected, 0U);
  EXPECT_GT(Served(truth).requests, 2'000U);
  EXPECT_GT(Served(truth).errors, 0U);
}

TEST_P(WorldTest, TheSameSeedIsTheSameHistoryHoweverOftenOneLooks) {
  LiveWorld other(SmallWorld(GetParam()), BusyKnobs());
  for (int ms = 0; ms <= 20'000; ms += 130) world_.AdvanceTo(ms);
  world_.AdvanceTo(20'000);
  other.AdvanceTo(20'000);
  EXPECT_EQ(Served(world_.GetTruth()), Served(other.GetTruth()));
  EXPECT_EQ(SumByKey(world_.Describe()), SumByKey(other.Describe()));

  WorldOptions options = SmallWorld(GetParam());
  options.seed = 8;
  LiveWorld third(options, BusyKnobs());
  third.AdvanceTo(20'000);
  EXPECT_NE(SumByKey(world_.Describe()), SumByKey(third.Describe()));
}

TEST_P(WorldTest, ARestartStartsFromNothing) {
  world_.AdvanceTo(30'000);
  EXPECT_EQ(world_.Describe().uptime_ms, 30'000);
  world_.Restart();
  const View& view = world_.Describe();
  EXPECT_EQ(view.uptime_ms, 0);
  EXPECT_EQ(view.counters, PoolCounters{});
  EXPECT_TRUE(view.rows.empty());
  world_.AdvanceTo(31'000);
  EXPECT_EQ(world_.Describe().uptime_ms, 1'000);
  EXPECT_EQ(world_.GetTruth().uptime_ms, 1'000);
}

TEST_P(WorldTest, WithoutLoadEverythingEnds) {
  world_.AdvanceTo(20'000);
  Knobs quiet = BusyKnobs();
  quiet.rps = quiet.ephemeral_rps = 0;
  world_.SetKnobs(quiet);
  world_.AdvanceTo(60'000);
  const Tally before = Served(world_.GetTruth());
  world_.AdvanceTo(90'000);
  EXPECT_EQ(Served(world_.GetTruth()), before);
  EXPECT_EQ(world_.Describe().Count(RowState::kActive), 0U);
  EXPECT_EQ(world_.Describe().Count(RowState::kIdle), 0U);
  EXPECT_EQ(world_.Describe().cached, 0U);
  ExpectConserved(world_);
}

TEST_P(WorldTest, ABadDeployIsSeenInCreatedWorkersOnly) {
  Knobs knobs = BusyKnobs();
  knobs.bad_deploy = true;
  knobs.uniform = true;
  world_.SetKnobs(knobs);
  world_.AdvanceTo(60'000);
  const Truth truth = world_.GetTruth();
  const AppTruth& app = truth.apps.front();
  EXPECT_EQ(app.served, Tally{});
  EXPECT_GT(app.clients.failed, 150U);
  EXPECT_EQ(app.clients.ok, 0U);
  EXPECT_GT(truth.counters.created, 150U);
  if (!GetParam()) {
    EXPECT_GT(app.drops, 50U);  // others are evicted before the next request finds them
  }
  EXPECT_LT(truth.counters.failed, 10U);
}

TEST_P(WorldTest, NothingIsThereBeforeThePoolIs) {
  WorldOptions options = SmallWorld(GetParam());
  options.init_delay_ms = 5'000;
  LiveWorld world(options, BusyKnobs());
  world.AdvanceTo(4'900);
  EXPECT_FALSE(world.Describe().initialised);
  EXPECT_FALSE(world.Happen("crash", 1).ok());
  world.AdvanceTo(5'100);
  EXPECT_TRUE(world.Describe().initialised);
  EXPECT_GT(world.Describe().counters.requests(), 0U);
}

TEST(ReleasedWorldTest, CountersOfAKeySurviveItsWorkersButNotACrash) {
  LiveWorld world(SmallWorld(), BusyKnobs());
  std::map<std::string, Tally> last;
  for (int second = 1; second <= 60; ++second) {
    world.AdvanceTo(second * 1'000);
    for (const auto& [key, tally] : SumByKey(world.Describe())) {
      EXPECT_GE(tally.requests, last[key].requests) << key;
      last[key] = tally;
    }
  }
  EXPECT_GT(world.GetTruth().counters.evictions, 0U);
  WorldOptions roomy = SmallWorld();
  roomy.pool_size = 100;
  LiveWorld crashed(roomy, BusyKnobs());
  crashed.AdvanceTo(60'000);
  last = SumByKey(crashed.Describe());
  ASSERT_TRUE(crashed.Happen("crash", 100).ok());
  crashed.AdvanceTo(62'000);
  bool fell = false;
  for (const auto& [key, tally] : SumByKey(crashed.Describe())) fell |= tally.requests < last[key].requests;
  EXPECT_TRUE(fell);
}

TEST(ReleasedWorldTest, PoolAndWorkersAgree) {
  LiveWorld world(SmallWorld(), BusyKnobs());
  world.AdvanceTo(60'000);
  const View& view = world.Describe();
  EXPECT_LE(view.cached, view.pool_size);
  EXPECT_LE(view.Count(RowState::kActive) + view.Count(RowState::kIdle), 2 * view.pool_size);
  EXPECT_GT(view.Count(RowState::kOffline), 0U);
  EXPECT_GT(view.Count(RowState::kEphemeral), 0U);
}

TEST(ReleasedWorldTest, ALookupIsARequestApartFromWhatStillBootsOrRuns) {
  WorldOptions roomy = SmallWorld();
  roomy.pool_size = 100;
  roomy.model.max_requests = 1'000'000;
  LiveWorld world(roomy, BusyKnobs());
  world.AdvanceTo(60'000);
  const View& view = world.Describe();
  std::uint64_t requests = 0;
  for (const WorkerRow& row : view.rows) requests += row.tally.requests;
  EXPECT_LE(requests, view.counters.requests());
  EXPECT_GT(requests, view.counters.requests() * 99 / 100);
}

TEST(ReleasedWorldTest, RemembersAThousandOfflineKeys) {
  LiveWorld world(SmallWorld(), BusyKnobs());
  world.AdvanceTo(5'000);
  ASSERT_TRUE(world.Happen("deploy", 1'200).ok());
  world.AdvanceTo(20'000);
  const std::size_t offline = world.Describe().Count(RowState::kOffline);
  EXPECT_LE(offline, 1'000U);
  EXPECT_GT(offline, 990U);
  ExpectConserved(world);
}

TEST(DocumentedWorldTest, WorkersComeAndGoUnderIdsOfTheirOwn) {
  LiveWorld world(SmallWorld(true), BusyKnobs());
  std::set<std::string> ids;
  bool terminated = false;
  bool creating = false;
  for (int second = 1; second <= 60; ++second) {
    world.AdvanceTo(second * 1'000);
    std::set<std::string> now;
    for (const WorkerRow& row : world.Describe().rows) {
      EXPECT_TRUE(now.insert(row.id).second) << row.id;
      terminated |= row.state == RowState::kTerminated;
      creating |= row.state == RowState::kCreating;
    }
    ids.merge(now);
  }
  EXPECT_TRUE(terminated);
  EXPECT_TRUE(creating);
  EXPECT_GT(ids.size(), 100U);
}

TEST(DocumentedWorldTest, ADeployWarmsReadyWorkers) {
  LiveWorld world(SmallWorld(true), Knobs{});
  Knobs quiet;
  quiet.rps = quiet.ephemeral_rps = 0;
  world.SetKnobs(quiet);
  ASSERT_TRUE(world.Happen("deploy", 1).ok());
  world.AdvanceTo(5'000);
  EXPECT_GT(world.Describe().Count(RowState::kReady), 0U);
}

TEST(KnobsTest, ShapeTheVictimAlone) {
  LiveWorld calm(SmallWorld(), BusyKnobs());
  LiveWorld bad(SmallWorld(), BusyKnobs());
  Knobs knobs = BusyKnobs();
  knobs.failing = 0.5;
  knobs.slow = 10;
  bad.SetKnobs(knobs);
  calm.AdvanceTo(60'000);
  bad.AdvanceTo(60'000);
  const auto mean = [](const Tally& t) {
    return t.centi_ms / std::max<std::uint64_t>(1, t.requests - t.errors);
  };
  const auto& good = calm.GetTruth().apps;
  const auto& hurt = bad.GetTruth().apps;
  EXPECT_GT(hurt[0].served.errors, hurt[0].served.requests / 3);
  EXPECT_GT(mean(hurt[0].served), 5 * mean(good[0].served));
  EXPECT_LT(hurt[1].served.errors, hurt[1].served.requests / 10);
  EXPECT_LT(mean(hurt[1].served), 2 * mean(good[1].served));
}

TEST(KnobsTest, ALeakGrowsUntilTheRestart) {
  LiveWorld world(SmallWorld(true), BusyKnobs());
  Knobs knobs = BusyKnobs();
  knobs.leak_bytes_per_second = 10'000'000;
  world.SetKnobs(knobs);
  world.AdvanceTo(1'000);
  const std::uint64_t before = world.Describe().heap_bytes;
  world.AdvanceTo(61'000);
  EXPECT_GT(world.Describe().heap_bytes, before + 600'000'000);
  world.Restart();
  world.AdvanceTo(61'500);
  EXPECT_LT(world.Describe().heap_bytes, before + 600'000'000);
}

TEST(KnobsTest, ACrashLoopRestarts) {
  LiveWorld world(SmallWorld(), BusyKnobs());
  Knobs knobs = BusyKnobs();
  knobs.crash_every_ms = 5'000;
  world.SetKnobs(knobs);
  world.AdvanceTo(26'000);
  EXPECT_EQ(world.GetTruth().restarts, 5U);
  ExpectConserved(world);
}

TEST(StaticWorldTest, CountsUpAndConserves) {
  WorldOptions options;
  options.static_workers = 500;
  StaticWorld world(options);
  EXPECT_EQ(world.Describe().rows.size(), 500U);
  const Tally start = Served(world.GetTruth());
  world.AdvanceTo(10'000);
  const Tally later = Served(world.GetTruth());
  EXPECT_GT(later.requests, start.requests);
  Tally shown;
  for (const WorkerRow& row : world.Describe().rows) shown += row.tally;
  EXPECT_EQ(shown, later);
  world.Restart();
  EXPECT_EQ(Served(world.GetTruth()), later);
  world.AdvanceTo(20'000);
  EXPECT_GT(Served(world.GetTruth()).requests, later.requests);
  std::set<std::string> keys;
  for (const WorkerRow& row : world.Describe().rows) EXPECT_TRUE(keys.insert(row.key).second);
}

}  // namespace
}  // namespace buntime::simulator
