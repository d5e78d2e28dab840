#include "simulator/live_world.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace buntime::simulator {
namespace {

constexpr std::int64_t kTickMs = 100;
constexpr std::int64_t kExpireEveryMs = 1'000;
constexpr std::int64_t kGraveMs = 15'000;  // long enough for an observer that looks every five seconds
// More lookups in a tick than this are drawn as bundles: a hundred thousand requests a second must stay
// cheap.
constexpr std::uint64_t kPicksPerTick = 256;

}  // namespace

LiveWorld::LiveWorld(const WorldOptions& options, const Knobs& knobs)
    : options_(options),
      knobs_(knobs),
      rng_(Mix(options.seed * 0x1000193U + options.replica)),
      lru_(options.pool_size),
      gate_(options.gate_concurrency, options.gate_limit),
      now_ms_(options.born_ms),
      started_ms_(options.born_ms) {
  gate_.Clear(now_ms_);
  for (App& app : MakeApps(options.seed, options.apps, options.ephemeral_apps, options.documented)) {
    auto& route = app.ephemeral ? ephemeral_ : persistent_;
    route.push_back(static_cast<std::uint32_t>(apps_.size()));
    AddApp(std::move(app));
  }
  SetKnobs(knobs);
}

void LiveWorld::AddApp(App app) {
  const auto index = static_cast<std::uint32_t>(apps_.size());
  AppState state;
  state.first_slot = static_cast<std::uint32_t>(slots_.size());
  if (!app.ephemeral) slots_.insert(slots_.end(), app.slots, Slot{index, std::nullopt});
  state.app = std::move(app);
  apps_.push_back(std::move(state));
}

void LiveWorld::Route() {
  cumulative_.clear();
  double sum = 0;
  for (const std::uint32_t app : persistent_) {
    sum += knobs_.uniform ? 1 : apps_[app].app.weight;
    cumulative_.push_back(sum);
  }
}

void LiveWorld::SetKnobs(const Knobs& knobs) {
  knobs_ = knobs;
  std::vector<std::uint32_t> evicted;
  lru_.SetLimit(knobs.pool_size.value_or(options_.pool_size), evicted);
  Evict(evicted);
  Route();
  ++revision_;
}

void LiveWorld::AdvanceTo(std::int64_t ms) {
  while (now_ms_ + kTickMs <= ms) Tick();
}

void LiveWorld::Tick() {
  now_ms_ += kTickMs;
  ++revision_;
  if (knobs_.crash_every_ms > 0 && now_ms_ - started_ms_ >= knobs_.crash_every_ms) Restart();
  if (now_ms_ - started_ms_ < options_.init_delay_ms) return;
  leaked_bytes_ += knobs_.leak_bytes_per_second * (static_cast<double>(kTickMs) / 1000);
  FinishBoots();
  ServePersistent();
  RunGate();
  Misfortune();
  if (now_ms_ % kExpireEveryMs == 0) Expire();
}

void LiveWorld::FinishBoots() {
  std::erase_if(booting_, [&](std::uint32_t slot) {
    auto& worker = slots_[slot].worker;
    if (!worker) return true;
    if (now_ms_ < worker->ready_ms) return false;
    if (worker->waiting > 0) Serve(slots_[slot].app, *worker, std::exchange(worker->waiting, 0));
    return true;
  });
}

