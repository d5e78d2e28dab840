// Recovers what the released runtime forgets. It keeps one count per key (`name@version`): that of the live
// worker plus the merged counts of earlier ones. A worker that is evicted or retired by the cleanup tick is
// merged. A worker that the next request finds unhealthy (after maxRequests, its ttl, a timeout, a crash) is
// discarded, and its count is gone. The pool's own counters are exact: hits + created workers = requests. So
// the sum of what was lost is known, and only its division among the keys whose worker was replaced is an
// estimate.
//
// Pure: no I/O, no clock. Used by CounterState, on its thread. Times are seconds on the runtime's own clock.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "reconcile/key_state.h"

namespace buntime {

/// A key as one poll reports it, and what its counters rise by.
struct ReportedKey {
  enum class Status : std::uint8_t { kAlive, kOffline, kEphemeral };
  KeyState* state = nullptr;
  Status status = Status::kAlive;
  double age_seconds = 0;  // of the live worker
  Counts raw;

  Counts rise;            // estimated part included
  double estimated = 0;   // requests in `rise` that were attributed, not seen
  double discarded = 0;   // workers: replaced without being merged, seen or attributed
  bool at_limit = false;  // its estimate is exact: the worker ended at its limit
};

/// The pool's counters since the runtime started.
struct PoolCounts {
  double uptime_seconds = 0;
  double hits = 0;
  double created = 0;
  double failed = 0;
  double retired = 0;
  double ephemeral_concurrency = 0;  // ttl=0 requests that can be in flight
};

class Reconciler {
 public:
  /// Fills in the rises of `keys`, in which each key occurs once. Returns by how much the number of requests
  /// rose that the pool took and no app counted. The first poll takes every count as it stands.
  double Settle(const PoolCounts& pool, std::span<ReportedKey> keys);

  /// The runtime restarted: its counters start from zero. The caller restarts each KeyState.
  void Restart();

 private:
  struct Replaced {
    ReportedKey* key;
    double own_before = 0;       // requests of the worker before, at the latest poll
    std::optional<double> rate;  // hits per second before it
    bool was_alive = false;      // a worker of this key was alive at the latest poll
    bool was_unused = false;
    bool discarded = false;  // that worker was discarded, as far as can be told
  };

  void Join(const PoolCounts& pool, std::span<ReportedKey> keys);
  void TakeCertain(std::span<ReportedKey> keys);
  void TakeSameWorker(ReportedKey& key);
  void SortOutMerged(double discarded, double retired);
  void TakeReplaced(Replaced& item);
  void AttributeWorkers(double workers);
  double TakeLimits(double missing, bool any_unseen);
  void ExpectLosses();
  void AttributeHits(double hits, std::span<ReportedKey> keys);
  void Estimate(ReportedKey& key, double requests);

  std::optional<PoolCounts> last_;
  double interval_ = 0;          // seconds since the latest poll
  double alive_ = 0;             // live workers at the latest poll
  double unused_ = 0;            // those of them that had not counted a request
  double carried_requests_ = 0;  // balance left over: requests in flight
  double lasting_ = 0;           // the least that was carried since lasting_since_
  double lasting_since_ = 0;
  double carried_workers_ = 0;
  double settled_at_ = 0;  // uptime at which losses were divided, or there were none
  bool ephemeral_seen_ = false;

  // Of the poll being settled.
  std::vector<Replaced> replaced_;
  double counted_ = 0;    // rise of persistent keys
  double ephemeral_ = 0;  // rise of ttl=0 keys
  double gone_offline_ = 0;
  double unserved_ = 0;
};

}  // namespace buntime
