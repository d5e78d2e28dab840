#include "reconcile/counter_state.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <tuple>
#include <utility>

namespace buntime {
namespace {

constexpr std::array kPoolCounters = {
    &Pool::requests,        &Pool::hits,           &Pool::misses,         &Pool::evictions,
    &Pool::workers_created, &Pool::workers_failed, &Pool::workers_retired};
enum PoolCounter : std::size_t { kRequests, kHits, kMisses, kEvictions, kCreated, kFailed, kRetired };

// An uptime rises with the clock. A machine that was suspended, or whose clock was set, may add to that.
constexpr double kUptimeSlackSeconds = 3600;
// Ten years: no process is older.
constexpr double kMaxUptimeSeconds = 3.2e8;

// The runtime reports hundredths of a millisecond; sums of them carry the noise of binary fractions.
double RoundSeconds(double seconds) { return std::round(seconds * 1e5) / 1e5; }

bool HasReconcilerFields(const Pool& pool) {
  return pool.uptime_seconds && pool.hits && pool.workers_created && pool.workers_failed &&
         pool.workers_retired;
}

ReportedKey::Status StatusOf(const Worker& worker) {
  if (worker.state == WorkerState::kEphemeral) return ReportedKey::Status::kEphemeral;
  return !worker.state || IsAlive(*worker.state) ? ReportedKey::Status::kAlive
                                                 : ReportedKey::Status::kOffline;
}

}  // namespace

bool CounterState::Enter(Snapshot& snapshot, SteadyTime now) {
  const bool first = generation_ == 0;
  const bool restarted = HasRestarted(snapshot, now) || (dialect_ && *dialect_ != snapshot.dialect);
  if (first || restarted)
    reconciled_ = snapshot.dialect == Dialect::kReleased && HasReconcilerFields(snapshot.pool);
  if (restarted) Restart();
  dialect_ = snapshot.dialect;
  entry_before_ = std::exchange(last_entry_, now);
  elapsed_seconds_.reset();
  if (!first && !restarted && now > entry_before_) elapsed_seconds_ = Seconds(now - entry_before_);
  const double rising = restarted ? snapshot.pool.uptime_seconds.value_or(0) : elapsed_seconds_.value_or(0);
  limit_ = first ? std::numeric_limits<double>::infinity() : kMaxRisePerSecond * std::max(1.0, rising);
  ++generation_;
  apps_dropped_.clear();

  EnterPool(snapshot);
  if (reconciled_) {
    Reconcile(snapshot, now);
  } else {
    for (Worker& worker : snapshot.workers) {
      WorkerEntry& known = FindWorker(snapshot, worker, now);
      const Counts before{known.requests.value(), known.errors.value(), known.request_seconds.value()};
      const Counts rise = AcceptCounts(snapshot, worker, known) - before;
      Add(worker, known,
          {std::max(0.0, rise.requests), std::max(0.0, rise.errors), std::max(0.0, rise.seconds)}, now);
    }
  }
  RateApps(snapshot);
  RatePool(snapshot);
  Forget(snapshot.workers.size(), now);
  return restarted;
}

bool CounterState::HasRestarted(Snapshot& snapshot, SteadyTime now) {
  std::optional<double>& reported = snapshot.pool.uptime_seconds;
  if (!reported) return false;
  const double silence = Seconds(now - last_entry_);
  const double limit = last_uptime_ ? silence + kUptimeSlackSeconds : std::numeric_limits<double>::infinity();
  const double uptime = uptime_.Accept(*reported, limit, snapshot.anomalies[Index(Anomaly::kImplausible)]);
  // A jump that is none of the clock's comes from another process, behind a load balancer: it is shown as it
  // is, so that the mixture shows, and not counted with.
  if (*reported > kMaxUptimeSeconds) reported = uptime;
  bool restarted = false;
  if (last_uptime_) {
    // After a long silence the uptime may already have passed its old value. But a process younger than the
    // time since its last answer cannot be the one that gave it; the slack covers rounding and drifting
    // clocks. A value that did not move at all comes from a cache, which proves nothing.
    const bool too_young = silence > 30 && uptime + 2 + silence / 50 < silence && uptime != *last_uptime_;
    restarted = uptime < *last_uptime_ || too_young;
  }
  last_uptime_ = uptime;
  return restarted;
}

// All counters of the runtime begin at zero again. The totals go on: the whole new counts are the rise.
void CounterState::Restart() {
  for (Counter& counter : pool_) counter.Restart();
  reconciler_.Restart();
  for (auto& [id, known] : workers_) {
    known.requests = known.errors = known.request_seconds = {};
    if (known.key) known.key->Restart();
  }
}

void CounterState::EnterPool(Snapshot& snapshot) {
  for (std::size_t i = 0; i < kPoolCounters.size(); ++i) {
    std::optional<double>& value = snapshot.pool.*kPoolCounters[i];
    if (!value) continue;
    pool_[i].Advance(*value, limit_, snapshot.anomalies[Index(Anomaly::kImplausible)]);
    value = pool_[i].total();
  }
}

void CounterState::Reconcile(Snapshot& snapshot, SteadyTime now) {
  std::vector<WorkerEntry*> entries;
  std::vector<ReportedKey> keys;
  const double uptime = last_uptime_.value_or(0);
  for (Worker& worker : snapshot.workers) {
    WorkerEntry& known = *entries.emplace_back(&FindWorker(snapshot, worker, now));
    if (!known.key) known.key = std::make_unique<KeyState>();
    ReportedKey& key = keys.emplace_back();
    key.state = known.key.get();
    key.status = StatusOf(worker);
    key.age_seconds = worker.uptime_seconds.value_or(uptime - known.key->created);
    key.raw = AcceptCounts(snapshot, worker, known);
    known.persistent = known.persistent || key.status != ReportedKey::Status::kEphemeral;
  }
  // An answer that lacks what the balance needs is left out: the next one covers its time, too.
  if (HasReconcilerFields(snapshot.pool) && snapshot.workers_reported) {
    const PoolCounts pool{uptime,
                          pool_[kHits].raw(),
                          pool_[kCreated].raw(),
                          pool_[kFailed].raw(),
                          pool_[kRetired].raw(),
                          snapshot.pool.ephemeral_concurrency.value_or(0)};
    unserved_ += reconciler_.Settle(pool, keys);
  }
  if (snapshot.workers_reported) snapshot.pool.unserved_requests = unserved_;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    Worker& worker = snapshot.workers[i];
    WorkerEntry& known = *entries[i];
    App& app = known.app->app;
    app.estimated_requests = app.estimated_requests.value_or(0) + keys[i].estimated;
    app.discarded_workers = app.discarded_workers.value_or(0) + keys[i].discarded;
    // The runtime counts no errors of ttl=0 requests: its 0 means nothing.
    if (!known.persistent) worker.errors.reset();
    Add(worker, known, keys[i].rise, now);
  }
}

