// Every field of both dialects that means something, once: its name, its dialect, what it holds, and where it
// goes. Used by decode's handlers. Constants, found by a hash that the compiler proves free of collisions.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "decode/short_text.h"
#include "model/layout.h"
#include "model/snapshot.h"

namespace buntime {

enum class Unit : std::uint8_t { kOne, kMilliseconds, kMebibytes };

/// What the next value means. Fields ask for the first six, the stats handler for the rest as well.
enum class Expect : std::uint8_t {
  kAnything,
  kNumber,
  kId,
  kApp,
  kState,
  kMemory,
  kWorker,
  kWorkers,
  kPool,
  kRoot,
};

template <class Owner>
struct Field {
  std::string_view name;
  std::optional<Dialect> dialect;  // empty: says nothing about it
  Expect expect = Expect::kAnything;
  std::optional<double> Owner::*member = nullptr;  // kNumber only
  Unit unit = Unit::kOne;
};

/// A perfect hash table of `N` fields. The constructor tries multipliers until no two names share a slot; as
/// a constant it fails to compile when there is none.
template <class Owner, std::size_t N>
class FieldTable {
 public:
  constexpr explicit FieldTable(const std::array<Field<Owner>, N>& fields) : fields_(fields) {
    while (!Place()) factor_ += 2;
  }

  /// Null: not a field we know.
  const Field<Owner>* Find(std::string_view name) const {
    if (name.empty()) return nullptr;
    const std::uint8_t index = slots_[Slot(name)];
    if (index == kFree || !SameText(fields_[index].name, name)) return nullptr;
    return &fields_[index];
  }

  constexpr const std::array<Field<Owner>, N>& fields() const { return fields_; }

 private:
  static constexpr std::uint8_t kFree = 0xFF;
  static constexpr std::size_t kSlotBits = 6;
  static_assert(N < (std::size_t{1} << kSlotBits));

  // Length and two characters tell all our names apart; reading more would cost more than the final
  // comparison.
  constexpr std::size_t Slot(std::string_view name) const {
    const std::uint32_t front = static_cast<unsigned char>(name.front());
    const std::uint32_t late = static_cast<unsigned char>(name[name.size() * 3 / 4]);
    const std::uint32_t key = static_cast<std::uint32_t>(name.size()) + front * 257U + late * 65537U;
    return (key * factor_) >> (32 - kSlotBits);
  }

  constexpr bool Place() {
    slots_.fill(kFree);
    for (std::size_t i = 0; i < N; ++i) {
      std::uint8_t& slot = slots_[Slot(fields_[i].name)];
      if (slot != kFree) return false;
      slot = static_cast<std::uint8_t>(i);
    }
    return true;
  }

  std::array<Field<Owner>, N> fields_;
  std::array<std::uint8_t, std::size_t{1} << kSlotBits> slots_{};
  std::uint32_t factor_ = 0x9E3779B1;
};

inline constexpr FieldTable<Pool, 22> kPoolFields{{{
    {"size", Dialect::kDocumented, Expect::kNumber, &Pool::size},
    {"active", Dialect::kDocumented, Expect::kNumber, &Pool::active},
    {"idle", Dialect::kDocumented, Expect::kNumber, &Pool::idle},
    {"creating", Dialect::kDocumented, Expect::kNumber, &Pool::creating},
    {"total", Dialect::kDocumented, Expect::kNumber, &Pool::total},
    {"utilization", Dialect::kDocumented, Expect::kNumber, &Pool::utilization},
    // Live workers, idle ones included, whatever the name says.
    {"activeWorkers", Dialect::kReleased, Expect::kNumber, &Pool::total},
    // Not of requests: the time it takes to acquire a worker.
    {"avgResponseTimeMs", Dialect::kReleased, Expect::kNumber, &Pool::acquire_mean_seconds,
     Unit::kMilliseconds},
    {"ephemeralConcurrency", Dialect::kReleased, Expect::kNumber, &Pool::ephemeral_concurrency},
    {"ephemeralQueueDepth", Dialect::kReleased, Expect::kNumber, &Pool::ephemeral_queue_depth},
    {"ephemeralQueueLimit", Dialect::kReleased, Expect::kNumber, &Pool::ephemeral_queue_limit},
    {"evictions", Dialect::kReleased, Expect::kNumber, &Pool::evictions},
    {"hits", Dialect::kReleased, Expect::kNumber, &Pool::hits},
    {"memoryUsageMB", Dialect::kReleased, Expect::kNumber, &Pool::heap_used_bytes, Unit::kMebibytes},
    {"misses", Dialect::kReleased, Expect::kNumber, &Pool::misses},
    {"totalRequests", Dialect::kReleased, Expect::kNumber, &Pool::requests},
    {"totalWorkersCreated", Dialect::kReleased, Expect::kNumber, &Pool::workers_created},
    {"totalWorkersFailed", Dialect::kReleased, Expect::kNumber, &Pool::workers_failed},
    {"totalWorkersRetired", Dialect::kReleased, Expect::kNumber, &Pool::workers_retired},
    {"uptimeMs", Dialect::kReleased, Expect::kNumber, &Pool::uptime_seconds, Unit::kMilliseconds},
    // Averages over the runtime's whole life: rate() of the counters says the same for any window.
    {"hitRate", Dialect::kReleased},
    {"requestsPerSecond", Dialect::kReleased},
}}};

inline constexpr FieldTable<Worker, 15> kWorkerFields{{{
    // Builds of the released dialect that list workers as an array name them this way as well.
    {"id", std::nullopt, Expect::kId},
    {"app", std::nullopt, Expect::kApp},
    {"state", Dialect::kDocumented, Expect::kState},
    {"requests", Dialect::kDocumented, Expect::kNumber, &Worker::requests},
    {"uptime", Dialect::kDocumented, Expect::kNumber, &Worker::uptime_seconds},
    {"memory", Dialect::kDocumented, Expect::kMemory},
    {"status", Dialect::kReleased, Expect::kState},
    {"requestCount", Dialect::kReleased, Expect::kNumber, &Worker::requests},
    {"errorCount", Dialect::kReleased, Expect::kNumber, &Worker::errors},
    {"totalResponseTimeMs", Dialect::kReleased, Expect::kNumber, &Worker::request_seconds,
     Unit::kMilliseconds},
    {"ageMs", Dialect::kReleased, Expect::kNumber, &Worker::uptime_seconds, Unit::kMilliseconds},
    {"idleMs", Dialect::kReleased, Expect::kNumber, &Worker::idle_seconds, Unit::kMilliseconds},
    // Follow from the counters, or describe a single request.
    {"avgResponseTimeMs", Dialect::kReleased},
    {"lastRequestCount", Dialect::kReleased},
    {"lastResponseTimeMs", Dialect::kReleased},
}}};

inline constexpr FieldTable<Worker, 2> kMemoryFields{{{
    {"rss", Dialect::kDocumented, Expect::kNumber, &Worker::rss_bytes},
    {"heapUsed", Dialect::kDocumented, Expect::kNumber, &Worker::heap_used_bytes},
}}};

}  // namespace buntime
