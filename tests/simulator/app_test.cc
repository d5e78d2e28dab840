// Apps as tests describe them: how their workers end, and what is counted where.
#include <gtest/gtest.h>

#include "simulator/test_world.h"

namespace buntime::simulator {
namespace {

// One app alone, with what a test says of it.
WorldOptions OneApp(const char* spec) {
  WorldOptions options;
  options.apps = options.ephemeral_apps = 0;
  options.own.push_back(*ParseAppSpec(spec));
  return options;
}

AppTruth TruthAfter(LiveWorld& world, std::int64_t ms) {
  world.AdvanceTo(ms);
  return world.GetTruth().apps.front();
}

TEST(AppTest, AWorkerEndsAtItsLimitOfRequestsAndItsCountsAreLost) {
  LiveWorld world(OneApp("shop@2.0.0,rps=100,max-requests=50"), Knobs{});
  const AppTruth app = TruthAfter(world, 60'000);
  EXPECT_EQ(app.clients.sent, 6'000U);
  EXPECT_EQ(app.served.requests, 6'000U);
  EXPECT_EQ(app.drops, 119U);
  const View& view = world.Describe();
  EXPECT_EQ(view.counters.requests(), 6'000U);
  EXPECT_EQ(view.counters.misses, 120U);
  EXPECT_EQ(view.counters.retired, 0U);
  ASSERT_EQ(view.rows.size(), 1U);
  EXPECT_LE(view.rows[0].tally.requests, 50U);
  EXPECT_LE(view.rows[0].age_ms, 500);
}

TEST(AppTest, TheCleanupRetiresAWorkerThatReachedItsLimit) {
  LiveWorld world(OneApp("shop,rps=50,max-requests=1000"), Knobs{});
  world.AdvanceTo(20'000);  // the thousandth request, and then none
  ASSERT_FALSE(world.SetApp({"shop", {{"rps", "0"}}}));
  const AppTruth app = TruthAfter(world, 40'000);
  EXPECT_EQ(app.served.requests, 1'000U);
  EXPECT_EQ(app.shown.requests, 1'000U);
  EXPECT_EQ(world.Describe().counters.retired, 1U);
  EXPECT_EQ(world.Describe().Count(RowState::kOffline), 1U);
}

TEST(AppTest, AnAppThatOnlyTimesOutLosesAWorkerARequest) {
  LiveWorld world(OneApp("tmo,rps=0.7,hangs=1s"), Knobs{});
  const AppTruth app = TruthAfter(world, 100'000);
  EXPECT_EQ(app.clients.ok, 0U);
  EXPECT_NEAR(static_cast<double>(app.clients.sent), 70, 1);
  EXPECT_GE(app.drops + 2, app.clients.sent);
  EXPECT_GE(app.served.requests + 1, app.clients.sent);  // one may wait for its worker
  EXPECT_EQ(app.served.errors, app.clients.failed);
  EXPECT_LE(world.Describe().rows[0].tally.requests, 1U);
}

TEST(AppTest, AnAppThatNeverBootsHitsAndMissesAndCountsNothing) {
  LiveWorld world(OneApp("noboot,rps=20,boots=no,boot=400ms"), Knobs{});
  const AppTruth app = TruthAfter(world, 60'000);
  const View& view = world.Describe();
  EXPECT_EQ(app.served, Tally{});
  EXPECT_EQ(view.counters.requests(), app.clients.sent);
  EXPECT_GT(view.counters.hits, view.counters.misses);
  EXPECT_EQ(view.counters.retired + view.counters.failed, 0U);
  EXPECT_EQ(app.drops + 1, view.counters.created);
  EXPECT_LT(view.rows[0].age_ms, 1'000);
}

TEST(AppTest, AThrowIsAnErrorAndACrashEndsTheWorker) {
  LiveWorld throws(OneApp("a,rps=10,throws=4"), Knobs{});
  AppTruth app = TruthAfter(throws, 100'000);
  EXPECT_EQ(app.served.errors, app.served.requests / 4);
  EXPECT_EQ(app.drops, 0U);
  LiveWorld crashes(OneApp("a,rps=10,crashes=50"), Knobs{});
  app = TruthAfter(crashes, 100'050);
  EXPECT_EQ(app.served.errors, app.served.requests / 50);
  EXPECT_NEAR(static_cast<double>(app.drops), static_cast<double>(app.served.errors), 1);
}

TEST(AppTest, FailuresWithoutATtlAreInThePoolAlone) {
  LiveWorld world(OneApp("eph,ttl=0,rps=5,throws=2"), Knobs{});
  const AppTruth app = TruthAfter(world, 60'000);
  const View& view = world.Describe();
  EXPECT_EQ(view.counters.failed, app.clients.failed);
  EXPECT_NEAR(static_cast<double>(app.clients.failed), 150, 2);
  EXPECT_EQ(app.served.requests, app.clients.ok);
  EXPECT_EQ(app.served.errors, 0U);
  EXPECT_EQ(view.counters.hits, 0U);
  EXPECT_EQ(view.counters.misses, view.counters.created);
}

TEST(AppTest, ThePageIsAnAppBehindTheQueue) {
  WorldOptions options = OneApp("eph,ttl=0,rps=100,mean=1s");
  options.gate_limit = 10;
  LiveWorld world(options, Knobs{});
  const auto first = world.AskPage();
  ASSERT_TRUE(first);
  EXPECT_TRUE(world.HasPage(*first));
  world.AdvanceTo(5'000);
  EXPECT_FALSE(world.AskPage());
  const AppTruth page = world.GetTruth().apps.back();
  EXPECT_EQ(page.app, "plugin-metrics");
  EXPECT_EQ(page.clients, (Clients{2, 1, 1, 1}));
  ASSERT_FALSE(world.SetApp({"eph", {{"rps", "0"}}}));
  world.AdvanceTo(6'000);
  const auto second = world.AskPage();
  ASSERT_TRUE(second);
  EXPECT_FALSE(world.HasPage(*second));
  world.AdvanceTo(20'000);
  EXPECT_TRUE(world.HasPage(*second));
}

TEST(AppTest, RefusesNonsense) {
  for (const char* text : {"", ",rps=1", "a,rps", "a,rps=-1,"}) {
    const Result<AppSpec> spec = ParseAppSpec(text);
    App app;
    EXPECT_TRUE(!spec.ok() || ChangeApp(app, spec->changes)) << text;
  }
  App app;
  for (const auto& field :
       {std::pair{"max-requests", "0"}, {"boots", "maybe"}, {"ttl", "soon"}, {"cats", "1"}}) {
    EXPECT_TRUE(ChangeApp(app, {{field.first, field.second}})) << field.first;
  }
  LiveWorld world(OneApp("a,rps=1"), Knobs{});
  EXPECT_TRUE(world.SetApp({"a", {{"ttl", "0"}}}));
}

}  // namespace
}  // namespace buntime::simulator