CounterState::WorkerEntry& CounterState::FindWorker(const Snapshot& snapshot, const Worker& worker,
                                                    SteadyTime now) {
  const std::string_view id = snapshot.Text(worker.id);
  auto found = workers_.find(id);
  if (found == workers_.end()) found = workers_.emplace(id, WorkerEntry()).first;
  WorkerEntry& known = found->second;
  AppEntry& entry = ChooseApp(snapshot.Text(worker.app), snapshot.Text(worker.version), known.app);
  Touch(entry, now);
  if (known.app != &entry) {  // new, or the id now names a worker of another app
    known = WorkerEntry();
    known.app = &entry;
  }
  return known;
}

// What is not reported counts as unchanged.
Counts CounterState::AcceptCounts(Snapshot& snapshot, const Worker& worker, WorkerEntry& known) const {
  std::uint32_t& implausible = snapshot.anomalies[Index(Anomaly::kImplausible)];
  const auto accept = [&](const std::optional<double>& reported, RawCounter& counter) {
    return reported ? counter.Accept(*reported, limit_, implausible) : counter.value();
  };
  return {accept(worker.requests, known.requests), accept(worker.errors, known.errors),
          accept(worker.request_seconds, known.request_seconds)};
}

// Adds the rise to the worker's and its app's totals and shows the worker's.
void CounterState::Add(Worker& worker, WorkerEntry& known, const Counts& rise, SteadyTime now) const {
  AppEntry& entry = *known.app;
  App& app = entry.app;
  known.total += rise;
  app.requests += rise.requests;
  if (worker.requests) {
    worker.requests = known.total.requests;
    const bool measured = elapsed_seconds_ && known.last_seen == entry_before_;
    if (measured) worker.requests_per_second = static_cast<float>(rise.requests / *elapsed_seconds_);
  }
  if (worker.errors) {
    worker.errors = known.total.errors;
    app.errors = app.errors.value_or(0) + rise.errors;
  }
  if (worker.request_seconds) {
    worker.request_seconds = RoundSeconds(known.total.seconds);
    entry.request_seconds += rise.seconds;
    app.request_seconds = RoundSeconds(entry.request_seconds);
  }
  known.last_seen = now;
  if (worker.state) ++app.workers[Index(*worker.state)];
  if (worker.heap_used_bytes && (!worker.state || IsAlive(*worker.state))) {
    app.heap_used_bytes = app.heap_used_bytes.value_or(0) + *worker.heap_used_bytes;
  }
}

