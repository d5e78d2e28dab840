// The gate in front of apps with ttl=0: a few requests run at a time, a bounded queue waits, the rest is
// turned away and counted nowhere. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
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

  /// False: the queue is full.
  bool Offer(std::uint32_t app);
  /// Lets everything happen up to `now_ms`: `begin` is asked for how long a request will take (ms, at least
  /// 1) when it gets its turn, `end` hears of each that is done.
  void Advance(std::int64_t now_ms, const std::function<std::int64_t(std::uint32_t app)>& begin,
               const std::function<void(const Run&)>& end);
  /// Everything waiting or running is lost.
  void Clear(std::int64_t now_ms);

  std::size_t Depth() const { return queue_.size(); }
  std::size_t concurrency() const { return concurrency_; }
  std::size_t queue_limit() const { return queue_limit_; }
  const std::vector<Run>& running() const { return running_; }

 private:
  std::size_t concurrency_;
  std::size_t queue_limit_;
  std::deque<std::uint32_t> queue_;
  std::vector<Run> running_;
  std::int64_t last_ms_ = 0;
};

}  // namespace buntime::simulator