/// Requests a second, with the swell of a day squeezed into ten minutes.
double LiveWorld::Load() const {
  return knobs_.rps * (1 + 0.2 * std::sin(static_cast<double>(now_ms_) / 600'000 * 6.283185307179586));
}

void LiveWorld::ServePersistent() {
  if (persistent_.empty()) return;
  const std::uint64_t arrivals = rng_.Poisson(Load() * (static_cast<double>(kTickMs) / 1000));
  const std::uint64_t picks = std::min(arrivals, kPicksPerTick);
  for (std::uint64_t i = 0; i < picks; ++i) {
    const std::uint64_t bundle = arrivals / picks + (i < arrivals % picks ? 1 : 0);
    const AppState& state = apps_[Pick()];
    Touch(state.first_slot + static_cast<std::uint32_t>(rng_.Below(state.app.slots)), bundle);
  }
}

std::uint32_t LiveWorld::Pick() {
  const double point = rng_.Unit() * cumulative_.back();
  const auto it = std::upper_bound(cumulative_.begin(), cumulative_.end(), point);
  return persistent_[std::min(static_cast<std::size_t>(it - cumulative_.begin()), persistent_.size() - 1)];
}

bool LiveWorld::IsVictim(std::uint32_t app) const {
  const App& candidate = apps_[app].app;
  if (!knobs_.app.empty()) return candidate.name == knobs_.app || candidate.Key() == knobs_.app;
  return !persistent_.empty() && app == persistent_.front();
}

void LiveWorld::Touch(std::uint32_t slot, std::uint64_t count) {
  const std::uint32_t app = slots_[slot].app;
  if (!apps_[app].seen) {
    apps_[app].seen = true;
    seen_order_.push_back(app);
  }
  // A worker that cannot boot is replaced by the next request for it, and fails again: created and retired,
  // but no request and no error is ever counted.
  const bool doomed = knobs_.bad_deploy && IsVictim(app);
  const std::uint64_t spawns = doomed                                                   ? count
                               : (!slots_[slot].worker || slots_[slot].worker->crashed) ? 1
                                                                                        : 0;
  for (std::uint64_t i = 0; i < spawns; ++i) {
    if (slots_[slot].worker) Retire(slot);
    ++counters_.misses;
    Spawn(slot);
  }
  counters_.hits += count - spawns;
  acquire_ms_ += 0.01 * ((spawns > 0 ? 2.4 + rng_.Unit() : 0.05 + 0.1 * rng_.Unit()) - acquire_ms_);

  std::vector<std::uint32_t> evicted;
  lru_.Use(slot, evicted);
  Evict(evicted);
  Worker& worker = *slots_[slot].worker;
  worker.used_ms = now_ms_;
  worker.crashed = doomed;
  if (doomed) return;
  if (now_ms_ < worker.ready_ms) {
    worker.waiting += count;
  } else {
    Serve(app, worker, count);
  }
}

void LiveWorld::Spawn(std::uint32_t slot) {
  const App& app = apps_[slots_[slot].app].app;
  Worker worker;
  worker.serial = next_serial_++;
  worker.born_ms = worker.used_ms = now_ms_;
  worker.ready_ms = now_ms_ + app.boot_ms;
  slots_[slot].worker = worker;
  booting_.push_back(slot);
  ++counters_.created;
}

void LiveWorld::Serve(std::uint32_t app, Worker& worker, std::uint64_t count) {
  const bool victim = IsVictim(app);
  const App& habits = apps_[app].app;
  const double error_rate = victim && knobs_.failing ? *knobs_.failing : habits.error_rate;
  Tally tally;
  tally.requests = count;
  if (count > 32) {
    tally.errors = std::min(count, rng_.Poisson(error_rate * static_cast<double>(count)));
  } else {
    for (std::uint64_t i = 0; i < count; ++i) tally.errors += rng_.Unit() < error_rate ? 1U : 0U;
  }
  // Only a request that succeeds adds its time.
  const double mean_ms = habits.mean_ms * (victim ? knobs_.slow : 1) * (0.5 + rng_.Exponential(0.5));
  tally.centi_ms = static_cast<std::uint64_t>(std::llround(mean_ms * 100)) * (count - tally.errors);
  worker.tally += tally;
  apps_[app].served += tally;
}

void LiveWorld::Evict(const std::vector<std::uint32_t>& slots) {
  for (const std::uint32_t slot : slots) {
    if (!slots_[slot].worker) continue;
    ++counters_.evictions;
    Retire(slot);
  }
}

void LiveWorld::Retire(std::uint32_t slot) {
  ++counters_.retired;
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

void LiveWorld::Expire() {
  for (std::uint32_t slot = 0; slot < slots_.size(); ++slot) {
    const auto& worker = slots_[slot].worker;
    if (!worker) continue;
    const std::int64_t limit = worker->crashed ? kExpireEveryMs : options_.ttl_ms;
    if (now_ms_ - worker->used_ms < limit) continue;
    lru_.Remove(slot);
    Retire(slot);
  }
  while (!graves_.empty() && now_ms_ - graves_.front().died_ms >= kGraveMs) {
    apps_[graves_.front().app].forgotten += graves_.front().worker.tally;
    graves_.pop_front();
  }
  ForgetHistory();
}

}  // namespace buntime::simulator
