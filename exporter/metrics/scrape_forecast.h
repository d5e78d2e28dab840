// When the next scrape is due, learnt from the times of past ones: a scrape that follows two others at equal
// distances is expected again after the same distance. Several scrapers may interleave. Not thread-safe.
#pragma once

#include <chrono>
#include <optional>
#include <vector>

#include "base/clock.h"

namespace buntime {

class ScrapeForecast {
 public:
  /// How far a scrape may be from where it is expected; scrapes closer together than that count as one.
  static constexpr Duration kJitter = std::chrono::milliseconds(100);

  /// A scrape came. Times never go back.
  void Note(SteadyTime now);

  /// The next scrape that is due, at `now - kJitter` at the earliest; empty: none is expected.
  std::optional<SteadyTime> Next(SteadyTime now) const;

  /// Starts to learn anew.
  void Forget();

 private:
  bool CameAbout(SteadyTime time) const;

  std::vector<SteadyTime> past_;      // the latest kKept, in order
  std::vector<SteadyTime> expected_;  // at most one for each of them
};

}  // namespace buntime
