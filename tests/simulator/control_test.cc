#include "simulator/control.h"

#include <gtest/gtest.h>
#include <rapidjson/document.h>

#include "simulator/test_client.h"

namespace buntime::simulator {
namespace {

using rapidjson::Document;

Document Parsed(const std::string& text) {
  Document document;
  document.Parse(text.c_str(), text.size());
  EXPECT_FALSE(document.HasParseError()) << text;
  return document;
}

// The truth about the first world of the first runtime.
class TruthSeries {
 public:
  explicit TruthSeries(const RunningSimulation& simulation) : all_(Parsed(simulation.Truth())) {}
  const rapidjson::Value& operator[](const char* name) const {
    return all_["runtimes"][0]["worlds"][0][name];
  }

 private:
  Document all_;
};

// Requests in the answers of a released runtime, by their own count.
std::uint64_t ShownRequests(const RunningSimulation& simulation) {
  const Document stats = Parsed(simulation.Get("/metrics/api/stats").Body());
  std::uint64_t sum = 0;
  const auto& workers = stats["workers"];
  for (auto it = workers.MemberBegin(); !(it == workers.MemberEnd()); ++it)
    sum += it->value["requestCount"].GetUint64();
  return sum;
}

int RejectedStatus(const RunningSimulation& simulation, const std::string& path) {
  return Ask(simulation.control_url(), "POST " + path).Status();
}

TEST(ControlTest, TheTruthIsWhatWasShownAcrossARestart) {
  const RunningSimulation simulation;
  const std::uint64_t before = ShownRequests(simulation);
  EXPECT_GT(before, 300U);
  EXPECT_EQ(TruthSeries(simulation)["requests"].GetUint64(), before);
  simulation.Post("/control/restart");
  EXPECT_EQ(ShownRequests(simulation), 0U);
  simulation.Post("/control/step?seconds=60");
  const std::uint64_t after = ShownRequests(simulation);
  const TruthSeries truth(simulation);
  EXPECT_GT(after, 600U);
  EXPECT_EQ(truth["requests"].GetUint64(), before + after);
  EXPECT_EQ(truth["restarts"].GetInt(), 1);
  EXPECT_EQ(truth["uptime_seconds"].GetDouble(), 60);
  EXPECT_EQ(truth["time_seconds"].GetDouble(), 90);
}

TEST(ControlTest, LoadIsSetPerRuntime) {
  Options options = QuietOptions();
  options.runtimes = 2;
  options.warmup_ms = 0;
  const RunningSimulation simulation(options);
  simulation.Post("/control/load?rps=0&ephemeral_rps=0&runtime=0");
  simulation.Post("/control/step?seconds=30");
  const Document truth = Parsed(simulation.Truth());
  EXPECT_EQ(truth["runtimes"][0]["worlds"][0]["requests"].GetInt(), 0);
  EXPECT_GT(truth["runtimes"][1]["worlds"][0]["requests"].GetInt(), 100);
}

TEST(ControlTest, ACrashMakesACounterFallAndTheTruthKeepsIt) {
  const RunningSimulation simulation;
  simulation.Post("/control/step?seconds=5");  // past a cleanup, which would retire them first
  const std::uint64_t before = ShownRequests(simulation);
  simulation.Post("/control/event?name=crash=2");
  EXPECT_EQ(ShownRequests(simulation), before);
  simulation.Post("/control/step?seconds=20");
  const std::uint64_t after = TruthSeries(simulation)["requests"].GetUint64();
  EXPECT_GT(after, before + 200);
  EXPECT_LT(ShownRequests(simulation), after - 50);
  EXPECT_EQ(TruthSeries(simulation)["drops"].GetInt(), 2);
}

TEST(ControlTest, AppsComeWithALoadOfTheirOwnAndTheTruthTellsWhatTheirClientsKnow) {
  Options options = QuietOptions();
  options.world.apps = options.world.ephemeral_apps = 0;
  const RunningSimulation simulation(options);
  simulation.Post("/control/app?name=shop@2.0.0&rps=100&max-requests=50&throws=4");
  simulation.Post("/control/step?seconds=10");
  const Document all = Parsed(simulation.Truth());
  const auto& app = all["runtimes"][0]["worlds"][0]["apps"][0];
  EXPECT_STREQ(app["app"].GetString(), "shop");
  EXPECT_STREQ(app["version"].GetString(), "2.0.0");
  EXPECT_EQ(app["sent"].GetInt(), 1'000);
  EXPECT_EQ(app["ok"].GetInt(), 750);
  EXPECT_EQ(app["failed"].GetInt(), 250);
  EXPECT_EQ(app["drops"].GetInt(), 19);
  simulation.Post("/control/app?name=shop&rps=0");
  simulation.Post("/control/step?seconds=10");
  const TruthSeries truth(simulation);
  EXPECT_EQ(truth["sent"].GetInt(), 1'000);
  EXPECT_EQ(truth["failed"].GetInt(), 250);
  EXPECT_EQ(truth["workers_failed"].GetInt(), 0);
}

TEST(ControlTest, ARestartCanTakeAWhile) {
  const RunningSimulation simulation;
  simulation.Post("/control/restart?down=3s");
  EXPECT_EQ(simulation.Get("/metrics/api/stats").end, End::kRefused);
  simulation.Post("/control/step?seconds=3");
  EXPECT_EQ(Parsed(simulation.Get("/metrics/api").Body())["uptimeMs"].GetInt(), 3'000);
}

TEST(ControlTest, AnUpgradeChangesLayoutAndKeepsTheBooks) {
  const RunningSimulation simulation;
  const std::uint64_t before = ShownRequests(simulation);
  simulation.Post("/control/release?name=0.5.4");
  EXPECT_EQ(simulation.Get("/metrics/api/stats").Field("Content-Type"), "text/html; charset=utf-8");
  EXPECT_EQ(simulation.Get("/metrics/admin/stats").Field("Content-Type"), "application/json");
  EXPECT_EQ(TruthSeries(simulation)["requests"].GetUint64(), before);
  simulation.Post("/control/release?name=documented");
  EXPECT_EQ(simulation.Get("/metrics/api/metrics/").Status(), 200);
}

TEST(ControlTest, BehindALoadBalancerAnswersTakeTurns) {
  const RunningSimulation simulation;
  simulation.Post("/control/scenario?name=load-balanced");
  simulation.Post("/control/step?seconds=10");
  const auto uptime = [&] { return Parsed(simulation.Get("/metrics/api").Body())["uptimeMs"].GetInt(); };
  const int first = uptime();
  const int second = uptime();
  EXPECT_EQ(std::max(first, second), 40'000);
  EXPECT_EQ(std::min(first, second), 10'000);
  EXPECT_EQ(uptime(), first);
}

TEST(ControlTest, EveryScenarioAndEventCanBeAppliedAndScenariosEnd) {
  const RunningSimulation simulation;
  for (const char* what : {"scenarios", "events"}) {
    const Document list = Parsed(Ask(simulation.control_url(), std::string("GET /control/") + what).Body());
    ASSERT_GT(list[what].Size(), 3U);
    const std::string command = what == std::string_view("events") ? "event" : "scenario";
    for (const auto& item : list[what].GetArray()) {
      simulation.Post("/control/" + command + "?name=" + item["name"].GetString());
    }
  }
  simulation.Post("/control/scenario?name=nominal");
  simulation.Post("/control/step?seconds=100");
  EXPECT_EQ(simulation.Get("/metrics/api/stats").Status(), 200);
  EXPECT_EQ(Parsed(simulation.Get("/metrics/api").Body())["ephemeralQueueDepth"].GetInt(), 0);
}

TEST(ControlTest, ScenariosDoWhatTheySay) {
  const RunningSimulation simulation;
  const auto pool = [&] { return Parsed(simulation.Get("/metrics/api").Body()); };
  simulation.Post("/control/scenario?name=queue-saturated");
  simulation.Post("/control/step?seconds=30");
  EXPECT_GT(pool()["ephemeralQueueDepth"].GetInt(), 50);
  simulation.Post("/control/scenario?name=nominal");
  const int evictions = pool()["evictions"].GetInt();
  simulation.Post("/control/scenario?name=thrash");
  simulation.Post("/control/step?seconds=30");
  EXPECT_GT(pool()["evictions"].GetInt(), evictions + 50);
  simulation.Post("/control/scenario?name=key-revoked");
  EXPECT_EQ(simulation.Get("/metrics/api/stats").Status(), 401);
  simulation.Post("/control/scenario?name=key-restored");
  EXPECT_EQ(simulation.Get("/metrics/api/stats").Status(), 200);
}

TEST(ControlTest, WithoutAnAddressOfItsOwnControlIsOnTheFirstRuntime) {
  Options options = QuietOptions();
  options.control.clear();
  const RunningSimulation simulation(options);
  EXPECT_EQ(simulation.control_url(), simulation.url());
  EXPECT_NE(simulation.Post("/control/restart").find("\"ok\":true"), std::string::npos);
  simulation.Post("/control/fault?name=reset");
  EXPECT_EQ(simulation.Get("/metrics/api/stats").end, End::kReset);
  simulation.Post("/control/clear");
  EXPECT_EQ(simulation.Get("/metrics/api/stats").Status(), 200);
}

TEST(ControlTest, RefusesNonsense) {
  const RunningSimulation simulation;
  for (const char* path : {"/control/nonsense",
                           "/control/fault",
                           "/control/fault?name=nonsense",
                           "/control/fault?name=stall&for=soon",
                           "/control/fault?name=stall&count=0",
                           "/control/fault?name=stall&runtime=1",
                           "/control/fault?name=stall&runtime=1-0",
                           "/control/fault?name=stall&runtime=x",
                           "/control/load?rps=-1",
                           "/control/load?rps=nan",
                           "/control/load?cats=1",
                           "/control/step",
                           "/control/step?seconds=inf",
                           "/control/speed?factor=x",
                           "/control/event?name=meteor",
                           "/control/scenario?name=failing=x",
                           "/control/release?name=9.9.9",
                           "/control/restart?down=x",
                           "/control/app",
                           "/control/app?name=a&cats=1",
                           "/control/app?name=a&ttl=x"}) {
    EXPECT_EQ(RejectedStatus(simulation, path), 400) << path;
  }
  EXPECT_EQ(Ask(simulation.control_url(), "GET /control/restart").Status(), 405);
  EXPECT_EQ(Ask(simulation.control_url(), "GET /elsewhere").Status(), 404);
  EXPECT_EQ(TruthSeries(simulation)["restarts"].GetInt(), 0);
}

TEST(ParseCommandTest, NamesMayHoldAnEqualsSign) {
  const Result<Command> command = ParseCommand(" fault status=503  path=stats runtime=3 ");
  ASSERT_TRUE(command.ok());
  EXPECT_EQ(command->verb, "fault");
  EXPECT_EQ(command->Param("name"), "status=503");
  EXPECT_EQ(command->Param("path"), "stats");
  EXPECT_EQ(command->Param("runtime"), "3");
  EXPECT_EQ(ParseCommand("load rps=5")->Param("rps"), "5");
  EXPECT_FALSE(ParseCommand("").ok());
  EXPECT_FALSE(ParseCommand("restart now").ok());
}

}  // namespace
}  // namespace buntime::simulator
