#include "metrics/self_metrics.h"

#include <prometheus/collectable.h>
#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/metric_family.h>
#include <prometheus/registry.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <functional>
#include <iterator>
#include <map>
#include <unordered_set>
#include <utility>

#include "base/mutex.h"
#include "metrics/catalogue.h"

namespace buntime {
namespace {

using prometheus::Labels;

// From a local answer in a millisecond to the longest timeout that makes sense.
const prometheus::Histogram::BucketBoundaries kPollBuckets = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
                                                              0.1,   0.25,   0.5,   1,    2.5,   5};
const prometheus::Histogram::BucketBoundaries kRequestBuckets = {0.0001, 0.0005, 0.001, 0.005, 0.01,
                                                                 0.05,   0.1,    0.5,   1,     5};

prometheus::Family<prometheus::Counter>& CounterFamily(prometheus::Registry& registry,
                                                       std::string_view name) {
  const Metric& metric = CatalogueEntry(name);
  return prometheus::BuildCounter()
      .Name(std::string(metric.name))
      .Help(std::string(metric.help))
      .Register(registry);
}

prometheus::Family<prometheus::Gauge>& GaugeFamily(prometheus::Registry& registry, std::string_view name) {
  const Metric& metric = CatalogueEntry(name);
  return prometheus::BuildGauge()
      .Name(std::string(metric.name))
      .Help(std::string(metric.help))
      .Register(registry);
}

prometheus::Family<prometheus::Histogram>& HistogramFamily(prometheus::Registry& registry,
                                                           std::string_view name) {
  const Metric& metric = CatalogueEntry(name);
  return prometheus::BuildHistogram()
      .Name(std::string(metric.name))
      .Help(std::string(metric.help))
      .Register(registry);
}

Labels WithRuntime(const std::string& runtime, Labels labels) {
  if (!runtime.empty()) labels.emplace("runtime", runtime);
  return labels;
}

}  // namespace

// The counters of one runtime, created when they are first needed.
struct RuntimeCounters {
  std::array<prometheus::Counter*, kOutcomeNames.size()> polls{};
  std::array<prometheus::Counter*, kAnomalyNames.size()> anomalies{};
};

// Those of one route of the server.
struct RouteCounters {
  prometheus::Histogram* seconds = nullptr;
  std::map<int, prometheus::Counter*> requests;  // by status
};

// The families with series of each runtime. Made anew when runtimes go: taking single series out of a family
// costs time in proportion to all of them.
struct RuntimeFamilies {
  prometheus::Registry registry;
  prometheus::Family<prometheus::Counter>& polls = CounterFamily(registry, "buntime_exporter_polls_total");
  prometheus::Family<prometheus::Counter>& anomalies =
      CounterFamily(registry, "buntime_exporter_anomalies_total");

  prometheus::Counter& Polls(const std::string& runtime, RuntimeCounters& counters, std::size_t outcome) {
    auto& counter = counters.polls[outcome];
    if (!counter)
      counter = &polls.Add(WithRuntime(runtime, {{"outcome", std::string(kOutcomeNames[outcome])}}));
    return *counter;
  }
  prometheus::Counter& Anomalies(const std::string& runtime, RuntimeCounters& counters, std::size_t kind) {
    auto& counter = counters.anomalies[kind];
    if (!counter)
      counter = &anomalies.Add(WithRuntime(runtime, {{"kind", std::string(kAnomalyNames[kind])}}));
    return *counter;
  }

  /// Adds the series of `old`, with their values.
  RuntimeCounters Copy(const std::string& runtime, const RuntimeCounters& old) {
    RuntimeCounters counters;
    for (std::size_t i = 0; i < old.polls.size(); ++i) {
      if (old.polls[i]) Polls(runtime, counters, i).Increment(old.polls[i]->Value());
    }
    for (std::size_t i = 0; i < old.anomalies.size(); ++i) {
      if (old.anomalies[i]) Anomalies(runtime, counters, i).Increment(old.anomalies[i]->Value());
    }
    return counters;
  }
};

