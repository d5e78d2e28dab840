// One answer of a runtime, dialect and units already normalised. Made by decode, completed by poll, read by
// metrics and web. Plain values; an optional that is empty was not reported and never becomes 0.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/layout.h"

namespace buntime {

/// The union of both dialects' words. kUnknown: the runtime said something else.
enum class WorkerState : std::uint8_t {
  kCreating,
  kReady,
  kActive,
  kIdle,
  kTerminated,
  kEphemeral,
  kOffline,
  kUnknown
};
inline constexpr std::array<std::string_view, 8> kWorkerStateNames = {
    "creating", "ready", "active", "idle", "terminated", "ephemeral", "offline", "unknown"};
constexpr std::size_t Index(WorkerState state) { return static_cast<std::size_t>(state); }
constexpr std::string_view Name(WorkerState state) { return kWorkerStateNames[Index(state)]; }

/// `ephemeral` and `offline` are the released runtime's book-keeping of workers that no longer run.
constexpr bool IsAlive(WorkerState state) {
  return state != WorkerState::kEphemeral && state != WorkerState::kOffline &&
         state != WorkerState::kTerminated;
}

/// What was odd about an answer that could still be used.
enum class Anomaly : std::uint8_t {
  kWrongType,        // a known field that is neither null nor of its type
  kNegative,         // a number below zero where none can be
  kUnknownState,     // a worker state outside both dialects
  kDuplicateWorker,  // an id that was there before; the first one counts
  kUnnamedWorker,    // a worker without id, left out
  kTruncatedLabel,   // an id, app or version of more than kMaxLabelBytes
  kImplausible,      // a number that no runtime can reach, or a counter that rose faster than one can
  kMissingSummary,   // documented dialect: stats came, the summary with the uptime did not
  kLoneSurrogate,    // an escape of half a surrogate pair, read as U+FFFD
};
inline constexpr std::array<std::string_view, 9> kAnomalyNames = {
    "wrong_type",      "negative",    "unknown_state",   "duplicate_worker", "unnamed_worker",
    "truncated_label", "implausible", "missing_summary", "lone_surrogate"};
constexpr std::size_t Index(Anomaly anomaly) { return static_cast<std::size_t>(anomaly); }
using AnomalyCounts = std::array<std::uint32_t, kAnomalyNames.size()>;

inline constexpr std::size_t kMaxLabelBytes = 256;

/// A piece of Snapshot::text. Workers refer to their names this way because one buffer for a hundred thousand
/// names costs one allocation instead of three hundred thousand.
struct TextRef {
  std::uint32_t offset = 0;
  std::uint32_t size = 0;
  bool empty() const { return size == 0; }
  friend bool operator==(const TextRef&, const TextRef&) = default;
};

struct Worker {
  TextRef id;
  TextRef app;
  TextRef version;  // empty: the app names none
  std::optional<WorkerState> state;
  std::optional<double> requests;         // counter
  std::optional<double> errors;           // counter
  std::optional<double> request_seconds;  // counter: time spent in requests
  std::optional<double> uptime_seconds;
  std::optional<double> idle_seconds;
  std::optional<double> rss_bytes;  // of the whole process, the same in every worker: never to be summed
  std::optional<double> heap_used_bytes;
  std::optional<float> requests_per_second;  // since the poll before; float: there are many workers
  friend bool operator==(const Worker&, const Worker&) = default;
};

struct Pool {
  // Documented dialect; poll derives what is missing.
  std::optional<double> size;
  std::optional<double> active;
  std::optional<double> idle;
  std::optional<double> creating;
  std::optional<double> total;  // released: activeWorkers, which counts live workers, idle ones included
  std::optional<double> utilization;  // 0 to 1
  // Both dialects.
  std::optional<double> uptime_seconds;
  // Released dialect.
  std::optional<double> heap_used_bytes;
  std::optional<double> acquire_mean_seconds;
  std::optional<double> requests;  // counter, and so are the next six
  std::optional<double> hits;
  std::optional<double> misses;
  std::optional<double> evictions;
  std::optional<double> workers_created;
  std::optional<double> workers_failed;
  std::optional<double> workers_retired;
  std::optional<double> unserved_requests;  // counter of poll's own: requests that no app has counted
  std::optional<double> ephemeral_concurrency;
  std::optional<double> ephemeral_queue_depth;
  std::optional<double> ephemeral_queue_limit;
  friend bool operator==(const Pool&, const Pool&) = default;
};

struct Snapshot {
  Dialect dialect = Dialect::kDocumented;
  Pool pool;
  std::vector<Worker> workers;    // in the runtime's order, ids unique
  bool workers_reported = false;  // an answer without `workers` says nothing about their number
  std::string text;               // what the TextRefs point into: valid UTF-8
  AnomalyCounts anomalies{};

  std::string_view Text(TextRef ref) const { return std::string_view(text).substr(ref.offset, ref.size); }
  friend bool operator==(const Snapshot&, const Snapshot&) = default;
};

/// The documented dialect's pool summary, which alone knows the uptime.
struct Summary {
  std::optional<double> uptime_seconds;
  friend bool operator==(const Summary&, const Summary&) = default;
};

}  // namespace buntime
