// The apps a simulated runtime hosts: believable names, versions and habits, from a seed. Plain values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace buntime::simulator {

struct App {
  std::string name;
  std::string version;
  bool ephemeral = false;  // ttl=0: every request gets a worker of its own
  double weight = 1;       // share of the load, Zipf-like
  double mean_ms = 20;
  double error_rate = 0;
  std::int64_t boot_ms = 20;
  std::size_t slots = 1;  // workers it may have at the same time
  std::uint64_t heap_bytes = 0;

  std::string Key() const { return name + "@" + version; }
};

/// `persistent` apps, the busiest first, then `ephemeral` ones. With `many_slots` the busiest get several
/// workers.
std::vector<App> MakeApps(std::uint64_t seed, std::size_t persistent, std::size_t ephemeral, bool many_slots);

/// The version that follows `version`: 1.4.2 -> 1.4.3, anything else gets ".1".
std::string NextVersion(const std::string& version);

}  // namespace buntime::simulator