struct SelfMetrics::Families final : prometheus::Collectable {
  prometheus::Registry registry;
  prometheus::Family<prometheus::Gauge>& build_info = GaugeFamily(registry, "buntime_exporter_build_info");
  prometheus::Histogram& poll_seconds =
      HistogramFamily(registry, "buntime_exporter_poll_duration_seconds").Add({}, kPollBuckets);
  prometheus::Family<prometheus::Counter>& probes = CounterFamily(registry, "buntime_exporter_probes_total");
  prometheus::Gauge& reload_successful =
      GaugeFamily(registry, "buntime_exporter_config_last_reload_successful").Add({});
  prometheus::Gauge& reload_time =
      GaugeFamily(registry, "buntime_exporter_config_last_reload_success_timestamp_seconds").Add({});
  prometheus::Family<prometheus::Gauge>& certificate_expiry =
      GaugeFamily(registry, "buntime_exporter_web_certificate_expiry_timestamp_seconds");
  prometheus::Family<prometheus::Counter>& requests =
      CounterFamily(registry, "buntime_exporter_http_requests_total");
  prometheus::Family<prometheus::Histogram>& request_seconds =
      HistogramFamily(registry, "buntime_exporter_http_request_duration_seconds");

  prometheus::Counter& log_lines_dropped =
      CounterFamily(registry, "buntime_exporter_log_lines_dropped_total").Add({});

  mutable Mutex mutex;
  std::uint64_t log_lines_counted GUARDED_BY(mutex) = 0;
  std::unique_ptr<RuntimeFamilies> of_runtimes GUARDED_BY(mutex) = std::make_unique<RuntimeFamilies>();
  std::map<std::string, RuntimeCounters, std::less<>> runtimes GUARDED_BY(mutex);
  // By module and result.
  std::map<std::pair<std::string, std::string>, prometheus::Counter*> probes_by_module GUARDED_BY(mutex);
  std::map<std::string, RouteCounters, std::less<>> routes GUARDED_BY(mutex);  // by path

  prometheus::Counter& Probes(const std::string& module, std::string_view result) REQUIRES(mutex) {
    auto& counter = probes_by_module[{module, std::string(result)}];
    if (!counter) counter = &probes.Add({{"module", module}, {"result", std::string(result)}});
    return *counter;
  }

  std::vector<prometheus::MetricFamily> Collect() const override {
    auto families = registry.Collect();
    const MutexLock lock(mutex);
    std::ranges::move(of_runtimes->registry.Collect(), std::back_inserter(families));
    return families;
  }

  RouteCounters& Route(std::string_view path) REQUIRES(mutex) {
    if (const auto known = routes.find(path); known != routes.end()) return known->second;
    RouteCounters& route = routes[std::string(path)];
    route.seconds = &request_seconds.Add({{"path", std::string(path)}}, kRequestBuckets);
    return route;
  }
  prometheus::Counter& Requests(std::string_view path, RouteCounters& route, int code) {
    auto& counter = route.requests[code];
    if (!counter) counter = &requests.Add({{"path", std::string(path)}, {"code", std::to_string(code)}});
    return *counter;
  }

  void Begin(const std::string& runtime) REQUIRES(mutex) {
    RuntimeCounters& counters = runtimes[runtime];
    // Zeros from the start, so that the first failure is a rise and not a new series. For a fleet, only the
    // one outcome that everyone has: twenty series a runtime would outweigh what they count.
    of_runtimes->Polls(runtime, counters, Index(Outcome::kOk));
    if (!runtime.empty()) return;
    for (std::size_t i = 0; i < kOutcomeNames.size(); ++i) of_runtimes->Polls(runtime, counters, i);
    for (std::size_t i = 0; i < kAnomalyNames.size(); ++i) of_runtimes->Anomalies(runtime, counters, i);
  }
};

