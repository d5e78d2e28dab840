// The bodies have, field for field and type for type, the shape of what real runtimes answered.
#include "simulator/bodies.h"

#include <gtest/gtest.h>
#include <rapidjson/document.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <vector>

#include "simulator/test_world.h"
#include "tests_dir.h"

namespace buntime::simulator {
namespace {

using rapidjson::Document;
using rapidjson::Value;

std::string Fixture(const std::string& name) {
  std::ifstream file(std::string(BUNTIME_TESTS_DIR) + "/fixtures/captures/" + name, std::ios::binary);
  EXPECT_TRUE(file.is_open()) << name;
  return {std::istreambuf_iterator<char>(file), {}};
}

Document Json(const std::string& text) {
  Document document;
  document.Parse(text.c_str(), text.size());
  EXPECT_FALSE(document.HasParseError()) << text.substr(0, 200);
  return document;
}

// Names with the kind of their values, in order. Fields of workers that only some have are listed for what
// they are.
std::vector<std::string> Fields(const Value& object) {
  constexpr std::array<const char*, 7> kKinds = {"null",  "bool",   "bool",  "object",
                                                 "array", "string", "number"};
  std::vector<std::string> shape;
  for (auto it = object.MemberBegin(); !(it == object.MemberEnd()); ++it) {
    shape.push_back(std::string(it->name.GetString()) + ":" + kKinds.at(it->value.GetType()));
  }
  return shape;
}

const Value& WithStatus(const Document& stats, const std::string& status) {
  const Value& workers = stats["workers"];
  for (auto it = workers.MemberBegin(); !(it == workers.MemberEnd()); ++it) {
    if (it->value["status"].GetString() == status) return it->value;
  }
  ADD_FAILURE() << "no worker is " << status;
  return workers;
}

View Lively(bool documented = false) {
  LiveWorld world(SmallWorld(documented), BusyKnobs());
  world.AdvanceTo(60'000);
  return world.Describe();
}

const BodyStyle kReleasedStyle{Dialect::kReleased, Shape::kObject, false};

class CaptureTest : public testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Releases, CaptureTest, testing::Values("0.2.26", "0.5.4"), [](const auto& param) {
  return std::string(param.param) == "0.5.4" ? "admin" : "api";
});

TEST_P(CaptureTest, StatsHaveTheRecordedFields) {
  const Document real = Json(Fixture(GetParam() + std::string("/stats-006.json")));
  const Document ours = Json(StatsBody(Lively(), kReleasedStyle));
  EXPECT_EQ(Fields(ours), Fields(real));
  EXPECT_EQ(Fields(ours["pool"]), Fields(real["pool"]));
  for (const char* status : {"active", "offline", "ephemeral"}) {
    EXPECT_EQ(Fields(WithStatus(ours, status)), Fields(WithStatus(real, status))) << status;
  }
  const Value& offline = WithStatus(ours, "offline");
  EXPECT_EQ(offline["ageMs"].GetInt(), 0);
  EXPECT_EQ(offline["idleMs"].GetInt(), 0);
}

TEST_P(CaptureTest, TheSummaryIsTheBarePool) {
  const Document real = Json(Fixture(GetParam() + std::string("/pool.json")));
  EXPECT_EQ(Fields(Json(SummaryBody(Lively(), Dialect::kReleased, 0))), Fields(real));
}

TEST_P(CaptureTest, TheTextHasTheRecordedLines) {
  const auto names = [](std::string text) {
    std::vector<std::string> lines;
    for (std::size_t end = 0; !text.empty(); text.erase(0, end + 1)) {
      end = std::min(text.find('\n'), text.size() - 1);
      const std::string line = text.substr(0, end);
      lines.push_back(line.starts_with("#") ? line : line.substr(0, line.find(' ')));
    }
    return lines;
  };
  const std::string real = Fixture(GetParam() + std::string("/prometheus.txt"));
  const std::string ours = PrometheusBody(Lively(), Dialect::kReleased);
  EXPECT_EQ(names(ours), names(real));
  EXPECT_NE(ours.back(), '\n');
}

TEST(BodiesTest, AnEmptyPoolLooksLikeTheFirstCapture) {
  LiveWorld world(SmallWorld(), Knobs{});
  EXPECT_EQ(Fields(Json(StatsBody(world.Describe(), kReleasedStyle))["pool"]),
            Fields(Json(Fixture("0.5.4/stats-001.json"))["pool"]));
}

TEST(BodiesTest, DerivedNumbersAreRoundedAsTheRuntimeDoes) {
  View view;
  view.initialised = true;
  view.uptime_ms = 34'620;
  view.counters.hits = 50;
  view.counters.misses = 65;
  WorkerRow row;
  row.key = "hello@latest";
  row.state = RowState::kOffline;
  row.tally = {30, 0, 72'149};
  view.rows.push_back(row);
  const std::string body = StatsBody(view, kReleasedStyle);
  EXPECT_NE(body.find("\"hitRate\":43.48,"), std::string::npos) << body;
  EXPECT_NE(body.find("\"requestsPerSecond\":3.32,"), std::string::npos) << body;
  EXPECT_NE(
      body.find("{\"hello@latest\":{\"ageMs\":0,\"avgResponseTimeMs\":24.05,\"errorCount\":0,\"idleMs\":0,"
                "\"requestCount\":30,\"status\":\"offline\",\"totalResponseTimeMs\":721.49}}"),
      std::string::npos)
      << body;
}

TEST(BodiesTest, DocumentedStatsHaveTheDocumentedFields) {
  const Document stats = Json(StatsBody(Lively(true), {Dialect::kDocumented, Shape::kArray, false}));
  using Names = std::vector<std::string>;
  EXPECT_EQ(Fields(stats), (Names{"pool:object", "workers:array"}));
  EXPECT_EQ(Fields(stats["pool"]), (Names{"size:number", "active:number", "idle:number", "creating:number",
                                          "total:number", "utilization:number"}));
  EXPECT_EQ(Fields(stats["workers"][0]), (Names{"id:string", "app:string", "state:string", "requests:number",
                                                "uptime:number", "memory:object"}));
  EXPECT_EQ(Fields(stats["workers"][0]["memory"]), (Names{"rss:number", "heapUsed:number"}));
  const Value& pool = stats["pool"];
  EXPECT_EQ(pool["total"].GetInt(),
            pool["active"].GetInt() + pool["idle"].GetInt() + pool["creating"].GetInt());
}

TEST(BodiesTest, TheDocumentedSummaryKnowsTheTime) {
  const Document summary = Json(SummaryBody(Lively(true), Dialect::kDocumented, 1706005800.25));
  EXPECT_EQ(Fields(summary), (std::vector<std::string>{"pool:object", "uptime:number", "timestamp:string"}));
  EXPECT_EQ(summary["uptime"].GetInt(), 60);
  EXPECT_STREQ(summary["timestamp"].GetString(), "2024-01-23T10:30:00.250Z");
}

TEST(BodiesTest, DocumentedTextEndsItsLastLine) {
  const std::string text = PrometheusBody(Lively(true), Dialect::kDocumented);
  EXPECT_TRUE(
      text.starts_with("# HELP buntime_pool_size Maximum pool size\n# TYPE buntime_pool_size gauge\n"));
  EXPECT_TRUE(text.ends_with("# TYPE buntime_uptime_seconds counter\nbuntime_uptime_seconds 60\n")) << text;
}

TEST(BodiesTest, EitherDialectComesInEitherShape) {
  const Document list = Json(StatsBody(Lively(), {Dialect::kReleased, Shape::kArray, false}));
  EXPECT_STREQ(list["workers"][0].MemberBegin()->name.GetString(), "id");
  EXPECT_TRUE(list["workers"][0].HasMember("requestCount"));
  const Document map = Json(StatsBody(Lively(true), {Dialect::kDocumented, Shape::kObject, false}));
  EXPECT_TRUE(map["workers"].MemberBegin()->value.HasMember("app"));
  EXPECT_FALSE(map["workers"].MemberBegin()->value.HasMember("id"));
}

TEST(BodiesTest, WithoutAPoolBothAreEmpty) {
  EXPECT_EQ(StatsBody(View{}, kReleasedStyle), R"({"pool":{},"workers":{}})");
}

}  // namespace
}  // namespace buntime::simulator
