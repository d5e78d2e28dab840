// The recorded answers of two releases, replayed in order: after each of them every exported value is
// compared with what the raw JSON says, read by a second, naive reader; and nothing may be exported that is
// not accounted for.
#include <gtest/gtest.h>
#include <rapidjson/document.h>

#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <string>

#include "decode/decoder.h"
#include "metrics/fleet_text.h"
#include "poll/runtime_state.h"
#include "support/exposition_reader.h"
#include "support/fake_clock.h"
#include "tests_dir.h"

namespace buntime {
namespace {

using namespace std::chrono_literals;

// The counter rules, written down a second time: flat over a fall, and totals by app that only rise.
struct Counter {
  double raw = 0;
  double shown = 0;
  double Take(double value) {
    shown += std::max(0.0, value - raw);
    raw = value;
    return shown;
  }
};

class ReplayTest : public testing::TestWithParam<const char*> {
 protected:
  static std::string Capture(int number) {
    std::string digits = std::to_string(number);
    digits.insert(0, 3 - digits.size(), '0');
    std::ifstream file(std::string(BUNTIME_TESTS_DIR) + "/fixtures/captures/" + GetParam() + "/stats-" +
                       digits + ".json");
    EXPECT_TRUE(file) << number;
    return {std::istreambuf_iterator<char>(file), {}};
  }

  void Want(const std::string& series, double value) {
    const auto found = samples_.find(series);
    if (found == samples_.end()) {
      ADD_FAILURE() << series << " is missing";
      return;
    }
    EXPECT_NEAR(found->second, value, 1e-9 * std::max(1.0, std::abs(value))) << series;
    samples_.erase(found);
  }

  void WantPool(const rapidjson::Value& pool, const rapidjson::Value& workers) {
    const auto field = [&](const char* name) { return pool[name].GetDouble(); };
    Want("buntime_uptime_seconds", field("uptimeMs") / 1000);
    Want("buntime_heap_used_bytes", field("memoryUsageMB") * 1048576);
    Want("buntime_pool_size", 3);
    double active = 0;
    double idle = 0;
    for (const auto& worker : workers.GetObject()) {
      active += worker.value["status"] == "active" ? 1 : 0;
      idle += worker.value["status"] == "idle" ? 1 : 0;
    }
    Want("buntime_pool_active", active);
    Want("buntime_pool_idle", idle);
    Want("buntime_pool_total", active + idle);
    Want("buntime_pool_utilization", active / 3);
    peak_active_ = std::max(peak_active_, active);  // the recording is shorter than the window
    peak_depth_ = std::max(peak_depth_, field("ephemeralQueueDepth"));
    Want("buntime_pool_active_peak", peak_active_);
    Want("buntime_pool_utilization_peak", peak_active_ / 3);
    Want("buntime_ephemeral_queue_depth_peak", peak_depth_);
    const std::map<std::string, const char*> counters = {
        {"buntime_pool_requests_total", "totalRequests"},
        {"buntime_pool_hits_total", "hits"},
        {"buntime_pool_misses_total", "misses"},
        {"buntime_pool_evictions_total", "evictions"},
        {"buntime_workers_created_total", "totalWorkersCreated"},
        {"buntime_workers_failed_total", "totalWorkersFailed"},
        {"buntime_workers_retired_total", "totalWorkersRetired"}};
    for (const auto& [series, name] : counters) Want(series, counters_[series].Take(field(name)));
    // Reconciled: what no app has counted. Nothing here is more than what the pool took.
    EXPECT_LE(Take("buntime_pool_requests_unserved_total") + seen_requests_, field("totalRequests"));
    Want("buntime_pool_acquire_mean_seconds", field("avgResponseTimeMs") / 1000);
    Want("buntime_ephemeral_concurrency", field("ephemeralConcurrency"));
    Want("buntime_ephemeral_queue_depth", field("ephemeralQueueDepth"));
    Want("buntime_ephemeral_queue_limit", field("ephemeralQueueLimit"));
  }

