// Where the poll loop leaves the latest Fleet for everyone else. Thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <stop_token>
#include <utility>

#include "base/clock.h"
#include "base/mutex.h"
#include "model/fleet.h"

namespace buntime {

class FleetBoard {
 public:
  /// Never null: before the first publication an empty fleet.
  std::shared_ptr<const Fleet> Latest() const {
    const MutexLock lock(mutex_);
    return fleet_;
  }

  /// The latest fleet, once it is newer than `revision`; after `deadline`, or when `stop` is requested, as it
  /// is.
  std::shared_ptr<const Fleet> AwaitNewer(std::uint64_t revision, SteadyTime deadline,
                                          const std::stop_token& stop) const {
    const MutexLock lock(mutex_);
    published_.WaitUntil(mutex_, stop, deadline,
                         [&]() REQUIRES(mutex_) { return fleet_->revision > revision; });
    return fleet_;
  }

  void Publish(std::shared_ptr<const Fleet> fleet) {
    {
      // The old fleet may be the last reference to megabytes: it is freed after the lock is.
      const MutexLock lock(mutex_);
      fleet_.swap(fleet);
    }
    published_.NotifyAll();
  }

 private:
  // A mutex rather than std::atomic<std::shared_ptr>: libstdc++ 12 implements the latter in a way that
  // ThreadSanitizer takes for a race.
  mutable Mutex mutex_;
  mutable CondVar published_;
  std::shared_ptr<const Fleet> fleet_ GUARDED_BY(mutex_) = std::make_shared<Fleet>();
};

}  // namespace buntime
