// Helpers for tests of worlds.
#pragma once

#include <map>
#include <string>

#include "simulator/live_world.h"

namespace buntime::simulator {

inline WorldOptions SmallWorld(bool documented = false) {
  WorldOptions options;
  options.seed = 7;
  options.documented = documented;
  options.pool_size = 4;  // ten apps do not fit: evictions
  options.idle_timeout_ms = 3'000;
  options.model.ttl_ms = 8'000;
  return options;
}

inline Knobs BusyKnobs() {
  Knobs knobs;
  knobs.rps = 40;
  knobs.ephemeral_rps = 5;
  return knobs;
}

/// What the rows of a view add up to, by name@version.
inline std::map<std::string, Tally> SumByKey(const View& view) {
  std::map<std::string, Tally> sums;
  for (const WorkerRow& row : view.rows) sums[row.key] += row.tally;
  return sums;
}

inline Tally Served(const Truth& truth) {
  Tally sum;
  for (const AppTruth& app : truth.apps) sum += app.served;
  return sum;
}

inline std::uint64_t Drops(const Truth& truth) {
  std::uint64_t sum = 0;
  for (const AppTruth& app : truth.apps) sum += app.drops;
  return sum;
}

inline Clients AllClients(const Truth& truth) {
  Clients sum;
  for (const AppTruth& app : truth.apps) sum += app.clients;
  return sum;
}

}  // namespace buntime::simulator
