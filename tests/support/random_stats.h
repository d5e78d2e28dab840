// Random stats bodies together with what they mean: for property tests. The same seed gives the same
// document.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/snapshot.h"

namespace buntime::testing {

/// A worker with its names as text, which is what tests compare.
struct NamedWorker {
  std::string id;
  std::string app;
  std::string version;
  Worker values;  // without names
};

struct RandomStats {
  std::string body;
  Dialect dialect = Dialect::kDocumented;
  Pool pool;
  std::vector<NamedWorker> workers;
  AnomalyCounts anomalies{};
};

/// Either dialect, either shape of `workers`, any subset of the fields in any order, unknown members in
/// between, values of the wrong type, workers without name and with the name of another, and odd white space.
RandomStats MakeRandomStats(std::uint64_t seed);

}  // namespace buntime::testing
