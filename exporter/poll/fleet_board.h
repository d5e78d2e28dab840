// Where the poll loop leaves the latest Fleet for everyone else. Thread-safe.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <stop_token>
#include <utility>

#include "base/clock.h"
#include "model/fleet.h"

namespace buntime {

class FleetBoard {
 public:
  /// Never null: before the first publication an empty fleet.
  std::shared_ptr<const Fleet> Latest() const {
    const std::lock_guard lock(mutex_);
    return fleet_;
  }

  /// The latest fleet, once it is newer than `revision`; after `deadline`, or when `stop` is requested, as it
  /// is.
  std::shared_ptr<const Fleet> AwaitNewer(std::uint64_t revision, SteadyTime deadline,
                                          const std::stop_token& stop) const {
    std::unique_lock lock(mutex_);
    published_.wait_until(lock, stop, deadline, [&] { return fleet_->revision > revision; });
    return fleet_;
  }

  void Publish(std::shared_ptr<const Fleet> fleet) {
    {
      // The old fleet may be the last reference to megabytes: it is freed after the lock is.
      const std::lock_guard lock(mutex_);
      fleet_.swap(fleet);
    }
    published_.notify_all();
  }

 private:
  // A mutex rather than std::atomic<std::shared_ptr>: libstdc++ 12 implements the latter in a way that
  // ThreadSanitizer takes for a race.
  mutable std::mutex mutex_;
  mutable std::condition_variable_any published_;
  std::shared_ptr<const Fleet> fleet_ = std::make_shared<Fleet>();
};

}  // namespace buntime
