// Who has waited longest, for waits of one fixed length: a queue in order of arrival, so entering, leaving
// and finding the next deadline each take constant time and no allocation, whatever the number of clients.
//
// Used by ConnectionTable. Not thread-safe: the I/O thread only.
#pragma once

#include <list>
#include <optional>

#include "base/clock.h"

namespace buntime {

template <class T>
class DeadlineQueue {
  struct Entry {
    T* who;
    SteadyTime deadline;
  };

 public:
  /// The place of one T in at most one queue. A member of T; leaves its queue when destroyed.
  class Place {
   public:
    explicit Place(T* who) : entry_(1, Entry{who, {}}) {}
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    ~Place() { Leave(); }

    void Leave() {
      if (queue_ == nullptr) return;
      entry_.splice(entry_.begin(), queue_->entries_, at_);
      queue_ = nullptr;
    }

   private:
    friend class DeadlineQueue;
    std::list<Entry> entry_;  // holds the entry while it is in no queue
    typename std::list<Entry>::iterator at_;
    DeadlineQueue* queue_ = nullptr;
  };

  explicit DeadlineQueue(Duration length) : length_(length) {}

  /// Leaves the queue that `place` is in and enters this one at its end. `now` never goes back.
  SteadyTime Enter(Place& place, SteadyTime now) {
    place.Leave();
    place.at_ = place.entry_.begin();
    place.at_->deadline = now + length_;
    entries_.splice(entries_.end(), place.entry_);
    place.queue_ = this;
    return place.at_->deadline;
  }

  T* Oldest() const { return entries_.empty() ? nullptr : entries_.front().who; }

  std::optional<SteadyTime> NextDeadline() const {
    if (entries_.empty()) return std::nullopt;
    return entries_.front().deadline;
  }

 private:
  const Duration length_;
  std::list<Entry> entries_;
};

}  // namespace buntime
