// Stands in for the I/O thread: tasks that other threads post are run by the test, when it says so.
// Thread-safe.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <utility>

namespace buntime::testing {

class TaskQueue {
 public:
  std::function<void(std::function<void()>)> Post() {
    return [this](std::function<void()> task) {
      const std::lock_guard lock(mutex_);
      tasks_.push_back(std::move(task));
      changed_.notify_all();
    };
  }

  /// Waits for the next task and runs it; false when none comes.
  bool RunOne() {
    std::function<void()> task;
    {
      std::unique_lock lock(mutex_);
      if (!changed_.wait_for(lock, std::chrono::seconds(20), [this] { return !tasks_.empty(); }))
        return false;
      task = std::move(tasks_.front());
      tasks_.pop_front();
    }
    task();
    return true;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> tasks_;
};

/// A check of passwords that waits until the test lets it through; it takes "right" for every hash.
class Turnstile {
 public:
  std::function<bool(const std::string&, const std::string&)> Verify() {
    return [this](const std::string& password, const std::string&) {
      std::unique_lock lock(mutex_);
      checked_.push_back(password);
      changed_.notify_all();
      changed_.wait(lock, [this] { return open_ > 0; });
      --open_;
      return password == "right";
    };
  }
  void LetThrough(int count) {
    const std::lock_guard lock(mutex_);
    open_ += count;
    changed_.notify_all();
  }
  /// The passwords whose check has begun, once there are so many.
  std::deque<std::string> AwaitChecked(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::seconds(20), [&] { return checked_.size() >= count; });
    return checked_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::string> checked_;
  int open_ = 0;
};

}  // namespace buntime::testing
