// Every path that the exporter serves is in the list that --web.telemetry-path is checked against.
#include <gtest/gtest.h>

#include <chrono>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/api_routes.h"
#include "model/web_paths.h"
#include "poll/prober.h"
#include "support/fake_clock.h"

namespace buntime::testing {
namespace {

TEST(RoutesTest, AreReservedAndDifferent) {
  const FleetBoard board;
  History history;
  const FakeClock clock;
  LiveFeed live(board, history, clock, {std::chrono::seconds(1), 1, "epoch"});
  DocumentAnswers answers("epoch");
  const ApiSources sources = {board, history, clock,
                              live,  answers, [] { return std::vector<RecentProbe>(); }};
  std::vector<Route> routes = PageRoutes(sources, {"1", "abc", "/metrics"});
  for (Route& route : DocumentedRoutes(sources, true)) routes.push_back(std::move(route));
  for (const std::string_view path :
       {web_path::kProbe, web_path::kConfig, web_path::kHealthy, web_path::kReady, web_path::kReload}) {
    routes.push_back({.path = std::string(path)});
  }
  std::set<std::string> paths;
  for (const Route& route : routes) {
    EXPECT_TRUE(web_path::IsReserved(route.path)) << route.path;
    EXPECT_TRUE(paths.insert(route.path).second) << route.path;
  }
  EXPECT_TRUE(paths.contains("/metrics/api/metrics/openapi.json"));
  EXPECT_GT(paths.size(), 20U);
}

TEST(RoutesTest, OfTheMetricsAreNot) {
  for (const std::string_view path :
       {"/metrics", "/metrics/", "/metrics/api", "/targetsx", "/workers/", "/apps/", "/probe/x"}) {
    EXPECT_FALSE(web_path::IsReserved(path)) << path;
  }
}

}  // namespace
}  // namespace buntime::testing
