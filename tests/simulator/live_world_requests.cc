// The rest of LiveWorld: what a request finds, does and counts, and how workers end.
#include <algorithm>
#include <cmath>
#include <utility>

#include "simulator/live_world.h"

namespace buntime::simulator {

void LiveWorld::See(std::uint32_t app) {
  if (std::exchange(apps_[app].seen, true)) return;
  seen_order_.push_back(app);
}

bool LiveWorld::Healthy(const App& app, const Worker& worker) const {
  return !worker.dead && now_ms_ - worker.used_ms < app.ttl_ms && worker.tally.requests < app.max_requests;
}

void LiveWorld::Receive(std::uint32_t slot, std::uint64_t count) {
  const std::uint32_t app = slots_[slot].app;
  See(app);
  apps_[app].clients.sent += count;
  auto& worker = slots_[slot].worker;
  while (count > 0) {
    if (worker) Use(slot);  // a lookup is a use, whatever it finds
    const bool hit = worker && Healthy(apps_[app].app, *worker);
    if (!hit) {
      if (worker) Drop(slot);
      ++counters_.misses;
      Spawn(slot);
    }
    worker->used_ms = now_ms_;
    std::uint64_t taken = hit ? count : 1;
    if (now_ms_ < worker->ready_ms) {
      worker->waiting += taken;
    } else {
      taken = Serve(slot, std::min(taken, apps_[app].app.max_requests - worker->tally.requests));
    }
    counters_.hits += hit ? taken : 0;
    acquire_ms_ += 0.01 * ((hit ? 0.05 + 0.1 * rng_.Unit() : 2.4 + rng_.Unit()) - acquire_ms_);
    count -= taken;
  }
}

void LiveWorld::Spawn(std::uint32_t slot) {
  const std::uint32_t index = slots_[slot].app;
  const App& app = apps_[index].app;
  Worker worker;
  worker.serial = next_serial_++;
  worker.born_ms = worker.used_ms = now_ms_;
  worker.ready_ms = now_ms_ + app.boot_ms;
  worker.cleanup_ms = now_ms_ + CleanupPeriod(app);
  worker.doomed = !app.boots || (knobs_.bad_deploy && IsVictim(index));
  if (worker.doomed) worker.ready_ms = std::max(worker.ready_ms, now_ms_ + kTickMs);
  slots_[slot].worker = worker;
  booting_.push_back(slot);
  ++counters_.created;
  Use(slot);
}

void LiveWorld::Use(std::uint32_t slot) {
  evicted_.clear();
  lru_.Use(slot, evicted_);
  Evict(evicted_);
}

std::uint64_t LiveWorld::Serve(std::uint32_t slot, std::uint64_t count) {
  const std::uint32_t index = slots_[slot].app;
  AppState& state = apps_[index];
  const App& app = state.app;
  Worker& worker = *slots_[slot].worker;
  Tally tally;
  if (app.hangs_ms > 0 && count > 0) {
    tally.requests = count;
    hanging_.emplace(now_ms_ + app.hangs_ms, Hanging{slot, worker.serial, count});
  } else {
    if (app.crashes > 0) count = std::min(count, app.crashes - state.answered % app.crashes);
    tally.requests = count;
    tally.errors = Errors(index, count);
    if (app.crashes > 0 && count > 0 && state.answered % app.crashes == 0) {
      worker.dead = true;
      tally.errors = std::max<std::uint64_t>(tally.errors, 1);
    }
    // Only a request that succeeds adds its time.
    const double slow = IsVictim(index) ? knobs_.slow : 1;
    const double mean_ms = app.mean_ms * slow * (0.5 + rng_.Exponential(0.5));
    tally.centi_ms = static_cast<std::uint64_t>(std::llround(mean_ms * 100)) * (count - tally.errors);
    state.clients.ok += count - tally.errors;
    state.clients.failed += tally.errors;
  }
  worker.tally += tally;
  state.served += tally;
  return count;
}

std::uint64_t LiveWorld::Errors(std::uint32_t app, std::uint64_t count) {
  AppState& state = apps_[app];
  const std::uint64_t before = state.answered;
  state.answered += count;
  if (state.app.throws > 0) return state.answered / state.app.throws - before / state.app.throws;
  const double rate = IsVictim(app) && knobs_.failing ? *knobs_.failing : state.app.error_rate;
  if (count > 32) return std::min(count, rng_.Poisson(rate * static_cast<double>(count)));
  std::uint64_t errors = 0;
  for (std::uint64_t i = 0; i < count; ++i) errors += rng_.Unit() < rate ? 1U : 0U;
  return errors;
}

void LiveWorld::Evict(const std::vector<std::uint32_t>& slots) {
  for (const std::uint32_t slot : slots) {
    if (!slots_[slot].worker) continue;
    ++counters_.evictions;
    Retire(slot);
  }
}

// The documented API knows nothing of workers that vanish: there each one ends in the open.
void LiveWorld::Drop(std::uint32_t slot) {
  lru_.Remove(slot);
  if (options_.documented) return Retire(slot);
  AppState& state = apps_[slots_[slot].app];
  state.clients.failed += slots_[slot].worker->waiting;
  state.forgotten += slots_[slot].worker->tally;
  ++state.drops;
  slots_[slot].worker.reset();
}

void LiveWorld::Retire(std::uint32_t slot) {
  ++counters_.retired;
  // Requests that waited for the boot die with the worker.
  apps_[slots_[slot].app].clients.failed += slots_[slot].worker->waiting;
  Bury(slots_[slot].app, *slots_[slot].worker);
  slots_[slot].worker.reset();
}

void LiveWorld::Bury(std::uint32_t app, const Worker& worker) {
  if (options_.documented) {
    graves_.push_back({app, worker, now_ms_});
  } else {
    apps_[app].merged += worker.tally;
  }
}

}  // namespace buntime::simulator
