#include "metrics/fleet_text.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "metrics/catalogue.h"
#include "metrics/text_format.h"
#include "support/exposition_reader.h"
#include "support/fleets.h"
#include "support/snapshots.h"

namespace buntime {
namespace {

std::string Render(const Fleet& fleet) {
  std::string out;
  RenderFleet(fleet, out, {});
  return out;
}

TEST(FleetTextTest, ARuntimeThatWasNeverPolledIsNeitherUpNorDown) {
  Fleet fleet;
  fleet.runtimes.push_back(std::make_shared<Runtime>());
  EXPECT_EQ(Render(fleet), "");
}

TEST(FleetTextTest, AStaleRuntimeKeepsOnlyTheFamilyAboutPolls) {
  Runtime runtime;
  runtime.tried = true;
  runtime.outcome = Outcome::kTimeout;
  runtime.poll_seconds = 3;
  runtime.last_success_unix_seconds = 1700000000.5;
  Fleet fleet;
  fleet.runtimes.push_back(std::make_shared<Runtime>(runtime));
  const auto exposition = ReadExposition(Render(fleet));
  EXPECT_EQ(exposition.types.size(), 4U);
  EXPECT_EQ(exposition.samples.at("buntime_up"), 0);
  EXPECT_EQ(exposition.samples.at("buntime_poll_outcome{outcome=\"timeout\"}"), 1);
  EXPECT_EQ(exposition.samples.at("buntime_poll_outcome{outcome=\"ok\"}"), 0);
  EXPECT_EQ(exposition.samples.at("buntime_last_success_timestamp_seconds"), 1700000000.5);
}

TEST(FleetTextTest, EveryFamilyOfTheCatalogueIsWrittenFromAFullFleet) {
  const auto exposition = ReadExposition(Render(FullFleet()));
  for (const Metric& metric : Catalogue()) {
    if (std::holds_alternative<OfExporter>(metric.source)) continue;
    EXPECT_EQ(exposition.types.count(std::string(metric.name)), 1U) << metric.name;
  }
}

TEST(FleetTextTest, WithSeveralRuntimesEverySeriesSaysWhich) {
  const auto exposition = ReadExposition(Render(FullFleet()));
  for (const auto& [series, value] : exposition.samples) {
    if (series.starts_with("buntime_fleet_")) continue;
    EXPECT_TRUE(series.find("{runtime=\"blue\"") != std::string::npos ||
                series.find("{runtime=\"green\"") != std::string::npos)
        << series;
  }
}

TEST(FleetTextTest, SumsOverTheFleetLeaveOutWhatIsNotReported) {
  Fleet fleet = FullFleet();
  auto reading = std::make_shared<Reading>(*fleet.runtimes[1]->reading);
  reading->snapshot.pool.size = 400;
  reading->snapshot.pool.idle.reset();
  auto sizeless = std::make_shared<Runtime>(*fleet.runtimes[1]);
  sizeless->reading = reading;
  auto down = std::make_shared<Runtime>();
  down->name = "down";
  fleet.runtimes = {fleet.runtimes[0], sizeless, down};
  const auto samples = ReadExposition(Render(fleet)).samples;
  EXPECT_EQ(samples.at("buntime_fleet_runtimes"), 3);
  EXPECT_EQ(samples.at("buntime_fleet_runtimes_up"), 2);
  EXPECT_EQ(samples.at("buntime_fleet_pool_size"), 401);
  EXPECT_EQ(samples.at("buntime_fleet_pool_active"), 4);
  EXPECT_EQ(samples.at("buntime_fleet_pool_idle"), 3);
  EXPECT_EQ(samples.at("buntime_fleet_pool_total"), 10);
  EXPECT_FALSE(ReadExposition(Render({1, {down, sizeless}})).samples.contains("buntime_fleet_pool_idle"));
  EXPECT_FALSE(ReadExposition(Render({1, {sizeless}})).samples.contains("buntime_fleet_runtimes"));
}

TEST(FleetTextTest, AnUnreportedValueIsNoSeries) {
  Fleet fleet = FullFleet();
  auto bare = std::make_shared<Reading>();
  AddWorker(bare->snapshot, "w", "a");
  bare->shown = {0};
  auto runtime = std::make_shared<Runtime>();
  runtime->up = true;
  runtime->tried = true;
  runtime->reading = bare;
  fleet.runtimes = {runtime};
  const auto exposition = ReadExposition(Render(fleet));
  for (const auto& [series, value] : exposition.samples) {
    EXPECT_FALSE(series.starts_with("buntime_pool_")) << series;
    EXPECT_FALSE(series.starts_with("buntime_worker_")) << series;
  }
}

TEST(FleetTextTest, EscapesWhatTheFormatWantsEscaped) {
  auto reading = std::make_shared<Reading>();
  AddWorker(reading->snapshot, "a\"b\\c\nd", "<script>").requests = 1;
  reading->shown = {0};
  auto runtime = std::make_shared<Runtime>();
  runtime->name = "x\"y";
  runtime->reading = reading;
  Fleet fleet;
  fleet.runtimes = {runtime};
  EXPECT_NE(Render(fleet).find(
                R"(buntime_worker_requests_total{runtime="x\"y",worker="a\"b\\c\nd",app="<script>"} 1)"),
            std::string::npos);
  std::string header;
  AppendFamilyHeader(header, "m", "back\\slash \"quote\" and\nline", "gauge");
  EXPECT_EQ(header, "# HELP m back\\\\slash \"quote\" and\\nline\n# TYPE m gauge\n");
}

TEST(FleetTextTest, WritesTheSameInPieces) {
  const Fleet fleet = LargeFleet(5000);
  const std::string whole = Render(fleet);
  std::string pieces;
  std::string buffer;
  std::size_t longest = 0;
  RenderFleet(fleet, buffer, [&](std::string& text) {
    longest = std::max(longest, text.size());
    EXPECT_TRUE(text.ends_with('\n'));
    pieces += text;
    text.clear();
  });
  EXPECT_EQ(pieces + buffer, whole);
  EXPECT_LT(longest, 70000U);
  EXPECT_GT(whole.size(), 10 * longest);
}

}  // namespace
}  // namespace buntime
