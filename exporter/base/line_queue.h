// Lines on their way to a descriptor that may block, break or never be read: a thread of its own writes them,
// so that no caller waits. Thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace buntime {

class LineQueue {
 public:
  /// Makes the line that reports how many were dropped. Called on the writing thread, which may outlive the
  /// queue: it must not refer to anything that ends.
  using DropNote = std::function<std::string(std::uint64_t dropped)>;

  /// Writes to `fd`, which stays the caller's. Throws std::system_error where no thread can be started.
  LineQueue(int fd, DropNote note);
  /// Waits for what is queued, at most kDrainMilliseconds; then leaves the thread to its write.
  ~LineQueue();
  LineQueue(const LineQueue&) = delete;
  LineQueue& operator=(const LineQueue&) = delete;

  /// Queues `line`, which ends in a line feed; drops it where kMaxBytes are queued. Never waits for the
  /// descriptor. Once all is written again, one line of `note` reports what was dropped.
  void Push(std::string line);
  /// Counts a line for which there was no memory as dropped.
  void Drop();

  /// Lines that were dropped, or that the descriptor refused (a closed pipe, a full disk), so far.
  std::uint64_t dropped() const;

  static constexpr std::size_t kMaxBytes = std::size_t{1} << 20;
  static constexpr int kDrainMilliseconds = 500;

 private:
  struct State;
  const std::shared_ptr<State> state_;
};

}  // namespace buntime
