#include "metrics/fleet_collector.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "metrics/fleet_walk.h"

namespace buntime {
namespace {

using prometheus::ClientMetric;

prometheus::MetricType TypeOf(MetricType type) {
  switch (type) {
    case MetricType::kCounter:
      return prometheus::MetricType::Counter;
    case MetricType::kGauge:
      return prometheus::MetricType::Gauge;
    case MetricType::kHistogram:
      return prometheus::MetricType::Histogram;
    case MetricType::kSummary:
      return prometheus::MetricType::Summary;
  }
  return prometheus::MetricType::Untyped;
}

class FamilySink {
 public:
  using Set = std::vector<ClientMetric::Label>;

  class Labels {
   public:
    void Reserve(std::size_t sets) { sets_.reserve(sets); }
    void Begin() { sets_.emplace_back(); }
    void Add(std::string_view name, std::string_view value) {
      sets_.back().push_back({std::string(name), std::string(value)});
    }
    const Set& operator[](std::size_t i) const { return sets_[i]; }

   private:
    std::vector<Set> sets_;
  };

  void Family(const Metric& metric) {
    DropEmpty();
    families_.push_back({std::string(metric.name), std::string(metric.help), TypeOf(metric.type), {}});
  }

  void Sample(const Set& set, double value, std::string_view label = {}, std::string_view label_value = {}) {
    ClientMetric& metric = Add(set);
    if (!label.empty()) metric.label.push_back({std::string(label), std::string(label_value)});
    if (families_.back().type == prometheus::MetricType::Counter) {
      metric.counter.value = value;
    } else {
      metric.gauge.value = value;
    }
  }

  void Summary(const Set& set, double sum, std::uint64_t count) {
    ClientMetric& metric = Add(set);
    metric.summary.sample_sum = sum;
    metric.summary.sample_count = count;
  }

  std::vector<prometheus::MetricFamily> Take() {
    DropEmpty();
    return std::move(families_);
  }

 private:
  ClientMetric& Add(const Set& set) {
    ClientMetric& metric = families_.back().metric.emplace_back();
    metric.label = set;
    return metric;
  }
  void DropEmpty() {
    if (!families_.empty() && families_.back().metric.empty()) families_.pop_back();
  }

  std::vector<prometheus::MetricFamily> families_;
};

}  // namespace

std::vector<prometheus::MetricFamily> FleetCollector::Collect() const {
  const auto fleet = latest_();
  FamilySink sink;
  WalkFleet(*fleet, sink);
  return sink.Take();
}

}  // namespace buntime
