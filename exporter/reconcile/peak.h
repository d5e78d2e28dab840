// The highest of the values seen within a time window. Not thread-safe.
#pragma once

#include <deque>
#include <optional>
#include <utility>

#include "base/clock.h"

namespace buntime {

/// Keeps only values that can still become the maximum (each later one is smaller), so the work for a value
/// is constant on average and the memory small.
class Peak {
 public:
  void Add(SteadyTime now, double value) {
    while (!values_.empty() && values_.back().second <= value) values_.pop_back();
    values_.emplace_back(now, value);
  }

  /// Empty when nothing was seen since `now - window`.
  std::optional<double> Highest(SteadyTime now, Duration window) {
    while (!values_.empty() && now - values_.front().first > window) values_.pop_front();
    if (values_.empty()) return std::nullopt;
    return values_.front().second;
  }

 private:
  std::deque<std::pair<SteadyTime, double>> values_;
};

}  // namespace buntime
