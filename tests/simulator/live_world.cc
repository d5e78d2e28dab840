#include "simulator/live_world.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace buntime::simulator {
namespace {

constexpr std::int64_t kTickMs = 100;
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
  for (App& app :
       MakeApps(options.seed, options.apps, options.ephemeral_apps, options.documented, options.model)) {
    auto& route = app.ephemeral ? ephemeral_ : persistent_;
    route.push_back(static_cast<std::uint32_t>(apps_.size()));
    AddApp(std::move(app));
  }
  for (const AppSpec& spec : options.own) SetApp(spec);
  SetKnobs(knobs);
}

void LiveWorld::AddApp(App app) {
  const auto index = static_cast<std::uint32_t>(apps_.size());
  AppState state;
  state.first_slot = static_cast<std::uint32_t>(slots_.size());
  state.due = rng_.Unit();
  if (!app.ephemeral) slots_.insert(slots_.end(), app.slots, Slot{index, std::nullopt});
  state.app = std::move(app);
  apps_.push_back(std::move(state));
}

std::uint32_t LiveWorld::Find(std::string_view name) const {
  for (std::size_t i = apps_.size(); i-- > 0;) {  // the latest version first
    if (apps_[i].app.name == name || apps_[i].app.Key() == name) return static_cast<std::uint32_t>(i);
  }
  return static_cast<std::uint32_t>(apps_.size());
}

std::optional<Error> LiveWorld::SetApp(const AppSpec& spec) {
  const std::uint32_t index = Find(spec.name);
  if (index < apps_.size()) {
    App changed = apps_[index].app;
    if (auto error = ChangeApp(changed, spec.changes)) return error;
    if (changed.ephemeral != apps_[index].app.ephemeral) {
      return Error{"an app keeps its ttl above 0, or at 0: take another name"};
    }
    apps_[index].app = std::move(changed);
    return std::nullopt;
  }
  App app = options_.model;
  const std::size_t at = spec.name.rfind('@');
  const bool versioned = at != std::string::npos && at > 0;
  app.name = spec.name.substr(0, versioned ? at : std::string::npos);
  app.version = versioned ? spec.name.substr(at + 1) : "1.0.0";
  if (auto error = ChangeApp(app, spec.changes)) return error;
  (app.ephemeral ? ephemeral_ : persistent_).push_back(static_cast<std::uint32_t>(apps_.size()));
  AddApp(std::move(app));
  Route();
  return std::nullopt;
}

void LiveWorld::Route() {
  cumulative_.clear();
  double sum = 0;
  for (const std::uint32_t app : persistent_) {
    const double weight = apps_[app].app.weight;
    sum += knobs_.uniform && weight > 0 ? 1 : weight;
    cumulative_.push_back(sum);
  }
}

void LiveWorld::SetKnobs(const Knobs& knobs) {
  const bool deployed = knobs.bad_deploy && !knobs_.bad_deploy;
  knobs_ = knobs;
  for (Slot& slot : slots_) {
    if (deployed && slot.worker && IsVictim(slot.app)) slot.worker->dead = true;
  }
  evicted_.clear();
  lru_.SetLimit(knobs.pool_size.value_or(options_.pool_size), evicted_);
  Evict(evicted_);
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
  TimeOut();
  CleanUp();
  ServePersistent();
  RunGate();
  Misfortune();
}

void LiveWorld::FinishBoots() {
  std::erase_if(booting_, [&](std::uint32_t slot) {
    auto& worker = slots_[slot].worker;
    if (!worker || worker->dead) return true;
    if (now_ms_ < worker->ready_ms) return false;
    const std::uint64_t waiting = std::exchange(worker->waiting, 0);
    worker->dead = worker->doomed;
    // All that waited are passed on at once, however few requests the worker may take.
    const std::uint64_t served = worker->dead ? 0 : Serve(slot, waiting);
    apps_[slots_[slot].app].clients.failed += waiting - served;
    return true;
  });
}

void LiveWorld::TimeOut() {
  while (!hanging_.empty() && hanging_.begin()->first <= now_ms_) {
    const Hanging hanging = hanging_.begin()->second;
    hanging_.erase(hanging_.begin());
    AppState& state = apps_[slots_[hanging.slot].app];
    state.clients.failed += hanging.count;
    auto& worker = slots_[hanging.slot].worker;
    if (!worker || worker->serial != hanging.serial) continue;  // what it counts now, no answer shows
    worker->dead = true;
    worker->tally.errors += hanging.count;
    state.served.errors += hanging.count;
  }
}

/// Requests a second, with the swell of a day squeezed into ten minutes.
double LiveWorld::Load() const {
  return knobs_.rps * (1 + 0.2 * std::sin(static_cast<double>(now_ms_) / 600'000 * 6.283185307179586));
}

void LiveWorld::ServePersistent() {
  constexpr double kTickSeconds = static_cast<double>(kTickMs) / 1000;
  for (std::uint32_t app = 0; app < apps_.size(); ++app) {
    AppState& state = apps_[app];
    if (state.app.rps <= 0 || state.app.ephemeral) continue;
    state.due += state.app.rps * kTickSeconds;
    const double whole = std::floor(state.due);
    state.due -= whole;
    if (whole >= 1) Receive(state.first_slot, static_cast<std::uint64_t>(whole));
  }
  if (cumulative_.empty() || cumulative_.back() <= 0) return;
  const std::uint64_t arrivals = rng_.Poisson(Load() * kTickSeconds);
  const std::uint64_t picks = std::min(arrivals, kPicksPerTick);
  for (std::uint64_t i = 0; i < picks; ++i) {
    const std::uint64_t bundle = arrivals / picks + (i < arrivals % picks ? 1 : 0);
    const AppState& state = apps_[Pick()];
    Receive(state.first_slot + static_cast<std::uint32_t>(rng_.Below(state.app.slots)), bundle);
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

std::int64_t LiveWorld::CleanupPeriod(const App& app) const {
  return std::max<std::int64_t>(1, std::min(options_.idle_timeout_ms, app.ttl_ms) / 2);
}

void LiveWorld::CleanUp() {
  for (std::uint32_t slot = 0; slot < slots_.size(); ++slot) {
    auto& worker = slots_[slot].worker;
    if (!worker || now_ms_ < worker->cleanup_ms) continue;
    const App& app = apps_[slots_[slot].app].app;
    worker->cleanup_ms += CleanupPeriod(app);
    if (Healthy(app, *worker)) continue;
    lru_.Remove(slot);
    Retire(slot);
  }
  while (!graves_.empty() && now_ms_ - graves_.front().died_ms >= kGraveMs) {
    apps_[graves_.front().app].forgotten += graves_.front().worker.tally;
    graves_.pop_front();
  }
  if (now_ms_ % 1'000 == 0) ForgetHistory();
}

}  // namespace buntime::simulator
