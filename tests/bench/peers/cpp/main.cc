// The same exporter as a C++ programmer would write it with prometheus-cpp's Exposer, to measure ours
// against. Usage: peer STATS_URL LISTEN_ADDRESS INTERVAL_MS
#include <curl/curl.h>
#include <prometheus/collectable.h>
#include <prometheus/exposer.h>
#include <prometheus/metric_family.h>
#include <rapidjson/document.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

std::vector<ClientMetric::Label> Labels(const rapidjson::Value& worker) {
  const std::string app = worker["app"].GetString();
  const auto at = app.rfind('@');
  return {{"worker", worker["id"].GetString()},
          {"app", app.substr(0, at)},
          {"version", at == std::string::npos ? "" : app.substr(at + 1)}};
}

class Stats final : public prometheus::Collectable {
 public:
  void Set(std::shared_ptr<const rapidjson::Document> document) {
    const std::lock_guard lock(mutex_);
    document_ = std::move(document);
  }

  std::vector<MetricFamily> Collect() const override {
    std::shared_ptr<const rapidjson::Document> document;
    {
      const std::lock_guard lock(mutex_);
      document = document_;
    }
    std::vector<MetricFamily> families;
    if (!document) return families;
    for (const auto& field : (*document)["pool"].GetObject()) {
      MetricFamily family{
          std::string("buntime_pool_") + field.name.GetString(), "Pool.", MetricType::Gauge, {}};
      family.metric.emplace_back().gauge.value = field.value.GetDouble();
      families.push_back(std::move(family));
    }
    const auto& workers = (*document)["workers"].GetArray();
    const auto add = [&](const char* name, MetricType type, auto fill) {
      MetricFamily family{name, "Worker.", type, {}};
      family.metric.reserve(workers.Size());
      for (const auto& worker : workers) {
        ClientMetric& metric = family.metric.emplace_back();
        metric.label = Labels(worker);
        fill(metric, worker);
      }
      families.push_back(std::move(family));
    };
    add("buntime_worker_requests_total", MetricType::Counter,
        [](ClientMetric& m, const rapidjson::Value& w) { m.counter.value = w["requests"].GetDouble(); });
    add("buntime_worker_uptime_seconds", MetricType::Gauge,
        [](ClientMetric& m, const rapidjson::Value& w) { m.gauge.value = w["uptime"].GetDouble(); });
    add("buntime_worker_memory_rss_bytes", MetricType::Gauge,
        [](ClientMetric& m, const rapidjson::Value& w) { m.gauge.value = w["memory"]["rss"].GetDouble(); });
    add("buntime_worker_memory_heap_used_bytes", MetricType::Gauge,
        [](ClientMetric& m, const rapidjson::Value& w) {
          m.gauge.value = w["memory"]["heapUsed"].GetDouble();
        });
    add("buntime_worker_state", MetricType::Gauge, [](ClientMetric& m, const rapidjson::Value& w) {
      m.label.push_back({"state", w["state"].GetString()});
      m.gauge.value = 1;
    });
    return families;
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const rapidjson::Document> document_;
};

std::size_t Append(const char* data, std::size_t size, std::size_t count, void* body) {
  static_cast<std::string*>(body)->append(data, size * count);
  return size * count;
}

}  // namespace

int main(int, char** argv) {
  const auto stats = std::make_shared<Stats>();
  prometheus::Exposer exposer(argv[2]);
  exposer.RegisterCollectable(stats);
  CURL* curl = curl_easy_init();
  for (;; std::this_thread::sleep_for(std::chrono::milliseconds(std::atoi(argv[3])))) {
    std::string body;
    curl_easy_setopt(curl, CURLOPT_URL, argv[1]);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, Append);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &body);
    if (curl_easy_perform(curl) != CURLE_OK) continue;
    auto document = std::make_shared<rapidjson::Document>();
    document->Parse(body.c_str());
    if (!document->HasParseError()) stats->Set(std::move(document));
  }
}
