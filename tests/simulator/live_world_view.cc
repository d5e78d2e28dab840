// How a LiveWorld is seen, and the truth about it.
#include <algorithm>
#include <array>
#include <cstdio>

#include "simulator/live_world.h"

namespace buntime::simulator {
namespace {

constexpr std::uint64_t kMiB = 1U << 20U;
// Documented dialect: "processing a request" is taken to be "was used within the last two seconds".
constexpr std::int64_t kBusyMs = 2'000;

// Unique as long as the serials are: each step is a bijection of 32 bits.
std::string WorkerId(std::uint64_t seed, std::uint32_t serial) {
  auto x = serial ^ static_cast<std::uint32_t>(Mix(seed));
  x = (x ^ (x >> 16U)) * 0x85EBCA6BU;
  x = (x ^ (x >> 13U)) * 0xC2B2AE35U;
  x ^= x >> 16U;
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "worker-%08x-%04x", x, static_cast<unsigned>(seed & 0xFFFFU));
  return text.data();
}

}  // namespace

WorkerRow LiveWorld::Row(std::uint32_t app, const Worker& worker) const {
  WorkerRow row;
  row.id = WorkerId(options_.seed, worker.serial);
  row.key = apps_[app].app.Key();
  row.tally = worker.tally;
  row.age_ms = now_ms_ - worker.born_ms;
  row.idle_ms = now_ms_ - worker.used_ms;
  const std::int64_t usual =
      options_.documented ? std::min(options_.idle_timeout_ms, kBusyMs) : options_.idle_timeout_ms;
  const bool busy = row.idle_ms < knobs_.active_window_ms.value_or(usual);
  row.state = busy ? RowState::kActive : RowState::kIdle;
  if (options_.documented && now_ms_ < worker.ready_ms)
    row.state = RowState::kCreating;
  else if (options_.documented && worker.tally.requests == 0)
    row.state = RowState::kReady;
  // A saw-tooth of garbage over a base that is the app's own.
  row.heap_bytes = apps_[app].app.heap_bytes + worker.tally.requests % 512 * 16'384;
  if (knobs_.leak_bytes_per_second > 0 && IsVictim(app))
    row.heap_bytes += static_cast<std::uint64_t>(leaked_bytes_);
  return row;
}

const View& LiveWorld::Describe() {
  view_.rows.clear();
  view_.now_ms = now_ms_;
  view_.uptime_ms = now_ms_ - started_ms_;
  view_.initialised = view_.uptime_ms >= options_.init_delay_ms;
  view_.pool_size = knobs_.pool_size.value_or(options_.pool_size);
  view_.cached = lru_.Size();
  view_.gate_concurrency = gate_.concurrency();
  view_.gate_depth = gate_.Depth();
  view_.gate_limit = gate_.queue_limit();
  view_.acquire_centi_ms = static_cast<std::uint64_t>(acquire_ms_ * 100);
  view_.counters = counters_;
  options_.documented ? DescribeDocumented() : DescribeReleased();

  std::uint64_t heap =
      4 * kMiB + counters_.requests() % 4096 * 256 + static_cast<std::uint64_t>(leaked_bytes_);
  if (options_.documented) {
    for (const WorkerRow& row : view_.rows) heap += row.heap_bytes;
  }
  view_.heap_bytes = heap;
  view_.rss_bytes = heap + heap / 2 + 40 * kMiB;
  return view_;
}

void LiveWorld::DescribeReleased() {
  for (const std::uint32_t app : seen_order_) {
    const AppState& state = apps_[app];
    WorkerRow row;
    if (const auto* slot = state.app.ephemeral ? nullptr : &slots_[state.first_slot]; slot && slot->worker) {
      row = Row(app, *slot->worker);
    } else {
      row.key = state.app.Key();
      row.state = state.app.ephemeral ? RowState::kEphemeral : RowState::kOffline;
    }
    if (state.app.ephemeral) {
      row.last_centi_ms = state.last_centi_ms;
      row.age_ms = static_cast<std::int64_t>(state.last_centi_ms + 50) / 100;
    }
    row.tally += state.merged;
    view_.rows.push_back(std::move(row));
  }
}

void LiveWorld::DescribeDocumented() {
  for (const Slot& slot : slots_) {
    if (slot.worker) view_.rows.push_back(Row(slot.app, *slot.worker));
  }
  for (const Grave& grave : graves_) {
    WorkerRow row = Row(grave.app, grave.worker);
    row.state = RowState::kTerminated;
    row.age_ms = grave.died_ms - grave.worker.born_ms;
    row.heap_bytes = 0;
    view_.rows.push_back(std::move(row));
  }
}

Truth LiveWorld::GetTruth() const {
  Truth truth;
  truth.now_ms = now_ms_;
  truth.uptime_ms = now_ms_ - started_ms_;
  truth.restarts = restarts_;
  truth.counters = past_counters_;
  truth.counters += counters_;
  for (const AppState& state : apps_) {
    AppTruth& app = truth.apps.emplace_back();
    app.app = state.app.name;
    app.version = state.app.version;
    app.ephemeral = state.app.ephemeral;
    app.clients = state.clients;
    app.drops = state.drops;
    app.served = state.served;
    app.shown = state.merged;
    app.forgotten = state.forgotten;
  }
  for (const Slot& slot : slots_) {
    if (slot.worker) truth.apps[slot.app].shown += slot.worker->tally;
  }
  for (const Grave& grave : graves_) truth.apps[grave.app].shown += grave.worker.tally;
  return truth;
}

std::size_t View::Count(RowState state) const {
  return static_cast<std::size_t>(
      std::count_if(rows.begin(), rows.end(), [&](const WorkerRow& row) { return row.state == state; }));
}

}  // namespace buntime::simulator
