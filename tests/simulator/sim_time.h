// Simulated time: real time multiplied by a speed, plus what was stepped by hand. Every world, script and
// expiry runs on it, so a rehearsal of an hour can take a minute. Not thread-safe.
#pragma once

#include <cstdint>

#include "base/clock.h"

namespace buntime::simulator {

class SimTime {
 public:
  /// `clock` outlives this. Speed 0: time moves by Step alone.
  SimTime(const Clock& clock, double speed)
      : clock_(clock), start_unix_(clock.UnixSeconds()), anchor_(clock.Now()), speed_(speed) {}

  /// Milliseconds since the simulation began.
  std::int64_t NowMs() const {
    return base_ms_ + static_cast<std::int64_t>(Seconds(clock_.Now() - anchor_) * speed_ * 1000);
  }
  /// The wall clock that belongs to a simulated moment.
  double UnixSeconds(std::int64_t ms) const { return start_unix_ + static_cast<double>(ms) / 1000; }

  void Step(std::int64_t ms) { base_ms_ += ms; }
  void SetSpeed(double speed) {
    base_ms_ = NowMs();
    anchor_ = clock_.Now();
    speed_ = speed;
  }

 private:
  const Clock& clock_;
  const double start_unix_;
  SteadyTime anchor_;
  double speed_;
  std::int64_t base_ms_ = 0;
};

}  // namespace buntime::simulator
