// The gate in front of apps with ttl=0: a few requests run at a time, a bounded queue waits, the rest is
// turned away and counted nowhere. Not thread-safe.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <vector>

namespace buntime::simulator {

class Gate {
 public:
  struct Run {
    std::uint32_t app = 0;
    std::int64_t start_ms = 0;
    std::int64_t finish_ms = 0;
  };

  Gate(std::size_t concurrency, std::size_t queue_limit)
      : concurrency_(concurrency), queue_limit_(queue_limit) {}

  /// A number for HasTurn; none: the queue is full.
  std::optional<std::uint64_t> Offer(std::uint32_t app);
  /// True once the request no longer waits for others: it runs, has run, was cleared, or is the next to run.
  bool HasTurn(std::uint64_t number) const { return number < begun_ + Free(); }
  /// Lets everything happen up to `now_ms`: `begin` is asked for how long a request will take (ms, at least
  /// 1) when it gets its turn, `end` hears of each that is done.
  void Advance(std::int64_t now_ms, const std::function<std::int64_t(std::uint32_t app)>& begin,
               const std::function<void(const Run&)>& end);
  /// Everything waiting or running is lost.
  void Clear(std::int64_t now_ms);

  /// Requests that wait for others.
  std::size_t Depth() const { return queue_.size() - std::min(queue_.size(), Free()); }
  std::size_t concurrency() const { return concurrency_; }
  std::size_t queue_limit() const { return queue_limit_; }
  const std::vector<Run>& running() const { return running_; }

 private:
  std::size_t Free() const { return concurrency_ - std::min(concurrency_, running_.size()); }

  std::size_t concurrency_;
  std::size_t queue_limit_;
  std::deque<std::uint32_t> queue_;
  std::vector<Run> running_;
  std::uint64_t begun_ = 0;  // requests that left the queue, since the world began
  std::int64_t last_ms_ = 0;
};

}  // namespace buntime::simulator
