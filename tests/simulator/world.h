// The inside of one simulated runtime, advanced by time alone: the same seed and the same moments give the
// same history. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "simulator/apps.h"
#include "simulator/truth.h"
#include "simulator/view.h"

namespace buntime::simulator {

/// Fixed at the start of a world.
struct WorldOptions {
  std::uint64_t seed = 1;
  std::uint64_t replica = 0;  // worlds that differ in nothing else host the same apps under load of their own
  std::int64_t born_ms = 0;   // simulated time at which this world starts, a multiple of 1000
  bool documented = false;  // workers have ids of their own, several per app, and are forgotten when they end
  std::size_t apps = 10;
  std::size_t ephemeral_apps = 2;
  std::size_t pool_size = 100;
  std::int64_t idle_timeout_ms = 60'000;
  App model;                       // ttl, limit of requests of the seeded apps
  std::vector<AppSpec> own;        // apps beside the seeded ones
  std::int64_t init_delay_ms = 0;  // from a start until there is a pool
  std::size_t gate_concurrency = 2;
  std::size_t gate_limit = 100;
  std::size_t static_workers = 0;  // > 0: that many workers that never come or go, for benchmarks
};

/// May change while the world runs. `app` is the one that failing, slow, bad_deploy and leak hit; empty: the
/// busiest.
struct Knobs {
  double rps = 20;
  double ephemeral_rps = 0.5;
  std::string app;
  std::optional<double> failing;  // share of the app's requests that fail
  double slow = 1;                // factor on the app's durations
  bool bad_deploy = false;        // the app's workers die while they boot
  double leak_bytes_per_second = 0;
  bool uniform = false;  // every app equally busy
  std::optional<std::size_t> pool_size;
  std::optional<std::int64_t> active_window_ms;  // how long a worker counts as active after a request
  double drops_per_minute = 0;                   // workers that crash, to be dropped by the next request
  double deploys_per_minute = 0;                 // of any app
  std::int64_t crash_every_ms = 0;               // 0: never
};

class World {
 public:
  virtual ~World() = default;
  /// Lets the world live until `ms` (simulated). Going back is ignored.
  virtual void AdvanceTo(std::int64_t ms) = 0;
  /// Valid until the next call on this world. `revision` changes whenever the view may have.
  virtual const View& Describe() = 0;
  virtual std::uint64_t revision() const = 0;
  virtual Truth GetTruth() const = 0;
  virtual void Restart() = 0;
  virtual void SetKnobs(const Knobs& knobs) = 0;
  /// Changes the app of that name, or adds one.
  virtual std::optional<Error> SetApp(const AppSpec& spec) = 0;
  /// A request for the plugin's web page, which is an app with ttl=0: a number for HasPage, or none where the
  /// queue is full.
  virtual std::optional<std::uint64_t> AskPage() = 0;
  virtual bool HasPage(std::uint64_t number) const = 0;
  /// Something that happens at once: one of kEvents in scenarios.h.
  virtual Result<std::string> Happen(std::string_view event, std::size_t count) = 0;
};

}  // namespace buntime::simulator
