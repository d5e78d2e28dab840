// How a counter of the runtime becomes a counter of ours. Values, not thread-safe.
#pragma once

#include <algorithm>
#include <cstdint>

namespace buntime {

/// No runtime serves more than this; a counter that rises faster is an error of the answer.
inline constexpr double kMaxRisePerSecond = 1e6;

/// A counter as the runtime reports it, without values that it cannot have reached.
class RawCounter {
 public:
  /// Takes `raw` and returns the value to work with: the previous one where it would rise by more than
  /// `limit`, which adds 1 to `implausible`. A second value at that level is believed, but the jump to it is
  /// left out for good.
  double Accept(double raw, double limit, std::uint32_t& implausible) {
    if (raw < jump_) jump_ = 0;
    const double value = raw - jump_;
    if (value - value_ <= limit) {
      suspect_ = kNone;
      return value_ = value;
    }
    ++implausible;
    if (suspect_ != kNone && raw >= suspect_ && raw - suspect_ <= limit) jump_ = raw - value_;
    suspect_ = raw;
    return value_;
  }
  double value() const { return value_; }

 private:
  static constexpr double kNone = -1;
  double value_ = 0;
  double jump_ = 0;
  double suspect_ = kNone;
};

/// Accumulates a RawCounter. The total never falls: a fall of the raw value is no rise, and after a restart
/// of the runtime the whole new value is one.
class Counter {
 public:
  /// Returns the rise. `limit` and `implausible` as in RawCounter::Accept.
  double Advance(double raw, double limit, std::uint32_t& implausible) {
    const double before = raw_.value();
    const double rise = std::max(0.0, raw_.Accept(raw, limit, implausible) - before);
    total_ += rise;
    return rise;
  }
  void Restart() { raw_ = RawCounter(); }
  double total() const { return total_; }
  double raw() const { return raw_.value(); }

 private:
  RawCounter raw_;
  double total_ = 0;
};

}  // namespace buntime