SelfMetrics::SelfMetrics(const BuildInfo& build, const std::vector<std::string>& runtimes)
    : families_(std::make_shared<Families>()) {
  families_->build_info
      .Add({{"version", std::string(build.version)},
            {"revision", std::string(build.revision)},
            {"compiler", std::string(build.compiler)}})
      .Set(1);
  SetRuntimes(runtimes);
}

SelfMetrics::~SelfMetrics() = default;

void SelfMetrics::SetRuntimes(const std::vector<std::string>& runtimes) {
  const MutexLock lock(families_->mutex);
  for (const std::string& runtime : runtimes) {
    if (!families_->runtimes.contains(runtime)) families_->Begin(runtime);
  }
  const std::unordered_set<std::string_view> kept(runtimes.begin(), runtimes.end());
  if (families_->runtimes.size() == kept.size()) return;
  auto of_runtimes = std::make_unique<RuntimeFamilies>();
  std::map<std::string, RuntimeCounters, std::less<>> counters;
  for (const auto& [runtime, old] : families_->runtimes) {
    if (kept.contains(runtime)) counters.emplace(runtime, of_runtimes->Copy(runtime, old));
  }
  families_->runtimes.swap(counters);
  families_->of_runtimes.swap(of_runtimes);
}

void SelfMetrics::CountPoll(const std::string& runtime, Outcome outcome, double seconds,
                            const AnomalyCounts& anomalies) {
  families_->poll_seconds.Observe(seconds);
  const MutexLock lock(families_->mutex);
  const auto found = families_->runtimes.find(runtime);
  if (found == families_->runtimes.end()) return;  // its last poll ended after it had left the configuration
  families_->of_runtimes->Polls(runtime, found->second, Index(outcome)).Increment();
  for (std::size_t i = 0; i < anomalies.size(); ++i) {
    if (anomalies[i] > 0)
      families_->of_runtimes->Anomalies(runtime, found->second, i).Increment(anomalies[i]);
  }
}

void SelfMetrics::SetModules(const std::vector<std::string>& modules) {
  const MutexLock lock(families_->mutex);
  for (const std::string& module : modules) families_->Probes(module, Name(Outcome::kOk));
  std::erase_if(families_->probes_by_module, [&](const auto& item) {
    if (std::ranges::find(modules, item.first.first) != modules.end()) return false;
    families_->probes.Remove(item.second);
    return true;
  });
}

void SelfMetrics::CountProbe(const std::string& module, std::string_view result) {
  const MutexLock lock(families_->mutex);
  const auto known = families_->probes_by_module.find({module, std::string(Name(Outcome::kOk))});
  if (known == families_->probes_by_module.end()) return;  // the module has left the configuration
  families_->Probes(module, result).Increment();
}

void SelfMetrics::CountRequest(std::string_view path, int code, double seconds) {
  const MutexLock lock(families_->mutex);
  RouteCounters& route = families_->Route(path);
  families_->Requests(path, route, code).Increment();
  route.seconds->Observe(seconds);
}

void SelfMetrics::SetReload(bool successful, double unix_seconds) {
  families_->reload_successful.Set(successful ? 1 : 0);
  if (successful) families_->reload_time.Set(unix_seconds);
}

void SelfMetrics::SetCertificateExpiry(double unix_seconds) {
  families_->certificate_expiry.Add({}).Set(unix_seconds);
}

void SelfMetrics::SetLogLinesDropped(std::uint64_t total) {
  const MutexLock lock(families_->mutex);
  if (total <= families_->log_lines_counted) return;
  families_->log_lines_dropped.Increment(static_cast<double>(total - families_->log_lines_counted));
  families_->log_lines_counted = total;
}

std::shared_ptr<const prometheus::Collectable> SelfMetrics::registry() const { return families_; }

}  // namespace buntime
