// The apps that a simulated runtime hosts: believable names, versions and habits from a seed, or as a test
// describes them. Plain values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace buntime::simulator {

struct App {
  std::string name;
  std::string version;
  bool ephemeral = false;         // ttl=0: every request gets a worker of its own
  double weight = 0;              // share of the common load; that of the seeded apps is Zipf-like
  double rps = 0;                 // load of its own, evenly spaced
  std::int64_t ttl_ms = 600'000;  // a worker unused for so long is unhealthy
  std::uint64_t max_requests = 1'000;
  double mean_ms = 20;
  double error_rate = 0;
  std::int64_t boot_ms = 20;
  bool boots = true;          // false: every worker dies while it boots
  std::int64_t hangs_ms = 0;  // > 0: no request is ever answered, each times out after so long
  std::uint64_t throws = 0;   // > 0: every n-th request throws
  std::uint64_t crashes = 0;  // > 0: every n-th request takes its worker along
  std::size_t slots = 1;      // workers it may have at the same time (documented dialect)
  std::uint64_t heap_bytes = 0;

  std::string Key() const { return name + "@" + version; }
};

/// `persistent` apps, the busiest first, then `ephemeral` ones, each like `model` in what no seed draws. With
/// `many_slots` the busiest get several workers.
std::vector<App> MakeApps(std::uint64_t seed, std::size_t persistent, std::size_t ephemeral, bool many_slots,
                          const App& model);

struct AppField {
  std::string_view name;
  std::string_view example;
  std::string_view help;
};
/// What can be said of an app beside its name.
const std::vector<AppField>& AppFields();

using AppChanges = std::vector<std::pair<std::string, std::string>>;
/// Applies fields of AppFields. The error names the field.
std::optional<Error> ChangeApp(App& app, const AppChanges& changes);

struct AppSpec {
  std::string name;  // "name" or "name@version"
  AppChanges changes;
};
/// Reads `checkout@1.2.0,rps=100,max-requests=50`.
Result<AppSpec> ParseAppSpec(std::string_view text);

/// The version that follows `version`: 1.4.2 -> 1.4.3, anything else gets ".1".
std::string NextVersion(const std::string& version);

}  // namespace buntime::simulator
