#include "api/warnings.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <utility>

#include "api/limits.h"

namespace buntime {
namespace {

constexpr double kWindowSeconds = 300;

// Fewer are no trend: one request of two that fails is no failing app.
constexpr double kLeastFailures = 10;
constexpr double kLeastUnserved = 6;
// Less than one recent eviction or so: none.
constexpr double kLeastEvictions = 0.5;

std::optional<double> Ratio(const std::optional<double>& part, const std::optional<double>& whole) {
  if (!part || !whole || !(*whole > 0)) return std::nullopt;
  return *part / *whole;
}

std::string KeyOf(const App& app) { return app.version.empty() ? app.name : app.name + "@" + app.version; }

}  // namespace

std::string_view Name(Warning::Kind kind) {
  constexpr std::array<std::string_view, 5> kNames = {"pool", "queue", "errors", "discarded", "unserved"};
  return kNames[static_cast<std::size_t>(kind)];
}

void WarningTracker::Recent::Take(const std::optional<double>& value, double decay) {
  rise *= decay;
  if (value && before) rise += std::max(0.0, *value - *before);
  before = value;
}

void WarningTracker::Take(const Runtime& runtime, double unix_seconds) {
  if (!runtime.up || !runtime.reading) return warnings_.clear();
  const double passed = std::max(0.0, unix_seconds - taken_at_.value_or(unix_seconds));
  taken_at_ = unix_seconds;
  std::vector<Warning> now = Judge(*runtime.reading, std::exp(-passed / kWindowSeconds));
  for (Warning& warning : now) {
    const auto known = std::ranges::find(warnings_, warning.kind, &Warning::kind);
    warning.since_unix_seconds = known == warnings_.end() ? unix_seconds : known->since_unix_seconds;
  }
  warnings_ = std::move(now);
}

std::vector<Warning> WarningTracker::Judge(const Reading& reading, double decay) {
  const Pool& pool = reading.snapshot.pool;
  evictions_.Take(pool.evictions, decay);
  unserved_.Take(pool.unserved_requests, decay);
  created_.Take(pool.workers_created, decay);
  TakeApps(reading.apps, decay);

  std::vector<Warning> warnings;
  const auto warn = [&](Warning::Kind kind, const std::optional<double>& value, double limit) {
    if (value && *value > limit) warnings.push_back({.kind = kind, .value = *value, .limit = limit});
  };
  const bool evicts = !pool.evictions || evictions_.rise > kLeastEvictions;
  if (evicts) warn(Warning::Kind::kPool, pool.utilization, kUtilizationLimit);
  warn(Warning::Kind::kQueue, Ratio(reading.peaks.ephemeral_queue_depth, pool.ephemeral_queue_limit),
       kQueueLimit);
  if (auto worst = WorstApp(Warning::Kind::kErrors, kErrorsLimit, &AppTrouble::errors))
    warnings.push_back(*std::move(worst));
  if (auto worst = WorstApp(Warning::Kind::kDiscarded, kDiscardedLimit, &AppTrouble::discarded))
    warnings.push_back(*std::move(worst));
  if (unserved_.rise >= kLeastUnserved)
    warn(Warning::Kind::kUnserved, Ratio(unserved_.rise, created_.rise), kUnservedLimit);
  return warnings;
}

void WarningTracker::TakeApps(const std::vector<App>& apps, double decay) {
  for (const App& app : apps) {
    if (app.errors.value_or(0) <= 0 && app.discarded_workers.value_or(0) <= 0) continue;
    AppTrouble& trouble = apps_[KeyOf(app)];
    trouble.requests.Take(app.requests, decay);
    trouble.errors.Take(app.errors, decay);
    trouble.discarded.Take(app.discarded_workers, decay);
  }
}

std::optional<Warning> WarningTracker::WorstApp(Warning::Kind kind, double limit,
                                                Recent AppTrouble::*trouble) const {
  std::optional<Warning> worst;
  for (const auto& [key, app] : apps_) {
    const double failures = (app.*trouble).rise;
    if (failures < kLeastFailures) continue;
    // A failure is counted after its request, which may be of the poll before.
    const double share = std::min(1.0, failures / std::max(app.requests.rise, 1.0));
    if (share <= limit || (worst && worst->value >= share)) continue;
    worst = {.kind = kind, .value = share, .limit = limit, .app = key};
  }
  return worst;
}

}  // namespace buntime
