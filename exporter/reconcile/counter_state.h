// What has to be remembered of one runtime from poll to poll so that its counters stay true: those of the
// pool, of its workers, and the totals of its apps. Used by RuntimeState. Not thread-safe.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/clock.h"
#include "model/fleet.h"
#include "model/snapshot.h"
#include "reconcile/counter.h"
#include "reconcile/reconciler.h"

namespace buntime {

class CounterState {
 public:
  /// `app_limit` is the number of apps that are kept apart; all others are one, kOtherApps. An app stays
  /// apart, or a part of the others, as long as it is remembered, so that no counter falls.
  explicit CounterState(std::size_t app_limit = std::numeric_limits<std::size_t>::max())
      : app_limit_(app_limit) {}

  /// Replaces the raw counters of `snapshot` by accumulated ones and adds to the app totals; values that no
  /// runtime can reach are left out and counted as anomalies. `now` is when the runtime counted. Returns
  /// whether the runtime has restarted since the last call (never for the first).
  bool Enter(Snapshot& snapshot, SteadyTime now);

  /// Every known app, by name, then version. Apps without workers stay, with zeros, for kMemory.
  std::vector<App> Apps() const;

  /// How many apps of the latest answer are a part of kOtherApps.
  std::size_t apps_dropped() const { return apps_dropped_.size(); }

  /// About how much memory it takes.
  std::size_t bytes() const { return workers_.size() * kWorkerBytes + apps_.size() * kAppBytes; }

  /// Of the pool, between the last two calls of Enter.
  const Rates& rates() const { return rates_; }

  /// An app or worker that comes back within this time continues its counters. So do the kMaxDormantApps apps
  /// seen last at the most (a runtime's own memory ends there too), and workers unless ids come and go so
  /// fast that they outnumber those in the answer.
  static constexpr Duration kMemory = std::chrono::hours(24);
  static constexpr std::size_t kMaxDormantApps = 1000;

 private:
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  // Of a node, with what it owns.
  static constexpr std::size_t kWorkerBytes = 480;
  static constexpr std::size_t kAppBytes = 400;

  struct AppEntry {
    App app;
    double request_seconds = 0;  // not rounded
    SteadyTime last_seen;
    std::uint64_t generation = 0;  // of the latest answer that had a worker of this app
    bool forgotten = false;
    double requests_before = 0;  // totals at the end of the answer before
    double errors_before = 0;
  };
  struct WorkerEntry {
    AppEntry* app = nullptr;
    RawCounter requests, errors, request_seconds;
    Counts total;
    std::unique_ptr<KeyState> key;  // reconciled counters only
    bool persistent = false;        // released dialect: seen with another status than ephemeral
    SteadyTime last_seen;
  };
  using Workers = std::unordered_map<std::string, WorkerEntry, TextHash, std::equal_to<>>;

  bool HasRestarted(Snapshot& snapshot, SteadyTime now);
  void Restart();
  void EnterPool(Snapshot& snapshot);
  void Reconcile(Snapshot& snapshot, SteadyTime now);
  WorkerEntry& FindWorker(const Snapshot& snapshot, const Worker& worker, SteadyTime now);
  AppEntry* FindApp(std::string_view name, std::string_view version);
  AppEntry& AddApp(std::string_view name, std::string_view version);
  AppEntry& ChooseApp(std::string_view name, std::string_view version, const AppEntry* so_far);
  void Touch(AppEntry& entry, SteadyTime now) const;
  Counts AcceptCounts(Snapshot& snapshot, const Worker& worker, WorkerEntry& known) const;
  void Add(Worker& worker, WorkerEntry& known, const Counts& rise, SteadyTime now) const;
  void RateApps(const Snapshot& snapshot);
  void RatePool(const Snapshot& snapshot);
  void Forget(std::size_t live_workers, SteadyTime now);

  RawCounter uptime_;
  std::optional<double> last_uptime_;
  std::optional<Dialect> dialect_;  // of the latest answer
  bool reconciled_ = false;         // the runtime reports all that the Reconciler needs
  Reconciler reconciler_;
  double unserved_ = 0;
  SteadyTime last_entry_;
  std::uint64_t generation_ = 0;
  SteadyTime entry_before_;
  // From that entry to the last one; empty where there was none, or a restart since.
  std::optional<double> elapsed_seconds_;
  double limit_ = 0;  // greatest plausible rise of a counter in this answer
  std::optional<double> pool_requests_before_;
  Rates rates_;
  std::array<Counter, 7> pool_;
  Workers workers_;
  // Node-based: entries keep their address, so workers may point at their app.
  std::unordered_map<std::string, AppEntry, TextHash, std::equal_to<>> apps_;  // key: name NUL version
  AppEntry* others_ = nullptr;                    // one of them, once there are more than app_limit_
  std::unordered_set<std::size_t> apps_dropped_;  // hashes of keys
  const std::size_t app_limit_;
  std::string key_;  // reused, so that a look-up allocates nothing
};

}  // namespace buntime