CounterState::AppEntry* CounterState::FindApp(std::string_view name, std::string_view version) {
  key_.assign(name).append(1, '\0').append(version);
  const auto found = apps_.find(std::string_view(key_));
  return found == apps_.end() ? nullptr : &found->second;
}

// Only where FindApp has just found none.
CounterState::AppEntry& CounterState::AddApp(std::string_view name, std::string_view version) {
  AppEntry& entry = apps_.emplace(key_, AppEntry()).first->second;
  entry.app.name = name;
  entry.app.version = version;
  return entry;
}

// `so_far` is what the worker's counts have gone to; null: it is new.
CounterState::AppEntry& CounterState::ChooseApp(std::string_view name, std::string_view version,
                                                const AppEntry* so_far) {
  if (AppEntry* const known = FindApp(name, version)) return *known;
  const AppEntry* const others = others_;
  if (apps_.size() < app_limit_ + (others != nullptr ? 1 : 0) && (others == nullptr || so_far != others)) {
    return AddApp(name, version);
  }
  apps_dropped_.insert(TextHash()(key_));
  if (others_ == nullptr) {
    others_ = FindApp(kOtherApps, "");
    if (others_ == nullptr) others_ = &AddApp(kOtherApps, "");
  }
  return *others_;
}

void CounterState::Touch(AppEntry& entry, SteadyTime now) const {
  if (entry.generation != generation_) {  // its first worker in this answer: gauges are counted afresh
    entry.generation = generation_;
    entry.app.workers = {};
    entry.app.heap_used_bytes.reset();
    entry.requests_before = entry.app.requests;
    entry.errors_before = entry.app.errors.value_or(0);
  }
  entry.last_seen = now;
}

void CounterState::RateApps(const Snapshot& snapshot) {
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
void CounterState::RatePool(const Snapshot& snapshot) {
  const std::optional<double> before = std::exchange(pool_requests_before_, snapshot.pool.requests);
  if (!snapshot.pool.requests) return;
  rates_.requests_per_second.reset();
  if (elapsed_seconds_ && before) {
    rates_.requests_per_second = (*snapshot.pool.requests - *before) / *elapsed_seconds_;
  }
}

void CounterState::Forget(std::size_t live_workers, SteadyTime now) {
  const bool crowded = workers_.size() > 2 * live_workers + 1000;
  if (workers_.size() > live_workers) {
    std::erase_if(workers_, [&](const auto& item) {
      return item.second.last_seen != now && (crowded || now - item.second.last_seen > kMemory);
    });
  }

  std::vector<AppEntry*> dormant;
  for (auto& [key, entry] : apps_) {
    if (entry.generation == generation_) continue;
    entry.app.workers = {};
    entry.app.heap_used_bytes.reset();
    entry.forgotten = now - entry.last_seen > kMemory;
    dormant.push_back(&entry);
  }
  if (dormant.size() > kMaxDormantApps) {
    const auto kept = dormant.begin() + static_cast<std::ptrdiff_t>(kMaxDormantApps);
    std::ranges::nth_element(dormant, kept, std::greater<>(), &AppEntry::last_seen);
    std::for_each(kept, dormant.end(), [](AppEntry* entry) { entry->forgotten = true; });
  }
  if (std::ranges::none_of(dormant, &AppEntry::forgotten)) return;
  std::erase_if(workers_, [](const auto& item) { return item.second.app->forgotten; });
  if (others_ != nullptr && others_->forgotten) others_ = nullptr;
  std::erase_if(apps_, [](const auto& item) { return item.second.forgotten; });
}

std::vector<App> CounterState::Apps() const {
  std::vector<App> apps;
  apps.reserve(apps_.size());
  for (const auto& [key, entry] : apps_) apps.push_back(entry.app);
  std::ranges::sort(apps, [](const App& a, const App& b) {
    return std::tie(a.name, a.version) < std::tie(b.name, b.version);
  });
  return apps;
}

}  // namespace buntime
