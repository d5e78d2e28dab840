// Whole expositions, from the bytes of an answer to the text that is scraped, compared with files beside this
// one. UPDATE_GOLDEN=1 writes them anew.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "decode/decoder.h"
#include "metrics/fleet_text.h"
#include "metrics/self_metrics.h"
#include "metrics/text_format.h"
#include "poll/runtime_state.h"
#include "support/exposition_reader.h"
#include "support/fake_clock.h"
#include "tests_dir.h"

namespace buntime {
namespace {

using namespace std::chrono_literals;

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

Target MakeTarget(const std::string& name) {
  Target target;
  target.name = name;
  target.url = *ParseRuntimeUrl("http://localhost:8000");
  target.stale_after = 13s;
  target.peak_window = 60s;
  target.worker_limit = 1000;
  return target;
}

std::vector<std::string> SortedLines(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(stream, line);) lines.push_back(std::move(line));
  std::ranges::sort(lines);
  return lines;
}

class GoldenTest : public ::testing::Test {
 protected:
  void Poll(RuntimeState& state, std::string body, Layout layout, std::optional<double> uptime = std::nullopt,
            const std::string& version = "") {
    auto snapshot = DecodeStats(std::move(body));
    ASSERT_TRUE(snapshot) << snapshot.error().message;
    if (uptime) snapshot->pool.uptime_seconds = uptime;
    state.Succeed({std::move(*snapshot), layout, version}, clock_.Now(), 1.7e9, 4ms);
    clock_.Advance(1s);
  }

  void Expect(const std::string& name, const std::vector<const RuntimeState*>& states) {
    Fleet fleet;
    for (const RuntimeState* state : states) fleet.runtimes.push_back(state->View(clock_.Now()));
    std::string text;
    RenderFleet(fleet, text, {});
    ReadExposition(text);
    const std::string path = std::string(BUNTIME_TESTS_DIR) + "/golden/" + name + ".prom";
    if (std::getenv("UPDATE_GOLDEN") != nullptr) std::ofstream(path, std::ios::binary) << text;
    EXPECT_EQ(text, ReadFile(path)) << "if this is meant: UPDATE_GOLDEN=1 ctest -R golden_test";
  }

  static std::string Capture(const std::string& version, int number) {
    std::string digits = std::to_string(number);
    digits.insert(0, 3 - digits.size(), '0');
    return ReadFile(std::string(BUNTIME_TESTS_DIR) + "/fixtures/captures/" + version + "/stats-" + digits +
                    ".json");
  }

  FakeClock clock_;
};

TEST_F(GoldenTest, DocumentedExample) {
  Target target = MakeTarget("");
  RuntimeState state(target);
  Poll(state,
       R"({"pool":{"size":500,"active":12,"idle":3,"creating":0,"total":15,"utilization":0.03},
           "workers":[{"id":"worker-abc-123","app":"my-app@latest","state":"active","requests":1542,"uptime":3600,
                       "memory":{"rss":52428800,"heapUsed":31457280}},
                      {"id":"worker-abc-124","app":"@team/shop@1.2.0","state":"creating","requests":0,"uptime":0.25,
                       "memory":{"rss":52428800,"heapUsed":1048576}}]})",
       Layout::kDocumented, 86400);
  Expect("documented", {&state});
}

TEST_F(GoldenTest, Release0_2_26) {
  Target target = MakeTarget("");
  target.pool_size = 3;
  RuntimeState state(target);
  for (int i = 1; i <= 20; ++i) Poll(state, Capture("0.2.26", i), Layout::kApi, std::nullopt, "1.1.0");
  Expect("release-0.2.26", {&state});
}

TEST_F(GoldenTest, Release0_5_4) {
  RuntimeState state(MakeTarget(""));
  for (int i = 1; i <= 40; ++i) Poll(state, Capture("0.5.4", i), Layout::kAdmin, std::nullopt, "1.4.0");
  Expect("release-0.5.4", {&state});
}

TEST_F(GoldenTest, FleetWithOneDownAndOneNeverReached) {
  RuntimeState up(MakeTarget("blue"));
  Poll(up, Capture("0.5.4", 5), Layout::kAdmin);
  RuntimeState down(MakeTarget("green"));
  Poll(down, Capture("0.2.26", 5), Layout::kApi);
  clock_.Advance(1min);
  Poll(up, Capture("0.5.4", 6), Layout::kAdmin);
  down.Fail({Outcome::kTimeout, "no answer"}, Layout::kApi, 1.7e9, 3s);
  RuntimeState never(MakeTarget("never \"reached\""));
  never.Fail({Outcome::kUnauthorized, "401"}, Layout::kAdmin, 1.7e9, 2ms);
  Expect("fleet", {&up, &down, &never});
}

TEST_F(GoldenTest, ExporterItself) {
  SelfMetrics self({"1.2.3", "0123456789ab", "GNU 12.2.0"}, {""});
  self.CountPoll("", Outcome::kOk, 0.004, {});
  self.CountRequest("/metrics", 200, 0.0004);
  self.SetReload(true, 1.7e9);
  std::string text;
  AppendCollected(text, *self.registry());
  const std::string path = std::string(BUNTIME_TESTS_DIR) + "/golden/exporter.prom";
  if (std::getenv("UPDATE_GOLDEN") != nullptr) std::ofstream(path, std::ios::binary) << text;
  // prometheus-cpp's order of series is that of its hash tables.
  EXPECT_EQ(SortedLines(text), SortedLines(ReadFile(path)));
}

}  // namespace
}  // namespace buntime
