#include "metrics/self_metrics.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "metrics/catalogue.h"
#include "metrics/process_stats.h"
#include "metrics/text_format.h"
#include "support/exposition_reader.h"

namespace buntime {
namespace {

Exposition Render(const SelfMetrics& self) {
  std::string out;
  AppendCollected(out, *self.registry());
  AppendCollected(out, ProcessCollector());
  return ReadExposition(out);
}

TEST(SelfMetricsTest, StartsWithZerosForASingleRuntime) {
  const SelfMetrics self({"1.2.3", "abc", "g++"}, {""});
  const auto exposition = Render(self);
  EXPECT_EQ(
      exposition.samples.at(R"(buntime_exporter_build_info{compiler="g++",revision="abc",version="1.2.3"})"),
      1);
  for (const auto outcome : kOutcomeNames) {
    EXPECT_EQ(exposition.samples.at("buntime_exporter_polls_total{outcome=\"" + std::string(outcome) + "\"}"),
              0);
  }
  EXPECT_EQ(exposition.samples.at("buntime_exporter_anomalies_total{kind=\"wrong_type\"}"), 0);
  EXPECT_EQ(exposition.samples.at("buntime_exporter_poll_duration_seconds_count"), 0);
}

TEST(SelfMetricsTest, CountsPollsByRuntimeAndOutcome) {
  SelfMetrics self({}, {"blue", "green"});
  AnomalyCounts anomalies{};
  anomalies[Index(Anomaly::kWrongType)] = 3;
  self.CountPoll("blue", Outcome::kOk, 0.002, anomalies);
  self.CountPoll("blue", Outcome::kTimeout, 3, {});
  const auto samples = Render(self).samples;
  EXPECT_EQ(samples.at(R"(buntime_exporter_polls_total{outcome="ok",runtime="blue"})"), 1);
  EXPECT_EQ(samples.at(R"(buntime_exporter_polls_total{outcome="timeout",runtime="blue"})"), 1);
  EXPECT_EQ(samples.at(R"(buntime_exporter_polls_total{outcome="ok",runtime="green"})"), 0);
  EXPECT_EQ(samples.at(R"(buntime_exporter_anomalies_total{kind="wrong_type",runtime="blue"})"), 3);
  EXPECT_EQ(samples.at(R"(buntime_exporter_poll_duration_seconds_bucket{le="0.0025"})"), 1);
  EXPECT_EQ(samples.at(R"(buntime_exporter_poll_duration_seconds_bucket{le="+Inf"})"), 2);
  EXPECT_EQ(samples.at("buntime_exporter_poll_duration_seconds_sum"), 3.002);
}

TEST(SelfMetricsTest, CountersOfARuntimeEndWithItsConfiguration) {
  SelfMetrics self({}, {"blue", "green"});
  self.CountPoll("blue", Outcome::kOk, 0.1, {});
  self.CountPoll("green", Outcome::kDns, 0.1, {});
  self.SetRuntimes({"blue", "red"});
  self.CountPoll("green", Outcome::kOk, 0.1, {});
  const auto samples = Render(self).samples;
  EXPECT_EQ(samples.at(R"(buntime_exporter_polls_total{outcome="ok",runtime="blue"})"), 1);
  EXPECT_EQ(samples.at(R"(buntime_exporter_polls_total{outcome="ok",runtime="red"})"), 0);
  for (const auto& [series, value] : samples) EXPECT_EQ(series.find("green"), std::string::npos) << series;
}

TEST(SelfMetricsTest, ProbesAreCountedOfModulesThatExist) {
  SelfMetrics self({}, {""});
  EXPECT_FALSE(Render(self).types.contains("buntime_exporter_probes_total"));
  self.SetModules({"blue", "green"});
  self.CountProbe("blue", "ok");
  self.CountProbe("blue", "timeout");
  self.CountProbe("gone", "ok");
  auto samples = Render(self).samples;
  EXPECT_EQ(samples.at(R"(buntime_exporter_probes_total{module="blue",result="ok"})"), 1);
  EXPECT_EQ(samples.at(R"(buntime_exporter_probes_total{module="blue",result="timeout"})"), 1);
  EXPECT_EQ(samples.at(R"(buntime_exporter_probes_total{module="green",result="ok"})"), 0);
  self.SetModules({"green"});
  samples = Render(self).samples;
  for (const auto& [series, value] : samples) {
    EXPECT_EQ(series.find("blue"), std::string::npos) << series;
    EXPECT_EQ(series.find("gone"), std::string::npos) << series;
  }
}

TEST(SelfMetricsTest, CountsRequestsByRouteAndStatus) {
  SelfMetrics self({}, {""});
  for (const int status : {200, 200, 503}) self.CountRequest("/metrics", status, 0.002);
  self.CountRequest("other", 404, 0.02);
  const auto samples = Render(self).samples;
  EXPECT_EQ(samples.at(R"(buntime_exporter_http_requests_total{code="200",path="/metrics"})"), 2);
  EXPECT_EQ(samples.at(R"(buntime_exporter_http_requests_total{code="503",path="/metrics"})"), 1);
  EXPECT_EQ(samples.at(R"(buntime_exporter_http_requests_total{code="404",path="other"})"), 1);
  EXPECT_EQ(samples.at(R"(buntime_exporter_http_request_duration_seconds_count{path="/metrics"})"), 3);
  EXPECT_EQ(samples.at(R"(buntime_exporter_http_request_duration_seconds_bucket{path="other",le="0.01"})"),
            0);
  EXPECT_EQ(samples.at(R"(buntime_exporter_http_request_duration_seconds_bucket{path="other",le="0.05"})"),
            1);
}

TEST(SelfMetricsTest, AFailedReloadKeepsTheTimeOfTheLastGoodOne) {
  SelfMetrics self({}, {""});
  self.SetReload(true, 1000);
  self.SetReload(false, 2000);
  const auto samples = Render(self).samples;
  EXPECT_EQ(samples.at("buntime_exporter_config_last_reload_successful"), 0);
  EXPECT_EQ(samples.at("buntime_exporter_config_last_reload_success_timestamp_seconds"), 1000);
}

TEST(SelfMetricsTest, EveryFamilyOfTheExporterIsInTheCatalogueAndBack) {
  SelfMetrics self({}, {""});
  self.CountRequest("/metrics", 200, 0.001);
  self.SetCertificateExpiry(1.8e9);
  self.SetModules({"default"});
  const auto types = Render(self).types;
  for (const Metric& metric : Catalogue()) {
    if (!std::holds_alternative<OfExporter>(metric.source)) continue;
    const auto found = types.find(std::string(metric.name));
    ASSERT_NE(found, types.end()) << metric.name;
    EXPECT_EQ(found->second, Name(metric.type)) << metric.name;
  }
  for (const auto& [family, type] : types) EXPECT_EQ(CatalogueEntry(family).name, family);
}

TEST(ProcessStatsTest, AreThoseOfThisProcess) {
  const ProcessStats stats = ReadProcessStats();
  const double now =
      std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  ASSERT_TRUE(stats.cpu_seconds && stats.resident_bytes && stats.virtual_bytes && stats.open_fds &&
              stats.max_fds && stats.start_unix_seconds);
  EXPECT_GT(*stats.resident_bytes, 1e6);
  EXPECT_GT(*stats.virtual_bytes, *stats.resident_bytes);
  EXPECT_GE(*stats.open_fds, 3);
  EXPECT_GE(*stats.max_fds, *stats.open_fds);
  EXPECT_LT(*stats.start_unix_seconds, now + 2);
  EXPECT_GT(*stats.start_unix_seconds, now - 3600);
}

TEST(SelfMetricsTest, ManyRuntimesLeaveAtOnce) {
  std::vector<std::string> runtimes;
  for (int i = 0; i < 20'000; ++i) runtimes.push_back("runtime-" + std::to_string(i));
  SelfMetrics self({}, runtimes);
  for (const std::string& runtime : runtimes) self.CountPoll(runtime, Outcome::kConnect, 1, {});
  const auto started = std::chrono::steady_clock::now();
  self.SetRuntimes({"runtime-7"});
  // It took 20 s when each series was taken out of its family.
  EXPECT_LT(std::chrono::steady_clock::now() - started, std::chrono::seconds(3));
  const auto samples = Render(self).samples;
  EXPECT_EQ(samples.at(R"(buntime_exporter_polls_total{outcome="connect",runtime="runtime-7"})"), 1);
  EXPECT_FALSE(samples.contains(R"(buntime_exporter_polls_total{outcome="ok",runtime="runtime-8"})"));
}

TEST(SelfMetricsTest, DroppedLogLinesNeverFall) {
  SelfMetrics self({}, {""});
  EXPECT_EQ(Render(self).samples.at("buntime_exporter_log_lines_dropped_total"), 0);
  self.SetLogLinesDropped(5);
  self.SetLogLinesDropped(3);
  EXPECT_EQ(Render(self).samples.at("buntime_exporter_log_lines_dropped_total"), 5);
}

}  // namespace
}  // namespace buntime
