// What a runtime answers where: layouts, keys, web pages, health, compression, the stream.
#include <gtest/gtest.h>

#include "simulator/test_client.h"

namespace buntime::simulator {
namespace {

struct LayoutCase {
  const char* release;
  const char* stats;
  const char* summary;
  const char* prometheus;
  const char* sse;
};
constexpr LayoutCase kLayouts[] = {
    {"documented", "/metrics/api/metrics/stats", "/metrics/api/metrics/", "/metrics/api/metrics/prometheus",
     "/metrics/api/metrics/sse"},
    {"0.2.26", "/metrics/api/stats", "/metrics/api", "/metrics/api/prometheus", "/metrics/api/sse"},
    {"0.5.4", "/metrics/admin/stats", "/metrics/admin", "/metrics/prometheus", "/metrics/admin/sse"},
};

class LayoutTest : public testing::TestWithParam<LayoutCase> {};
INSTANTIATE_TEST_SUITE_P(All, LayoutTest, testing::ValuesIn(kLayouts), [](const auto& param) {
  return param.param.release[2] == '2' ? "api" : param.param.release[2] == '5' ? "admin" : "documented";
});

TEST_P(LayoutTest, ServesItsPathsAndNoOthers) {
  const LayoutCase& own = GetParam();
  const RunningSimulation simulation(QuietOptions(own.release));
  for (const char* path : {own.stats, own.summary}) {
    const Answer answer = simulation.Get(path);
    EXPECT_EQ(answer.Status(), 200) << path;
    EXPECT_EQ(answer.Field("Content-Type"), "application/json") << path;
  }
  EXPECT_EQ(simulation.Get(own.prometheus).Field("Content-Type"), "text/plain; charset=utf-8");
  for (const LayoutCase& other : kLayouts) {
    if (other.release == own.release) continue;
    const Answer page = simulation.Get(other.stats);
    EXPECT_EQ(page.Status(), 200);
    EXPECT_EQ(page.Field("Content-Type"), "text/html; charset=utf-8") << other.stats;
  }
}

TEST_P(LayoutTest, WantsTheKeyForAllButTheTextAndHealth) {
  Options options = QuietOptions(GetParam().release);
  options.runtime.api_key = "right";
  const RunningSimulation simulation(options);
  for (const char* path : {GetParam().stats, GetParam().summary, GetParam().sse}) {
    for (const char* header :
         {"", "X-API-Key: wrong\r\n", "Authorization: Bearer wrong\r\n", "Authorization: right\r\n"}) {
      const Answer refused = simulation.Get(path, header);
      EXPECT_EQ(refused.Status(), 401) << path << header;
      EXPECT_EQ(refused.Body(), R"({"code":"AUTH_REQUIRED","error":"Missing or invalid API key"})");
    }
  }
  EXPECT_EQ(simulation.Get(GetParam().stats, "X-API-Key: right\r\n").Status(), 200);
  EXPECT_EQ(simulation.Get(GetParam().stats, "authorization: Bearer right\r\n").Status(), 200);
  EXPECT_EQ(simulation.Get(GetParam().prometheus).Status(), 200);
  EXPECT_EQ(simulation.Get("/api/health").Status(), 200);
}

TEST_P(LayoutTest, BeforeThereIsAPoolStatsAreEmptyAndTheSummaryIs503) {
  Options options = QuietOptions(GetParam().release);
  options.world.init_delay_ms = 60'000;
  const RunningSimulation simulation(options);
  EXPECT_EQ(simulation.Get(GetParam().stats).Body(), R"({"pool":{},"workers":{}})");
  const Answer summary = simulation.Get(GetParam().summary);
  EXPECT_EQ(summary.Status(), 503);
  EXPECT_EQ(summary.Body(), R"({"error":"Pool not initialized"})");
  simulation.Post("/control/step?seconds=60");
  EXPECT_EQ(simulation.Get(GetParam().summary).Status(), 200);
}

TEST_P(LayoutTest, StreamsTheBodyThatTheReleaseStreams) {
  const RunningSimulation simulation(QuietOptions(GetParam().release));
  const Answer stream = Ask(simulation.url(), std::string("GET ") + GetParam().sse);
  EXPECT_EQ(stream.end, End::kWaiting);
  EXPECT_EQ(stream.Field("Content-Type"), "text/event-stream");
  const bool documented = std::string_view(GetParam().release) == "documented";
  const std::string body = simulation.Get(documented ? GetParam().summary : GetParam().stats).Body();
  EXPECT_EQ(stream.Body(), "data: " + body + "\n\n");
}

TEST(RoutesTest, TheStreamGoesOnOnceASecond) {
  const RunningSimulation simulation;
  const std::string event = "data: " + simulation.Get("/metrics/api/stats").Body() + "\n\n";
  const Answer stream =
      Ask(simulation.url(), "GET /metrics/api/sse", "", 2 * event.size(), std::chrono::milliseconds(5'000));
  EXPECT_EQ(stream.Body().substr(0, 2 * event.size()), event + event);
}

TEST(RoutesTest, HealthIsAlwaysFineAndKnowsTheVersion) {
  const RunningSimulation simulation(QuietOptions("0.5.4"));
  simulation.Post("/control/scenario?name=key-revoked");
  for (const char* path : {"/api/health", "/api/health/ready", "/api/health/live"}) {
    const Answer answer = simulation.Get(path);
    EXPECT_EQ(answer.Status(), 200) << path;
    EXPECT_EQ(answer.Body(), R"({"ok":true,"status":"healthy","version":"1.4.0"})");
  }
  EXPECT_EQ(simulation.Get("/_/api/health").Status(), 404);
}

TEST(RoutesTest, HealthStandsBelowThePrefixAlone) {
  Options options = QuietOptions("0.2.15");
  options.runtime.api_prefix = "/_";
  const RunningSimulation simulation(options);
  EXPECT_NE(simulation.Get("/_/api/health").Body().find("\"1.0.3\""), std::string::npos);
  EXPECT_EQ(simulation.Get("/api/health").Status(), 404);
}

// What a search for the right path costs a runtime.
TEST(RoutesTest, TheWebPageIsAnAppAndWaitsInTheQueue) {
  Options options = QuietOptions();
  options.world.apps = options.world.ephemeral_apps = 0;
  options.world.own.push_back(*ParseAppSpec("eph,ttl=0,mean=1s"));
  options.world.gate_limit = 4;
  options.warmup_ms = 1'000;
  const RunningSimulation simulation(options);
  EXPECT_EQ(simulation.Get("/metrics/admin/stats").Status(), 200);
  simulation.Post("/control/step?seconds=2");
  EXPECT_NE(simulation.Get("/metrics/api/stats").Body().find("\"plugin-metrics@1.0.0\":"), std::string::npos);
  simulation.Post("/control/app?name=eph&rps=100");
  simulation.Post("/control/step?seconds=30");
  const Answer refused = simulation.Get("/metrics/admin/stats");
  EXPECT_EQ(refused.Status(), 500);
  EXPECT_EQ(refused.Body(), "Internal Server Error");
  simulation.Post("/control/app?name=eph&rps=0");
  simulation.Post("/control/step?seconds=1");
  EXPECT_EQ(simulation.Get("/metrics/admin/stats").end, End::kWaiting);
}

TEST(RoutesTest, UnknownPathsCanBe404) {
  Options options = QuietOptions();
  options.runtime.unknown_path_404 = true;
  options.runtime.plugin_base = "/obs/metrics";
  const RunningSimulation simulation(options);
  EXPECT_EQ(simulation.Get("/obs/metrics/api/stats").Status(), 200);
  EXPECT_EQ(simulation.Get("/obs/metrics/other").Status(), 404);
  EXPECT_EQ(simulation.Get("/metrics/api/stats").Status(), 404);
}

TEST(RoutesTest, CompressesOnlyWhenBothWantIt) {
  Options options = QuietOptions();
  options.runtime.gzip = true;
  const RunningSimulation simulation(options);
  EXPECT_EQ(simulation.Get("/metrics/api/stats").Field("Content-Encoding"), "");
  EXPECT_EQ(simulation.Get("/metrics/api/stats", "Accept-Encoding: gzip\r\n").Field("Content-Encoding"),
            "gzip");
  EXPECT_EQ(simulation.Get("/metrics/api/stats").Field("Content-Encoding"), "");
  const RunningSimulation plain;
  EXPECT_EQ(plain.Get("/metrics/api/stats", "Accept-Encoding: gzip\r\n").Field("Content-Encoding"), "");
}

TEST(RoutesTest, ABadRequestIsAnsweredAndTheNextOneServed) {
  const RunningSimulation simulation;
  EXPECT_EQ(Ask(simulation.url(), "NONSENSE").Status(), 400);
  const Answer two = Ask(simulation.url(), "GET /api/health HTTP/1.1\r\nHost: a\r\n\r\nGET /api/health",
                         "Connection: close\r\n", 1'000);
  EXPECT_EQ(two.end, End::kClosed);
  EXPECT_NE(two.bytes.find("HTTP/1.1 200", 20), std::string::npos);
}

}  // namespace
}  // namespace buntime::simulator
