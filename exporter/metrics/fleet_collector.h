// The fleet as prometheus-cpp sees it: gauges, counters and summaries, made when they are collected. Register
// it wherever a Collectable goes: an ExpositionCache, a prometheus::Exposer, a Gateway, a test. Thread-safe.
#pragma once

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "metrics/fleet_text.h"
#include "model/fleet.h"

namespace buntime {

class FleetCollector final : public prometheus::Collectable {
 public:
  using LatestFleet = std::function<std::shared_ptr<const Fleet>()>;

  /// `latest` never returns null; called from any thread that collects.
  explicit FleetCollector(LatestFleet latest) : latest_(std::move(latest)) {}

  /// Families that have samples, in the catalogue's order. Takes about 1 KB a series: for a large fleet
  /// Latest and Write give the same as text, without that.
  std::vector<prometheus::MetricFamily> Collect() const override;

  std::shared_ptr<const Fleet> Latest() const { return latest_(); }
  /// The same walk as that of Collect, straight to text; see RenderFleet.
  void Write(const Fleet& fleet, std::string& out, const Drain& drain) const {
    RenderFleet(fleet, out, drain);
  }

 private:
  const LatestFleet latest_;
};

}  // namespace buntime
