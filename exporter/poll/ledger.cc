#include "poll/ledger.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace buntime {
namespace {

void Mirror(std::optional<double>& value, MirroredCounter& counter) {
  if (!value) return;
  counter.Update(*value);
  value = counter.value();
}

// Mirrors a worker's counter and adds its rise to the total of its app, which exists once any worker reports
// one. Returns the rise.
double Accumulate(std::optional<double>& value, MirroredCounter& counter, std::optional<double>& total) {
  if (!value) return 0;
  const double rise = counter.Update(*value);
  total = total.value_or(0) + rise;
  value = counter.value();
  return rise;
}

}  // namespace

bool Ledger::Enter(Snapshot& snapshot, SteadyTime now) {
  const bool restarted = HasRestarted(snapshot.pool, now);
  if (restarted) {
    // A true reset: mirrors start from zero, every worker is new. The app totals go on: their workers' whole
    // counts are the rise since the restart.
    pool_ = PoolCounters();
    workers_.clear();
    pool_requests_before_.reset();
  }
  entry_before_ = std::exchange(last_entry_, now);
  elapsed_seconds_.reset();
  if (generation_ > 0 && !restarted && now > entry_before_) elapsed_seconds_ = Seconds(now - entry_before_);
  ++generation_;
  EnterPool(snapshot.pool);
  for (Worker& worker : snapshot.workers) EnterWorker(snapshot, worker, now);
  RateApps(snapshot);
  RatePool(snapshot);
  Forget(snapshot.workers.size(), now);
  return restarted;
}

bool Ledger::HasRestarted(const Pool& pool, SteadyTime now) {
  if (!pool.uptime_seconds) return false;
  const double uptime = *pool.uptime_seconds;
  bool restarted = false;
  if (last_uptime_) {
    // After a long silence the uptime may already have passed its old value. But a process younger than the
    // time since its last answer cannot be the one that gave it; the slack covers rounding and drifting
    // clocks. A value that did not move at all comes from a cache, which proves nothing.
    const double silence = Seconds(now - last_entry_);
    const bool too_young = silence > 30 && uptime + 2 + silence / 50 < silence && uptime != *last_uptime_;
    restarted = uptime < *last_uptime_ || too_young;
  }
  last_uptime_ = uptime;
  return restarted;
}

void Ledger::EnterPool(Pool& pool) {
  Mirror(pool.requests, pool_.requests);
  Mirror(pool.hits, pool_.hits);
  Mirror(pool.misses, pool_.misses);
  Mirror(pool.evictions, pool_.evictions);
  Mirror(pool.workers_created, pool_.workers_created);
  Mirror(pool.workers_failed, pool_.workers_failed);
  Mirror(pool.workers_retired, pool_.workers_retired);
}

void Ledger::EnterWorker(const Snapshot& snapshot, Worker& worker, SteadyTime now) {
  AppEntry& entry = FindApp(snapshot.Text(worker.app), snapshot.Text(worker.version), now);
  App& app = entry.app;

  const std::string_view id = snapshot.Text(worker.id);
  auto found = workers_.find(id);
  if (found == workers_.end()) found = workers_.emplace(id, WorkerEntry()).first;
  WorkerEntry& known = found->second;
  if (known.app != &entry) {  // new, or the id now names a worker of another app
    known = WorkerEntry();
    known.app = &entry;
  }
  const bool measured = elapsed_seconds_ && known.last_seen == entry_before_;
  known.last_seen = now;

  std::optional<double> requests = app.requests;
  const double rise = Accumulate(worker.requests, known.requests, requests);
  if (measured && worker.requests) {
    worker.requests_per_second = static_cast<float>(rise / *elapsed_seconds_);
  }
  app.requests = *requests;
  Accumulate(worker.errors, known.errors, app.errors);
  Accumulate(worker.request_seconds, known.request_seconds, app.request_seconds);
  if (worker.state) ++app.workers[Index(*worker.state)];
  if (worker.heap_used_bytes && (!worker.state || IsAlive(*worker.state))) {
    app.heap_used_bytes = app.heap_used_bytes.value_or(0) + *worker.heap_used_bytes;
  }
}

