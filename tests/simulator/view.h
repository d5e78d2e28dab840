// What a world looks like at one moment: the only thing that is rendered. Plain values.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "simulator/tally.h"

namespace buntime::simulator {

enum class RowState : std::uint8_t { kCreating, kReady, kActive, kIdle, kTerminated, kEphemeral, kOffline };
inline constexpr std::array<std::string_view, 7> kRowStateNames = {
    "creating", "ready", "active", "idle", "terminated", "ephemeral", "offline"};
constexpr std::string_view Name(RowState state) { return kRowStateNames[static_cast<std::size_t>(state)]; }

struct WorkerRow {
  std::string id;   // documented dialect
  std::string key;  // "name@version"
  RowState state = RowState::kIdle;
  Tally tally;
  std::int64_t age_ms = 0;
  std::int64_t idle_ms = 0;
  std::optional<std::uint64_t> last_centi_ms;  // ephemeral: how long the latest request took
  std::uint64_t heap_bytes = 0;
};

struct View {
  bool initialised = false;  // false: there is no pool yet
  std::int64_t now_ms = 0;
  std::int64_t uptime_ms = 0;
  std::size_t pool_size = 0;
  std::size_t cached = 0;  // live persistent workers as the cache counts them
  std::size_t gate_concurrency = 0;
  std::size_t gate_depth = 0;
  std::size_t gate_limit = 0;
  std::uint64_t acquire_centi_ms = 0;
  std::uint64_t heap_bytes = 0;
  std::uint64_t rss_bytes = 0;  // of the process, so the same in every worker
  PoolCounters counters;
  std::vector<WorkerRow> rows;

  std::size_t Count(RowState state) const;
};

}  // namespace buntime::simulator
