#include "decode/stats_handler.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "decode/number.h"
#include "decode/parse.h"
#include "decode/short_text.h"

namespace buntime {
namespace {

// So many workers tell how long an entry of this body is, and with it how many there will be.
constexpr std::size_t kSampleWorkers = 64;

// Larger integers are not exact in a double; no count, size or duration of a runtime comes near.
constexpr double kGreatestNumber = 9007199254740992.0;  // 2^53

double ToUnit(double value, Unit unit) {
  switch (unit) {
    case Unit::kOne:
      return value;
    case Unit::kMilliseconds:
      // The runtime rounds to hundredths. From whole hundredths one division gives the nearest double: 32.42
      // ms are 0.03242 s, not 0.032420000000000004.
      // NOLINTNEXTLINE(bugprone-incorrect-roundings): never negative
      return static_cast<double>(static_cast<std::int64_t>(value * 100 + 0.5)) / 1e5;
    case Unit::kMebibytes:
      return value * 1048576.0;
  }
  return value;
}

WorkerState ToState(std::string_view word) {
  std::size_t index = 0;
  while (index < Index(WorkerState::kUnknown) && !SameText(kWorkerStateNames[index], word)) ++index;
  return static_cast<WorkerState>(index);
}

}  // namespace

StatsHandler::StatsHandler(std::string_view body, const DecodeLimits& limits, Snapshot& snapshot)
    : body_(body), limits_(limits), snapshot_(snapshot), table_(snapshot) {}

std::optional<PollError> StatsHandler::Finish() {
  if (!pool_seen_) return PollError{Outcome::kSchema, "pool: missing"};
  if (pool_members_ == 0 && entries_ == 0) {
    return PollError{Outcome::kNotInitialized, "the runtime has no worker pool yet"};
  }
  if (pool_members_ > 0 && pool_fields_ == DialectCounts{}) {
    return PollError{Outcome::kSchema, "pool: none of the known fields"};
  }
  const auto& counts = pool_fields_ == DialectCounts{} ? worker_fields_ : pool_fields_;
  const auto documented = counts[static_cast<std::size_t>(Dialect::kDocumented)];
  const auto released = counts[static_cast<std::size_t>(Dialect::kReleased)];
  snapshot_.dialect = released > documented ? Dialect::kReleased : Dialect::kDocumented;
  return std::nullopt;
}

bool StatsHandler::Key(const char* text, unsigned size, bool /*copy*/) {
  const std::string_view name(text, size);
  switch (place_) {
    case Place::kRoot:
      expect_ = name == "pool" ? Expect::kPool : name == "workers" ? Expect::kWorkers : Expect::kAnything;
      return true;
    case Place::kPool:
      ++pool_members_;
      ExpectField(kPoolFields.Find(name), snapshot_.pool, pool_fields_);
      return true;
    case Place::kWorkerObject:
      key_ = table_.Announce(name);
      expect_ = Expect::kWorker;
      return true;
    case Place::kWorker:
      ExpectField(kWorkerFields.Find(name), *worker_, worker_fields_);
      return true;
    case Place::kMemory:
      ExpectField(kMemoryFields.Find(name), *worker_, worker_fields_);
      return true;
    case Place::kIgnored:
    case Place::kWorkerArray:
    case Place::kOutside:
      return true;
  }
  return true;
}

bool StatsHandler::RawNumber(const char* text, unsigned size, bool /*copy*/) {
  if (expect_ == Expect::kAnything) return true;
  if (expect_ != Expect::kNumber) return Mistyped("a number");
  const auto value = ReadNumber({text, size});
  if (!value) {
    return Fail(Outcome::kNotJson,
                "not JSON: number out of range" + AtByte(static_cast<std::size_t>(text - body_.data())));
  }
  if (*value < 0) {
    Count(Anomaly::kNegative);
  } else if (*value > kGreatestNumber) {
    Count(Anomaly::kImplausible);
  } else {
    *number_ = ToUnit(*value + 0.0, unit_);  // -0 + 0 is 0
  }
  return true;
}

bool StatsHandler::String(const char* text, unsigned size, bool /*copy*/) {
  if (expect_ == Expect::kAnything) return true;
  const std::string_view value(text, size);
  switch (expect_) {
    case Expect::kId:
      id_ = table_.Announce(value);
      break;
    case Expect::kApp:
      app_ = value;
      break;
    case Expect::kState:
      worker_->state = ToState(value);
      if (worker_->state == WorkerState::kUnknown) Count(Anomaly::kUnknownState);
      return true;
    case Expect::kRoot:
    case Expect::kPool:
    case Expect::kWorkers:
    case Expect::kWorker:
    case Expect::kNumber:
    case Expect::kMemory:
    case Expect::kAnything:
      return Mistyped("a string");
  }
  return true;
}

bool StatsHandler::Bool(bool /*value*/) { return Mistyped("a boolean"); }

bool StatsHandler::Null() {
  const bool required = expect_ == Expect::kRoot || expect_ == Expect::kPool || expect_ == Expect::kWorker;
  return required ? Mistyped("null") : true;
}

bool StatsHandler::StartObject() {
  switch (expect_) {
    case Expect::kRoot:
      return Enter(Place::kRoot);
    case Expect::kPool:
      pool_seen_ = true;
      return Enter(Place::kPool);
    case Expect::kWorkers:
      snapshot_.workers_reported = true;
      workers_are_array_ = false;
      return Enter(Place::kWorkerObject);
    case Expect::kWorker:
      return BeginWorker();
    case Expect::kMemory:
      return Enter(Place::kMemory);
    case Expect::kNumber:
    case Expect::kId:
    case Expect::kApp:
    case Expect::kState:
    case Expect::kAnything:
      break;
  }
  return Mistyped("an object") && Ignore();
}

bool StatsHandler::StartArray() {
  if (expect_ != Expect::kWorkers) return Mistyped("an array") && Ignore();
  snapshot_.workers_reported = true;
  workers_are_array_ = true;
  key_ = {};
  if (!Enter(Place::kWorkerArray)) return false;
  expect_ = Expect::kWorker;
  return true;
}

bool StatsHandler::EndObject(unsigned /*members*/) {
  if (place_ == Place::kWorker) EndWorker();
  Leave();
  return true;
}

bool StatsHandler::EndArray(unsigned /*elements*/) {
  Leave();
  return true;
}

// A value of the wrong type: fatal where nothing is left without it, otherwise counted and passed over.
bool StatsHandler::Mistyped(std::string_view found) {
  switch (expect_) {
    case Expect::kRoot:
      return FailType("body", found, "an object");
    case Expect::kPool:
      return FailType("pool", found, "an object");
    case Expect::kWorkers:
      return FailType("workers", found, "an array or object");
    case Expect::kWorker:
      Count(Anomaly::kWrongType);
      return CountEntry();
    case Expect::kNumber:
    case Expect::kId:
    case Expect::kApp:
    case Expect::kState:
    case Expect::kMemory:
      Count(Anomaly::kWrongType);
      return true;
    case Expect::kAnything:
      return true;
  }
  return true;
}

bool StatsHandler::Enter(Place place) {
  if (++depth_ > limits_.depth) return FailDepth(limits_.depth);
  place_ = place;
  return true;
}

bool StatsHandler::Ignore() {
  if (place_ != Place::kIgnored) {
    ignored_parent_ = place_;
    ignored_depth_ = depth_ + 1;
  }
  expect_ = Expect::kAnything;
  return Enter(Place::kIgnored);
}

void StatsHandler::Leave() {
  const std::size_t left = depth_--;
  switch (place_) {
    case Place::kIgnored:
      if (left == ignored_depth_) place_ = ignored_parent_;
      break;
    case Place::kMemory:
      place_ = Place::kWorker;
      break;
    case Place::kWorker:
      place_ = ParentOfWorker();
      break;
    case Place::kPool:
    case Place::kWorkerObject:
    case Place::kWorkerArray:
      place_ = Place::kRoot;
      break;
    case Place::kRoot:
    case Place::kOutside:
      place_ = Place::kOutside;
      break;
  }
  // Elements have no name that would say so.
  if (place_ == Place::kWorkerArray) expect_ = Expect::kWorker;
}

template <class Owner>
void StatsHandler::ExpectField(const Field<Owner>* field, Owner& owner, DialectCounts& seen) {
  expect_ = Expect::kAnything;
  if (field == nullptr) return;
  if (field->dialect) ++seen[static_cast<std::size_t>(*field->dialect)];
  expect_ = field->expect;
  if (expect_ != Expect::kNumber) return;
  unit_ = field->unit;
  number_ = &(owner.*(field->member));
}

bool StatsHandler::CountEntry() {
  if (++entries_ <= limits_.workers) return true;
  return Fail(Outcome::kTooLarge, "workers: more than " + std::to_string(limits_.workers) + " entries");
}

bool StatsHandler::BeginWorker() {
  if (!CountEntry()) return false;
  worker_ = &table_.Begin();
  id_ = {};
  app_ = {};
  return Enter(Place::kWorker);
}

void StatsHandler::EndWorker() {
  const WorkerTable::Name& name = id_.text.empty() ? key_ : id_;
  table_.End(name, app_);
  if (table_.size() == kSampleWorkers && !name.text.empty()) {
    // A name points into the body, so it tells how much of it these workers took.
    const auto bytes = static_cast<std::size_t>(name.text.data() - body_.data());
    table_.Reserve(std::min(limits_.workers, body_.size() * (kSampleWorkers + 4) / bytes));
  }
}

// Stands here, not in decoder.cc, so that the compiler sees the events' bodies where the parser sends them.
Result<Snapshot, PollError> ParseStats(std::string body, const DecodeLimits& limits) {
  Snapshot snapshot;
  StatsHandler handler(body, limits, snapshot);
  std::uint32_t mended = 0;
  if (auto error = Parse(body, handler, &mended)) return *std::move(error);
  snapshot.anomalies[Index(Anomaly::kLoneSurrogate)] += mended;
  if (auto error = handler.Finish()) return *std::move(error);
  return snapshot;
}

}  // namespace buntime
