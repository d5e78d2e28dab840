// The rest of LiveWorld: ephemeral apps, restarts, and what control can make happen at once.
#include <algorithm>
#include <cmath>
#include <utility>

#include "simulator/live_world.h"

namespace buntime::simulator {
namespace {

constexpr std::size_t kHistoryKeys = 1'000;

}  // namespace

std::optional<std::uint64_t> LiveWorld::Offer(std::uint32_t app) {
  Clients& clients = apps_[app].clients;
  ++clients.sent;
  const auto number = gate_.Offer(app);
  if (number) return number;
  ++clients.failed;
  ++clients.rejected;
  return std::nullopt;
}

std::optional<std::uint64_t> LiveWorld::AskPage() {
  const std::uint32_t found = Find("plugin-metrics");
  if (found == apps_.size()) {
    App page;
    page.name = "plugin-metrics";
    page.version = "1.0.0";
    page.ephemeral = true;
    page.mean_ms = 60;
    AddApp(std::move(page));
  }
  ++revision_;
  return Offer(found);
}

void LiveWorld::RunGate() {
  gate_.Advance(
      now_ms_,
      [&](std::uint32_t index) {
        ++counters_.misses;
        ++counters_.created;
        const App& app = apps_[index].app;
        if (app.hangs_ms > 0) return app.hangs_ms;
        if (!app.boots) return app.boot_ms;
        const double slow = IsVictim(index) ? knobs_.slow : 1;
        return std::int64_t{std::llround(app.mean_ms * slow * (0.7 + rng_.Exponential(0.3)))};
      },
      [&](const Gate::Run& run) { EndEphemeral(run); });
  constexpr double kTicksPerSecond = 10;
  std::vector<std::uint32_t> common;
  for (const std::uint32_t app : ephemeral_) {
    AppState& state = apps_[app];
    if (state.app.weight > 0) common.push_back(app);
    for (state.due += state.app.rps / kTicksPerSecond; state.app.rps > 0 && state.due >= 1; --state.due) {
      Offer(app);
    }
  }
  const std::uint64_t arrivals = common.empty() ? 0 : rng_.Poisson(knobs_.ephemeral_rps / kTicksPerSecond);
  for (std::uint64_t i = 0; i < arrivals; ++i) Offer(common[rng_.Below(common.size())]);
}

// Only a request that succeeds reaches the numbers of its app.
void LiveWorld::EndEphemeral(const Gate::Run& run) {
  AppState& state = apps_[run.app];
  if (!state.app.boots || state.app.hangs_ms > 0 || Errors(run.app, 1) > 0) {
    ++counters_.failed;
    ++state.clients.failed;
    return;
  }
  See(run.app);
  state.last_centi_ms = static_cast<std::uint64_t>(run.finish_ms - run.start_ms) * 100 + rng_.Below(100);
  Worker worker;
  worker.serial = next_serial_++;
  worker.born_ms = run.start_ms;
  worker.used_ms = run.finish_ms;
  worker.tally = {1, 0, state.last_centi_ms};
  ++state.clients.ok;
  state.served += worker.tally;
  Bury(run.app, worker);
}

void LiveWorld::Restart() {
  for (std::uint32_t app = 0; app < apps_.size(); ++app) {
    AppState& state = apps_[app];
    state.forgotten += state.merged;
    state.merged = {};
    state.seen = false;
    state.last_centi_ms = 0;
    state.clients.failed = state.clients.sent - state.clients.ok;  // what was under way
  }
  for (Slot& slot : slots_) {
    if (slot.worker) apps_[slot.app].forgotten += slot.worker->tally;
    slot.worker.reset();
  }
  for (const Grave& grave : graves_) apps_[grave.app].forgotten += grave.worker.tally;
  graves_.clear();
  booting_.clear();
  hanging_.clear();
  seen_order_.clear();
  lru_.Clear();
  gate_.Clear(now_ms_);
  past_counters_ += counters_;
  counters_ = {};
  acquire_ms_ = 0;
  leaked_bytes_ = 0;
  started_ms_ = now_ms_;
  ++restarts_;
  ++revision_;
}

// The busiest crash. The next request of each finds it unhealthy and drops it.
std::size_t LiveWorld::Kill(std::size_t count) {
  std::vector<std::uint32_t> alive;
  for (std::uint32_t slot = 0; slot < slots_.size(); ++slot) {
    const auto& worker = slots_[slot].worker;
    if (worker && !worker->dead && worker->tally.requests > 0) alive.push_back(slot);
  }
  std::sort(alive.begin(), alive.end(), [&](std::uint32_t a, std::uint32_t b) {
    return slots_[a].worker->tally.requests > slots_[b].worker->tally.requests;
  });
  alive.resize(std::min(alive.size(), count));
  for (const std::uint32_t slot : alive) slots_[slot].worker->dead = true;
  return alive.size();
}

// What happens a few times a minute by itself, when a scenario asks for it.
void LiveWorld::Misfortune() {
  if (rng_.Poisson(knobs_.drops_per_minute / 600) > 0) Kill(1);
  if (rng_.Poisson(knobs_.deploys_per_minute / 600) > 0 && !persistent_.empty()) {
    Deploy(persistent_[rng_.Below(persistent_.size())]);
  }
}

// The runtime remembers a thousand keys without a worker; the oldest goes first, and its counters with it.
void LiveWorld::ForgetHistory() {
  const auto gone = [&](std::uint32_t app) {
    const AppState& state = apps_[app];
    return !state.app.ephemeral && !slots_[state.first_slot].worker;
  };
  if (options_.documented || seen_order_.size() <= kHistoryKeys) return;
  std::size_t excess = static_cast<std::size_t>(std::count_if(seen_order_.begin(), seen_order_.end(), gone));
  excess -= std::min(excess, kHistoryKeys);
  std::erase_if(seen_order_, [&](std::uint32_t app) {
    if (excess == 0 || !gone(app)) return false;
    --excess;
    apps_[app].forgotten += std::exchange(apps_[app].merged, {});
    apps_[app].seen = false;
    return true;
  });
}

std::uint32_t* LiveWorld::Victim() {
  const auto it =
      std::find_if(persistent_.begin(), persistent_.end(), [&](std::uint32_t app) { return IsVictim(app); });
  return it == persistent_.end() ? nullptr : &*it;
}

// The requests of the app at `route` go to a new version from now on; the workers of the old one time out.
void LiveWorld::Deploy(std::uint32_t& route) {
  App next = apps_[route].app;
  apps_[route].app.rps = 0;
  next.version = NextVersion(next.version);
  route = static_cast<std::uint32_t>(apps_.size());
  AddApp(std::move(next));
  Route();
  const std::uint32_t app = route;
  See(app);
  // Warmed before the first request, so that `ready` workers exist.
  for (std::size_t i = 0; i < apps_[app].app.slots; ++i) {
    Spawn(static_cast<std::uint32_t>(apps_[app].first_slot + i));
  }
}

Result<std::string> LiveWorld::Happen(std::string_view event, std::size_t count) {
  if (now_ms_ - started_ms_ < options_.init_delay_ms)
    return Error{"there is no pool yet: wait for --init-delay"};
  ++revision_;
  if (event == "crash") return std::to_string(Kill(count)) + " workers crashed";
  if (event == "burst") {
    if (ephemeral_.empty()) return Error{"there is no ephemeral app: start with --ephemeral-apps 1 or more"};
    std::size_t rejected = 0;
    for (std::size_t i = 0; i < count; ++i) rejected += Offer(ephemeral_[i % ephemeral_.size()]) ? 0U : 1U;
    return std::to_string(count - rejected) + " requests queued, " + std::to_string(rejected) + " rejected";
  }
  if (event == "deploy") {
    std::uint32_t* const victim = Victim();
    if (victim == nullptr) return Error{"there is no such persistent app: see the names in /control/truth"};
    for (std::size_t i = 0; i < count; ++i) Deploy(*victim);
    return std::to_string(count) + " deploys";
  }
  if (event == "evict") {
    std::vector<std::uint32_t> alive;
    for (std::uint32_t slot = 0; slot < slots_.size() && alive.size() < count; ++slot) {
      if (slots_[slot].worker) alive.push_back(slot);
    }
    for (const std::uint32_t slot : alive) lru_.Remove(slot);
    Evict(alive);
    return std::to_string(alive.size()) + " workers evicted";
  }
  return Error{"unknown event \"" + std::string(event) + "\""};
}

}  // namespace buntime::simulator
