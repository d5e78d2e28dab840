// How a counter of the runtime becomes a counter of ours. Values, not thread-safe.
#pragma once

namespace buntime {

/// Exported value = raw value + offset. The runtime's own counters may fall while it keeps running (it drops
/// the book-keeping of an unhealthy worker); Prometheus would read that as a restart from zero and invent the
/// whole count anew. So a fall is added to the offset and the exported series stays flat.
class MirroredCounter {
 public:
  /// Takes the latest raw value; returns by how much the counter rose (never negative).
  double Update(double raw) {
    const double rise = raw > raw_ ? raw - raw_ : 0;
    if (raw < raw_) offset_ += raw_ - raw;
    raw_ = raw;
    return rise;
  }
  double value() const { return raw_ + offset_; }

 private:
  double raw_ = 0;
  double offset_ = 0;
};

}  // namespace buntime
