// Latest serialized state of one runtime, shared by all its SSE subscribers. A slow subscriber skips states
// and always gets the newest.
//
// Thread-safe: LiveFeed publishes, the I/O thread reads.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/mutex.h"
#include "web/http.h"

namespace buntime {

/// One server-sent event (WHATWG HTML, 9.2). `data` is one line. `name` empty: a plain message.
std::string FormatEvent(std::string_view id, std::string_view name, std::string_view data);

class EventTopic {
 public:
  struct State {
    std::shared_ptr<const std::string> event;  // null: none yet
    std::uint64_t revision = 0;                // rises with each event
    bool over = false;                         // no more will come
  };

  State Latest() const;
  void Publish(std::string event, std::uint64_t revision);
  void End();

 private:
  mutable Mutex mutex_;
  State state_ GUARDED_BY(mutex_);
};

/// Limits the number of concurrent subscribers.
class SubscriberLimit {
 public:
  explicit SubscriberLimit(std::size_t count) : free_(static_cast<std::int64_t>(count)) {}

  /// One place, released with the last copy; null when all are taken.
  std::shared_ptr<void> Take();

 private:
  std::atomic<std::int64_t> free_;
};

/// One client's view of a topic.
class EventSubscription final : public EventSource {
 public:
  static constexpr Duration kHeartbeat = std::chrono::seconds(15);

  /// `seen` is the revision that the client has from an earlier connection. `clock` outlives the
  /// subscription.
  EventSubscription(std::shared_ptr<const EventTopic> topic, std::shared_ptr<void> slot,
                    std::optional<std::uint64_t> seen, const Clock& clock);

  /// First how soon to come back after a break, then the latest event whenever it is a new one, and a comment
  /// when nothing was said for kHeartbeat.
  Piece Next() override;

 private:
  const std::shared_ptr<const EventTopic> topic_;
  const std::shared_ptr<void> slot_;
  const Clock& clock_;
  std::optional<std::uint64_t> seen_;
  bool greeted_ = false;
  SteadyTime spoken_at_;
};

}  // namespace buntime
