// What was counted, in whole numbers so that sums are exact. Plain values.
#pragma once

#include <cstdint>

namespace buntime::simulator {

/// Requests of an app or a worker. Time is kept in hundredths of a millisecond, the finest step a runtime
/// prints.
struct Tally {
  std::uint64_t requests = 0;
  std::uint64_t errors = 0;
  std::uint64_t centi_ms = 0;

  Tally& operator+=(const Tally& other) {
    requests += other.requests;
    errors += other.errors;
    centi_ms += other.centi_ms;
    return *this;
  }
  Tally& operator-=(const Tally& other) {
    requests -= other.requests;
    errors -= other.errors;
    centi_ms -= other.centi_ms;
    return *this;
  }
  friend bool operator==(const Tally&, const Tally&) = default;
};

/// Of a pool. A lookup is a hit or a miss, and a request of the pool is a lookup.
struct PoolCounters {
  std::uint64_t hits = 0;
  std::uint64_t misses = 0;
  std::uint64_t evictions = 0;
  std::uint64_t created = 0;
  std::uint64_t failed = 0;
  std::uint64_t retired = 0;

  std::uint64_t requests() const { return hits + misses; }
  PoolCounters& operator+=(const PoolCounters& other) {
    hits += other.hits;
    misses += other.misses;
    evictions += other.evictions;
    created += other.created;
    failed += other.failed;
    retired += other.retired;
    return *this;
  }
  friend bool operator==(const PoolCounters&, const PoolCounters&) = default;
};

}  // namespace buntime::simulator
