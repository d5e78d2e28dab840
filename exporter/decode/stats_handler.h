// Reads the events of a stats body straight into a Snapshot. Private to decode; one object decodes one body.
//
// The reader asks only two questions: which object are we in (Place), and what does the next value mean
// (Expect)? A member's name answers the second one from the tables in fields.h, so values need no look at
// names any more. A member that occurs twice counts with its last number; `pool` or `workers` twice are read
// as one.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "decode/decoder.h"
#include "decode/events.h"
#include "decode/fields.h"
#include "decode/worker_table.h"
#include "model/outcome.h"
#include "model/snapshot.h"

namespace buntime {

class StatsHandler final : public EventHandler {
 public:
  /// `body` is what the events point into; it, `limits` and `snapshot` outlive the handler.
  StatsHandler(std::string_view body, const DecodeLimits& limits, Snapshot& snapshot);

  /// After the last event: fills in what only the whole body tells. An error when it is not a runtime's
  /// stats.
  std::optional<PollError> Finish();

  // RapidJSON's events.
  bool Null();
  bool Bool(bool value);
  bool RawNumber(const char* text, unsigned size, bool copy);
  bool String(const char* text, unsigned size, bool copy);
  bool Key(const char* text, unsigned size, bool copy);
  bool StartObject();
  bool EndObject(unsigned members);
  bool StartArray();
  bool EndArray(unsigned elements);

 private:
  enum class Place : std::uint8_t {
    kOutside,
    kRoot,
    kPool,
    kWorkerObject,
    kWorkerArray,
    kWorker,
    kMemory,
    kIgnored
  };
  using DialectCounts = std::array<std::uint32_t, 2>;

  bool Mistyped(std::string_view found);
  bool Enter(Place place);
  bool Ignore();
  void Leave();
  template <class Owner>
  void ExpectField(const Field<Owner>* field, Owner& owner, DialectCounts& seen);
  bool CountEntry();
  bool BeginWorker();
  void EndWorker();
  void Count(Anomaly anomaly) { ++snapshot_.anomalies[Index(anomaly)]; }
  Place ParentOfWorker() const { return workers_are_array_ ? Place::kWorkerArray : Place::kWorkerObject; }

  // Constant after construction.
  const std::string_view body_;
  const DecodeLimits& limits_;

  Snapshot& snapshot_;
  WorkerTable table_;

  Place place_ = Place::kOutside;
  Expect expect_ = Expect::kRoot;
  Unit unit_ = Unit::kOne;                   // of an expected number
  std::optional<double>* number_ = nullptr;  // where it goes
  std::size_t depth_ = 0;
  std::size_t ignored_depth_ = 0;  // depth of the value that is skipped
  Place ignored_parent_ = Place::kOutside;

  bool pool_seen_ = false;
  bool workers_are_array_ = false;
  std::size_t pool_members_ = 0;
  std::size_t entries_ = 0;  // of workers, the ones left out included
  DialectCounts pool_fields_{};
  DialectCounts worker_fields_{};

  // The worker that is being read.
  Worker* worker_ = nullptr;
  WorkerTable::Name key_;
  WorkerTable::Name id_;
  std::string_view app_;
};

/// Runs a StatsHandler over `body`.
Result<Snapshot, PollError> ParseStats(std::string body, const DecodeLimits& limits);

}  // namespace buntime
