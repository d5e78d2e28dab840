// Where the poll loop leaves the latest Fleet for everyone else. Thread-safe.
#pragma once

#include <memory>
#include <mutex>
#include <utility>

#include "model/fleet.h"

namespace buntime {

class FleetBoard {
 public:
  /// Never null: before the first publication an empty fleet.
  std::shared_ptr<const Fleet> Latest() const {
    const std::lock_guard lock(mutex_);
    return fleet_;
  }

  void Publish(std::shared_ptr<const Fleet> fleet) {
    // The old fleet may be the last reference to megabytes: it is freed after the lock is.
    const std::lock_guard lock(mutex_);
    fleet_.swap(fleet);
  }

 private:
  // A mutex rather than std::atomic<std::shared_ptr>: libstdc++ 12 implements the latter in a way that
  // ThreadSanitizer takes for a race.
  mutable std::mutex mutex_;
  std::shared_ptr<const Fleet> fleet_ = std::make_shared<Fleet>();
};

}  // namespace buntime
