// What has to be remembered of one runtime from poll to poll so that its counters stay true: mirrors of the
// pool's and workers' counters, and the totals of its apps. Used by RuntimeState. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "model/fleet.h"
#include "model/snapshot.h"
#include "poll/counter.h"

namespace buntime {

class Ledger {
 public:
  /// Replaces the raw counters of `snapshot` by mirrored ones and accumulates the app totals. `now` is the
  /// time of the answer. Returns whether the runtime has restarted since the last call (never for the first).
  bool Enter(Snapshot& snapshot, SteadyTime now);

  /// Every known app, by name, then version. Apps without workers stay, with zeros, for kMemory.
  std::vector<App> Apps() const;

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
  struct AppEntry {
    App app;
    SteadyTime last_seen;
    std::uint64_t generation = 0;  // of the latest answer that had a worker of this app
    double requests_before = 0;    // totals at the end of the answer before
    double errors_before = 0;
  };
  struct WorkerEntry {
    AppEntry* app = nullptr;
    MirroredCounter requests;
    MirroredCounter errors;
    MirroredCounter request_seconds;
    SteadyTime last_seen;
  };
  struct PoolCounters {
    MirroredCounter requests, hits, misses, evictions, workers_created, workers_failed, workers_retired;
  };
  using Workers = std::unordered_map<std::string, WorkerEntry, TextHash, std::equal_to<>>;

  bool HasRestarted(const Pool& pool, SteadyTime now);
  void EnterPool(Pool& pool);
  void EnterWorker(const Snapshot& snapshot, Worker& worker, SteadyTime now);
  AppEntry& FindApp(std::string_view name, std::string_view version, SteadyTime now);
  void RateApps(const Snapshot& snapshot);
  void RatePool(const Snapshot& snapshot);
  void Forget(std::size_t live_workers, SteadyTime now);

  std::optional<double> last_uptime_;
  SteadyTime last_entry_;
  std::uint64_t generation_ = 0;
  SteadyTime entry_before_;
  // From that entry to the last one; empty where there was none, or a restart since.
  std::optional<double> elapsed_seconds_;
  std::optional<double> pool_requests_before_;
  Rates rates_;
  PoolCounters pool_;
  Workers workers_;
  // Node-based: entries keep their address, so workers may point at their app.
  std::unordered_map<std::string, AppEntry, TextHash, std::equal_to<>> apps_;  // key: name NUL version
  std::string key_;  // reused, so that a look-up allocates nothing
};

}  // namespace buntime
