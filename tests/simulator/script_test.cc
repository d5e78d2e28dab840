#include "simulator/script.h"

#include <gtest/gtest.h>

#include "simulator/test_client.h"

namespace buntime::simulator {
namespace {

TEST(ScriptTest, GivesEachEntryOnceWhenItIsDue) {
  Result<Script> script = Script::Parse("# an incident\n\n+1s fault stall\r\n+1s load rps=3\n+1m30s clear");
  ASSERT_TRUE(script.ok()) << script.error().message;
  EXPECT_EQ(script->Due(999), nullptr);
  EXPECT_EQ(script->Due(1'000)->command.Param("name"), "stall");
  EXPECT_EQ(script->Due(1'000)->line, "+1s load rps=3");
  EXPECT_EQ(script->Due(89'000), nullptr);
  EXPECT_EQ(script->Due(200'000)->command.verb, "clear");
  EXPECT_EQ(script->Due(200'000), nullptr);
}

TEST(ScriptTest, NamesTheBadLine) {
  for (const char* bad :
       {"30s clear", "+ clear", "+soon clear", "+5s", "+5s restart now", "+5s clear\n+4s clear"}) {
    EXPECT_FALSE(Script::Parse(bad).ok()) << bad;
  }
  EXPECT_EQ(Script::Parse("\n+5s clear\n+4s clear").error().message, "script line 3: goes back in time");
}

TEST(ScriptTest, RunsInSimulatedTime) {
  Options options = QuietOptions();
  options.script = *Script::Parse("+40s fault status=500\n+50s clear");
  const RunningSimulation simulation(options);
  EXPECT_EQ(simulation.Get("/metrics/api/stats").Status(), 200);
  simulation.Post("/control/step?seconds=10");
  EXPECT_EQ(simulation.Get("/metrics/api/stats").Status(), 500);
  simulation.Post("/control/step?seconds=10");
  EXPECT_EQ(simulation.Get("/metrics/api/stats").Status(), 200);
}

}  // namespace
}  // namespace buntime::simulator
