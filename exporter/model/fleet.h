// What is known about every runtime at one moment: the only thing that crosses from poll to metrics and web.
// Immutable once published (shared_ptr<const Fleet>), so readers need no lock.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "model/layout.h"
#include "model/outcome.h"
#include "model/snapshot.h"

namespace buntime {

/// How fast counters rose between the two latest successful polls. Empty after the first one and across a
/// restart of the runtime, and where nothing is counted.
struct Rates {
  std::optional<double> requests_per_second;
  std::optional<double> errors_per_second;
  friend bool operator==(const Rates&, const Rates&) = default;
};

/// One app and version, over all of its workers. Counters are accumulated by the exporter since its own
/// start, so they never fall while it runs.
struct App {
  std::string name;
  std::string version;                                            // empty: none
  std::array<std::uint32_t, kWorkerStateNames.size()> workers{};  // by state
  double requests = 0;
  std::optional<double> estimated_requests;  // the part of `requests` that was attributed, not seen
  std::optional<double> discarded_workers;   // replaced without being retired
  std::optional<double> errors;
  std::optional<double> request_seconds;
  std::optional<double> heap_used_bytes;  // of its live workers
  Rates rates;
  friend bool operator==(const App&, const App&) = default;
};

/// The name of the app that sums those beyond --app.limit.
inline constexpr std::string_view kOtherApps = "other";

/// Highest value of the polls within the peak window.
struct Peaks {
  std::optional<double> active;
  std::optional<double> utilization;
  std::optional<double> ephemeral_queue_depth;
  friend bool operator==(const Peaks&, const Peaks&) = default;
};

/// A successful poll, translated: gauges derived, counters mirrored (see poll/).
struct Reading {
  Snapshot snapshot;
  Layout layout = Layout::kAdmin;
  Peaks peaks;
  Rates rates;                       // of the pool
  std::vector<App> apps;             // by name, then version; beyond the target's limit one, kOtherApps
  std::vector<std::uint32_t> shown;  // indexes of the workers that get series, at most the target's limit
  std::size_t workers_dropped = 0;   // workers beyond that limit
  std::size_t apps_dropped = 0;      // apps of the latest answer that are a part of kOtherApps
  friend bool operator==(const Reading&, const Reading&) = default;
};

struct Runtime {
  std::string name;                           // label `runtime`; empty: none
  std::map<std::string, std::string> labels;  // of every series of the runtime, as configured
  std::string url;                            // for people: origin and path, never a secret
  bool tried = false;
  bool up = false;                 // the latest poll succeeded
  Outcome outcome = Outcome::kOk;  // of the latest poll; means nothing before `tried`
  std::string error;               // why it is not up
  bool read_without_key =
      false;  // it is not up because its key was refused; `reading` is current all the same
  std::optional<double> poll_seconds;  // duration of the latest poll
  std::optional<double> last_success_unix_seconds;
  std::optional<double> last_poll_unix_seconds;   // when the latest poll ended
  std::optional<double> down_since_unix_seconds;  // end of the first failed poll since the last good one
  Duration interval{};                            // from poll to poll, as configured
  Duration stale_after{};                         // the age at which `reading` goes
  std::string version;                            // release of the runtime; empty: unknown
  std::shared_ptr<const Reading> reading;         // null: never read, or older than stale_after
};

struct Fleet {
  std::uint64_t revision = 0;                            // rises with every publication
  std::vector<std::shared_ptr<const Runtime>> runtimes;  // in configured order
};

}  // namespace buntime
