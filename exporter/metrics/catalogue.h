// The one table that knows the metrics: names, types, HELP, labels, and where each value comes from.
// Rendering, registration, `--metrics.list`, the README's table and the checks of alerts and dashboards all
// read it. Constant data, thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "model/fleet.h"

namespace buntime {

enum class MetricType : std::uint8_t { kCounter, kGauge, kHistogram, kSummary };
std::string_view Name(MetricType type);

// Where the samples of a family come from. A value that is empty makes no sample; a family without samples is
// not written at all.

/// One sample over all runtimes; only where there are several.
struct OfFleet {
  std::optional<double> (*value)(const Fleet&);
};
/// The sum of a pool's field over the runtimes that report it; only where there are several.
struct SumOfPools {
  std::optional<double> Pool::*value;
};
/// One sample a runtime, from what is known even while it is down.
struct OfRuntime {
  std::optional<double> (*value)(const Runtime&);
};
/// One sample a runtime, from its latest reading.
struct OfReading {
  std::optional<double> (*value)(const Reading&);
};
/// The same, straight from a field of the pool.
struct OfPool {
  std::optional<double> Pool::*value;
};
/// One sample an app and version.
struct OfApp {
  std::optional<double> (*value)(const App&);
};
/// One sample a shown worker.
struct OfWorker {
  std::optional<double> Worker::*value;
};
/// `_sum` and `_count` an app, a worker.
struct SummaryOfApp {};
struct SummaryOfWorker {};
/// Families with labels of their own.
enum class Special : std::uint8_t { kPollOutcome, kRuntimeInfo, kAppWorkers, kWorkerState };
/// Registered with prometheus-cpp by SelfMetrics, or read from /proc.
struct OfExporter {};

using Source = std::variant<OfFleet, SumOfPools, OfRuntime, OfReading, OfPool, OfApp, OfWorker, SummaryOfApp,
                            SummaryOfWorker, Special, OfExporter>;

struct Metric {
  std::string_view name;
  MetricType type;
  std::string_view help;
  std::string_view labels;      // comma-separated; `runtime` and configured labels come on top
  std::string_view documented;  // JSON source in the documented dialect; "" where it has none
  std::string_view released;    // the same in the released dialect
  Source source;
};

/// In the order of the exposition.
std::span<const Metric> Catalogue();

/// The row of that name; throws std::out_of_range for a name that is not in the table.
const Metric& CatalogueEntry(std::string_view name);

/// The table for people, as Markdown.
std::string CatalogueAsMarkdown();
/// The table for programs: an array of {"name","type","help","labels":[…],"documented","released"}.
std::string CatalogueAsJson();

}  // namespace buntime
