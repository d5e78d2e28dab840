#include "simulator/gate.h"

#include <algorithm>

namespace buntime::simulator {

std::optional<std::uint64_t> Gate::Offer(std::uint32_t app) {
  if (queue_.size() >= queue_limit_ + Free()) return std::nullopt;
  queue_.push_back(app);
  return begun_ + queue_.size() - 1;
}

void Gate::Advance(std::int64_t now_ms, const std::function<std::int64_t(std::uint32_t)>& begin,
                   const std::function<void(const Run&)>& end) {
  // A turn that became free in between is taken at that moment, not at now_ms: two turns of 50 ms serve four
  // requests in 100 ms however seldom we are called.
  std::int64_t free_since = last_ms_;
  while (true) {
    while (running_.size() < concurrency_ && !queue_.empty()) {
      Run run{queue_.front(), free_since, 0};
      queue_.pop_front();
      ++begun_;
      run.finish_ms = run.start_ms + std::max<std::int64_t>(1, begin(run.app));
      running_.push_back(run);
    }
    const auto first = std::min_element(running_.begin(), running_.end(),
                                        [](const Run& a, const Run& b) { return a.finish_ms < b.finish_ms; });
    if (first == running_.end() || first->finish_ms > now_ms) break;
    const Run done = *first;
    running_.erase(first);
    free_since = done.finish_ms;
    end(done);
  }
  last_ms_ = now_ms;
}

void Gate::Clear(std::int64_t now_ms) {
  begun_ += queue_.size();
  queue_.clear();
  running_.clear();
  last_ms_ = now_ms;
}

}  // namespace buntime::simulator
