// Time, as a seam: the program uses SystemClock, tests move a clock of their own by hand. Thread-safe.
#pragma once

#include <chrono>

namespace buntime {

using Duration = std::chrono::nanoseconds;
using SteadyTime = std::chrono::time_point<std::chrono::steady_clock, Duration>;

/// Seconds as a floating-point number, the unit of every exposed time.
constexpr double Seconds(Duration d) { return std::chrono::duration<double>(d).count(); }

class Clock {
 public:
  virtual ~Clock() = default;
  /// Never goes back; for intervals and deadlines.
  virtual SteadyTime Now() const = 0;
  /// Seconds since 1970-01-01T00:00:00Z; for timestamps that people and Prometheus read.
  virtual double UnixSeconds() const = 0;
};

class SystemClock final : public Clock {
 public:
  SteadyTime Now() const override { return std::chrono::steady_clock::now(); }
  double UnixSeconds() const override { return Seconds(std::chrono::system_clock::now().time_since_epoch()); }
};

}  // namespace buntime
