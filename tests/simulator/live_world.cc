#include "simulator/live_world.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace buntime::simulator {
namespace {

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