  // In these recordings each app has one worker, whose key is the app's name and version.
  void WantWorker(const std::string& key, const rapidjson::Value& worker) {
    const std::string app = key.substr(0, key.rfind('@'));
    const std::string version = key.substr(key.rfind('@') + 1);
    const std::string app_labels = "app=\"" + app + "\",version=\"" + version + "\"";
    const std::string labels = "worker=\"" + key + "\"," + app_labels;
    const std::string status = worker["status"].GetString();
    for (const std::string state : {"active", "idle", "ephemeral", "offline"}) {
      Want("buntime_app_workers{" + app_labels + ",state=\"" + state + "\"}", status == state ? 1 : 0);
    }
    Want("buntime_worker_state{" + labels + ",state=\"" + status + "\"}", 1);
    persistent_[key] = persistent_[key] || status != "ephemeral";
    const double requests = TakeAtLeast("requests_total", labels, key, worker["requestCount"]);
    TakeAtLeast("request_duration_seconds_sum", labels, key, worker["totalResponseTimeMs"], 1000);
    if (persistent_[key]) TakeAtLeast("errors_total", labels, key, worker["errorCount"]);
    Want("buntime_worker_request_duration_seconds_count{" + labels + "}", requests);
    Want("buntime_app_request_duration_seconds_count{" + app_labels + "}", requests);
    EXPECT_LE(Take("buntime_app_requests_estimated_total{" + app_labels + "}"), requests);
    EXPECT_GE(Take("buntime_app_workers_discarded_total{" + app_labels + "}"), 0);
    seen_requests_ += requests;
    if (status == "active" || status == "idle") {
      Want("buntime_worker_uptime_seconds{" + labels + "}", worker["ageMs"].GetDouble() / 1000);
      Want("buntime_worker_idle_seconds{" + labels + "}", worker["idleMs"].GetDouble() / 1000);
    }
  }

  double Take(const std::string& series) {
    const auto found = samples_.find(series);
    EXPECT_NE(found, samples_.end()) << series << " is missing";
    if (found == samples_.end()) return 0;
    const double value = found->second;
    samples_.erase(found);
    return value;
  }

  // A reconciled counter: at least what the raw values show by their rises alone, the same for the worker and
  // its app.
  double TakeAtLeast(const std::string& name, const std::string& labels, const std::string& key,
                     const rapidjson::Value& raw, double divisor = 1) {
    const double value = Take("buntime_worker_" + name + "{" + labels + "}");
    EXPECT_GE(value, counters_[key + " " + name].Take(raw.GetDouble() / divisor) - 1e-9) << name << labels;
    Want("buntime_app_" + name + "{" + labels.substr(labels.find("app=")) + "}", value);
    return value;
  }

  std::map<std::string, double> samples_;  // exported and not yet accounted for
  std::map<std::string, Counter> counters_;
  double peak_active_ = 0;
  double peak_depth_ = 0;
  std::map<std::string, bool> persistent_;  // keys that were seen with another status than ephemeral
  double seen_requests_ = 0;                // of all apps, in this answer
};

TEST_P(ReplayTest, EveryExportedValueIsWhatTheRuntimeSaid) {
  const bool admin = std::string(GetParam()) == "0.5.4";
  const std::string layout = admin ? "admin" : "api";
  Target target;
  target.url = *ParseRuntimeUrl("http://localhost:8000");
  target.pool_size = 3;
  target.stale_after = 13s;
  target.peak_window = 60s;
  target.worker_limit = 1000;
  RuntimeState state(target);
  FakeClock clock;
  for (int i = 1; i <= 40; ++i) {
    SCOPED_TRACE(i);
    const std::string body = Capture(i);
    auto snapshot = DecodeStats(body);
    ASSERT_TRUE(snapshot) << snapshot.error().message;
    state.Succeed({std::move(*snapshot), admin ? Layout::kAdmin : Layout::kApi}, clock.Now(), 1.7e9, 2ms);
    Fleet fleet;
    fleet.runtimes = {state.View(clock.Now())};
    std::string text;
    RenderFleet(fleet, text, {});
    samples_ = ReadExposition(text).samples;
    clock.Advance(700ms);

    Want("buntime_up", 1);
    for (const auto outcome : kOutcomeNames) {
      Want("buntime_poll_outcome{outcome=\"" + std::string(outcome) + "\"}", outcome == "ok" ? 1 : 0);
    }
    Want("buntime_poll_duration_seconds", 0.002);
    Want("buntime_last_success_timestamp_seconds", 1.7e9);
    Want("buntime_runtime_info{layout=\"" + layout + "\",dialect=\"released\"}", 1);
    Want("buntime_exporter_workers_dropped", 0);
    Want("buntime_exporter_apps_dropped", 0);

    rapidjson::Document raw;
    raw.Parse<rapidjson::kParseFullPrecisionFlag>(body.c_str());
    ASSERT_FALSE(raw.HasParseError());
    seen_requests_ = 0;
    const rapidjson::Value& workers = raw["workers"];
    for (const auto& worker : workers.GetObject()) WantWorker(worker.name.GetString(), worker.value);
    WantPool(raw["pool"], raw["workers"]);
    for (const auto& [series, value] : samples_)
      ADD_FAILURE() << series << " " << value << " came from nowhere";
  }
}

INSTANTIATE_TEST_SUITE_P(Releases, ReplayTest, testing::Values("0.2.26", "0.5.4"));

}  // namespace
}  // namespace buntime