Ledger::AppEntry& Ledger::FindApp(std::string_view name, std::string_view version, SteadyTime now) {
  key_.assign(name).append(1, '\0').append(version);
  auto found = apps_.find(std::string_view(key_));
  if (found == apps_.end()) {
    found = apps_.emplace(key_, AppEntry()).first;
    found->second.app.name = name;
    found->second.app.version = version;
  }
  AppEntry& entry = found->second;
  if (entry.generation != generation_) {  // its first worker in this answer: gauges are counted afresh
    entry.generation = generation_;
    entry.app.workers = {};
    entry.app.heap_used_bytes.reset();
    entry.requests_before = entry.app.requests;
    entry.errors_before = entry.app.errors.value_or(0);
  }
  entry.last_seen = now;
  return entry;
}

void Ledger::RateApps(const Snapshot& snapshot) {
  const bool measured = elapsed_seconds_ && snapshot.workers_reported;
  rates_ = {};
  if (measured) rates_.requests_per_second = 0;
  for (auto& [key, entry] : apps_) {
    App& app = entry.app;
    app.rates = {};
    if (!measured) continue;
    const bool seen = entry.generation == generation_;
    const double requests = seen ? app.requests - entry.requests_before : 0;
    app.rates.requests_per_second = requests / *elapsed_seconds_;
    *rates_.requests_per_second += requests / *elapsed_seconds_;
    if (!app.errors) continue;
    const double errors = seen ? *app.errors - entry.errors_before : 0;
    app.rates.errors_per_second = errors / *elapsed_seconds_;
    rates_.errors_per_second = rates_.errors_per_second.value_or(0) + errors / *elapsed_seconds_;
  }
}

// The pool's own count, where there is one, knows of requests that no worker has taken.
void Ledger::RatePool(const Snapshot& snapshot) {
  const std::optional<double> before = std::exchange(pool_requests_before_, snapshot.pool.requests);
  if (!snapshot.pool.requests) return;
  rates_.requests_per_second.reset();
  if (elapsed_seconds_ && before) {
    rates_.requests_per_second = (*snapshot.pool.requests - *before) / *elapsed_seconds_;
  }
}

void Ledger::Forget(std::size_t live_workers, SteadyTime now) {
  const bool crowded = workers_.size() > 2 * live_workers + 1000;
  if (workers_.size() > live_workers) {
    std::erase_if(workers_, [&](const auto& item) {
      return item.second.last_seen != now && (crowded || now - item.second.last_seen > kMemory);
    });
  }

  std::vector<std::pair<SteadyTime, std::string_view>> dormant;
  for (auto& [key, entry] : apps_) {
    if (entry.generation == generation_) continue;
    entry.app.workers = {};
    entry.app.heap_used_bytes.reset();
    dormant.emplace_back(entry.last_seen, key);
  }
  std::ranges::sort(dormant, std::greater<>());
  for (std::size_t i = 0; i < dormant.size(); ++i) {
    if (i < kMaxDormantApps && now - dormant[i].first <= kMemory) continue;
    const auto found = apps_.find(dormant[i].second);
    std::erase_if(workers_, [&](const auto& item) { return item.second.app == &found->second; });
    apps_.erase(found);
  }
}

std::vector<App> Ledger::Apps() const {
  std::vector<App> apps;
  apps.reserve(apps_.size());
  for (const auto& [key, entry] : apps_) apps.push_back(entry.app);
  std::ranges::sort(apps, [](const App& a, const App& b) {
    return std::tie(a.name, a.version) < std::tie(b.name, b.version);
  });
  return apps;
}

}  // namespace buntime
