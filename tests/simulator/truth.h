// What really happened, across restarts, for tests to compare with what an observer made of the answers.
// Plain values.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "simulator/tally.h"

namespace buntime::simulator {

/// What the clients of an app know: `ok` and `failed` were answered, the rest of `sent` is under way.
struct Clients {
  std::uint64_t sent = 0;
  std::uint64_t ok = 0;
  std::uint64_t failed = 0;
  std::uint64_t rejected = 0;  // of failed: the ephemeral queue was full; no runtime reports it

  Clients& operator+=(const Clients& other) {
    sent += other.sent;
    ok += other.ok;
    failed += other.failed;
    rejected += other.rejected;
    return *this;
  }
  friend bool operator==(const Clients&, const Clients&) = default;
};

/// Always: served = shown + forgotten.
struct AppTruth {
  std::string app;
  std::string version;
  Clients clients;
  std::uint64_t drops = 0;  // workers that were replaced and their counters lost
  Tally served;             // counted by its workers since the simulation began
  Tally shown;              // in the answers right now
  Tally forgotten;          // no longer in any answer: a restart, a dropped worker, a worker id that is gone
  bool ephemeral = false;
};

struct Truth {
  std::int64_t now_ms = 0;     // simulated time since the simulation began
  std::int64_t uptime_ms = 0;  // since the latest restart
  std::uint64_t restarts = 0;
  PoolCounters counters;  // across restarts
  std::vector<AppTruth> apps;
};

/// One JSON object, times in seconds.
void AppendTruth(std::string& out, const Truth& truth);

}  // namespace buntime::simulator
