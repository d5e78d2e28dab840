// Repeats work that has to be done, until there is memory for it.
#pragma once

#include <chrono>
#include <new>
#include <thread>

namespace buntime {

/// Calls `work` until it returns without std::bad_alloc; returns what it returns. `work` leaves things as
/// they were when it throws.
template <class Work>
auto UntilDone(const Work& work) {
  while (true) {
    try {
      return work();
    } catch (const std::bad_alloc&) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  }
}

}  // namespace buntime
