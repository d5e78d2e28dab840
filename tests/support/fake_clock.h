// A clock that only tests move.
#pragma once

#include "base/clock.h"

namespace buntime {

class FakeClock final : public Clock {
 public:
  SteadyTime Now() const override { return now_; }
  double UnixSeconds() const override { return 1.7e9 + Seconds(now_.time_since_epoch()); }
  void Advance(Duration by) { now_ += by; }

 private:
  SteadyTime now_ = SteadyTime(std::chrono::hours(1));
};

}  // namespace buntime
