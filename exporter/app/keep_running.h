// Keeps the loop of a thread running after an exception, which would end the thread and the program.
#pragma once

#include <chrono>
#include <exception>
#include <stop_token>
#include <thread>

#include "base/clock.h"
#include "base/log.h"

namespace buntime {

/// Calls `run` until it returns by itself; after an exception, for which a shortage of memory is the only
/// known cause, once more, unless `stop` was requested.
template <class Run>
void KeepRunning(const std::stop_token& stop, Log& log, const Run& run) {
  constexpr Duration kSilence = std::chrono::seconds(10);
  SteadyTime logged = SteadyTime::min();
  while (true) {
    try {
      return run();
    } catch (const std::exception& exception) {
      const SteadyTime now = SystemClock().Now();
      if (logged == SteadyTime::min() || now - logged > kSilence) {
        log.Fail("a thread starts its work anew: raise the memory limit", {{"error", exception.what()}});
        logged = now;
      }
    }
    if (stop.stop_requested()) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
}

}  // namespace buntime
