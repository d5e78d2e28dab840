// Mutexes whose use clang's thread-safety analysis checks (-Wthread-safety); other compilers see plain ones.
// libstdc++'s own are not annotated, so the analysis cannot follow them.
//
//   mutable Mutex mutex_;
//   int count_ GUARDED_BY(mutex_) = 0;    // touched only while mutex_ is held
//   void Add() REQUIRES(mutex_);          // called only while mutex_ is held
#pragma once

#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <utility>

#include "base/clock.h"

#ifdef __clang__
#define THREAD_ANNOTATION(x) __attribute__((x))
#else
#define THREAD_ANNOTATION(x)
#endif

#define GUARDED_BY(mutex) THREAD_ANNOTATION(guarded_by(mutex))
#define REQUIRES(mutex) THREAD_ANNOTATION(requires_capability(mutex))

namespace buntime {

class THREAD_ANNOTATION(capability("mutex")) Mutex {
 public:
  // Named so that the standard library can lock it.
  void lock() THREAD_ANNOTATION(acquire_capability()) { mutex_.lock(); }
  void unlock() THREAD_ANNOTATION(release_capability()) { mutex_.unlock(); }

 private:
  std::mutex mutex_;
};

/// Holds a mutex until the end of its scope.
class THREAD_ANNOTATION(scoped_lockable) MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) THREAD_ANNOTATION(acquire_capability(mutex)) : mutex_(mutex) {
    mutex_.lock();
  }
  ~MutexLock() THREAD_ANNOTATION(release_capability()) { mutex_.unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};

/// Waits for a state that a mutex guards. Wake-ups may be spurious: call in a loop that tests the state.
class CondVar {
 public:
  void Wait(Mutex& mutex) REQUIRES(mutex) { changed_.wait(mutex); }

  /// Until `done` holds, at most until `deadline` or until `stop` is requested. `done` is called with `mutex`
  /// held; annotate it as `[&]() REQUIRES(mutex) { … }`.
  template <class Done>
  void WaitUntil(Mutex& mutex, const std::stop_token& stop, SteadyTime deadline, Done done) REQUIRES(mutex)
      THREAD_ANNOTATION(no_thread_safety_analysis) {
    changed_.wait_until(mutex, stop, deadline, std::move(done));
  }

  void NotifyOne() { changed_.notify_one(); }
  void NotifyAll() { changed_.notify_all(); }

 private:
  std::condition_variable_any changed_;
};

}  // namespace buntime
