// Stands in for the I/O thread: tasks that other threads post are run by the test, when it says so.
// Thread-safe.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
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

  bool empty() const {
    const std::lock_guard lock(mutex_);
    return tasks_.empty();
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
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> tasks_;
};

/// A check of passwords that waits until the test lets it through; it takes "right" for every hash.
class Turnstile {
 public:
  std::function<bool(const std::string&, const std::string&)> Verify() {
    return [state = state_](const std::string& password, const std::string&) {
      std::unique_lock lock(state->mutex);
      state->checked.push_back(password);
      state->changed.notify_all();
      state->changed.wait(lock, [&] { return state->open > 0; });
      --state->open;
      return password == "right";
    };
  }
  void LetThrough(int count) {
    const std::lock_guard lock(state_->mutex);
    state_->open += count;
    state_->changed.notify_all();
  }
  /// The passwords whose check has begun, once there are so many.
  std::deque<std::string> AwaitChecked(std::size_t count) {
    std::unique_lock lock(state_->mutex);
    state_->changed.wait_for(lock, std::chrono::seconds(20), [&] { return state_->checked.size() >= count; });
    return state_->checked;
  }

 private:
  // Shared with checks under way, which the verifier does not wait for.
  struct State {
    std::mutex mutex;
    std::condition_variable changed;
    std::deque<std::string> checked;
    int open = 0;
  };
  const std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace buntime::testing
