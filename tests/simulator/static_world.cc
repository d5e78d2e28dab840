#include "simulator/static_world.h"

#include <algorithm>

#include "simulator/rng.h"

namespace buntime::simulator {
namespace {

constexpr std::size_t kApps = 50;

std::string AppName(std::size_t app) { return (app % 7 == 3 ? "@team/app-" : "app-") + std::to_string(app); }

// The released dialect has one entry per name@version, so there the worker's number has to be in the version.
std::string Version(std::size_t worker, bool documented) {
  return documented ? "1.2.3" : "1.2." + std::to_string(worker / kApps);
}

}  // namespace

StaticWorld::StaticWorld(const WorldOptions& options)
    : options_(options), now_s_(options.born_ms / 1000), started_s_(now_s_), forgotten_(kApps) {
  view_.rows.resize(options.static_workers);
  for (std::size_t i = 0; i < view_.rows.size(); ++i) {
    WorkerRow& row = view_.rows[i];
    row.id =
        "worker-" + std::to_string(100'000'000 + Mix(options.seed) % 800'000'000) + "-" + std::to_string(i);
    row.key = AppName(i % kApps) + "@" + Version(i, options.documented);
    row.state = i % 3 == 0 ? RowState::kActive : RowState::kIdle;
    row.heap_bytes = (30U << 20U) + i % 1024 * 1024;
  }
}

void StaticWorld::AdvanceTo(std::int64_t ms) {
  if (ms / 1000 <= now_s_) return;
  now_s_ = ms / 1000;
  ++revision_;
}

// A first life starts with a past, so that the numbers look lived in; later ones start from nothing.
Tally StaticWorld::At(std::size_t worker, std::int64_t second) const {
  const std::uint64_t noise = Mix(options_.seed + worker);
  const std::uint64_t past = restarts_ == 0 ? noise % 100'000 : 0;
  const auto age = static_cast<std::uint64_t>(second - started_s_);
  Tally tally;
  tally.requests = past + age * (noise % 8);
  tally.errors = tally.requests / 400;
  tally.centi_ms = (tally.requests - tally.errors) * (400 + noise % 4000);
  return tally;
}

const View& StaticWorld::Describe() {
  view_.initialised = true;
  view_.now_ms = now_s_ * 1000;
  view_.uptime_ms = (now_s_ - started_s_) * 1000 + (restarts_ == 0 ? 86'400'000 : 0);
  view_.pool_size = std::max(options_.pool_size, options_.static_workers);
  view_.cached = view_.rows.size();
  view_.gate_concurrency = options_.gate_concurrency;
  view_.gate_limit = options_.gate_limit;
  view_.acquire_centi_ms = 64;
  view_.heap_bytes = 64U << 20U;
  view_.rss_bytes = 512U << 20U;
  view_.counters = {};
  for (std::size_t i = 0; i < view_.rows.size(); ++i) {
    WorkerRow& row = view_.rows[i];
    row.tally = At(i, now_s_);
    row.age_ms = view_.uptime_ms - static_cast<std::int64_t>(Mix(i) % 1000);
    row.age_ms = std::max<std::int64_t>(row.age_ms, 0);
    row.idle_ms = row.state == RowState::kActive ? static_cast<std::int64_t>(i % 1000) : 60'000;
    view_.counters.hits += row.tally.requests;
  }
  view_.counters.misses = view_.counters.created = view_.rows.size();
  return view_;
}

void StaticWorld::Restart() {
  for (std::size_t i = 0; i < view_.rows.size(); ++i) forgotten_[i % kApps] += At(i, now_s_);
  started_s_ = now_s_;
  ++restarts_;
  ++revision_;
}

Truth StaticWorld::GetTruth() const {
  Truth truth;
  truth.now_ms = now_s_ * 1000;
  truth.uptime_ms = (now_s_ - started_s_) * 1000;
  truth.restarts = restarts_;
  const std::size_t workers = view_.rows.size();
  for (std::size_t app = 0; app < std::min(kApps, workers); ++app) {
    // Versions of the released dialect are as many as workers: the truth is told by name.
    AppTruth& entry = truth.apps.emplace_back();
    entry.app = AppName(app);
    entry.version = options_.documented ? "1.2.3" : "*";
    for (std::size_t i = app; i < workers; i += kApps) entry.shown += At(i, now_s_);
    entry.forgotten = forgotten_[app];
    entry.served = entry.shown;
    entry.served += entry.forgotten;
    entry.clients = {entry.served.requests, entry.served.requests - entry.served.errors, entry.served.errors,
                     0};
    truth.counters.hits += entry.served.requests;
  }
  truth.counters.misses = truth.counters.created = workers * (restarts_ + 1);
  return truth;
}

std::optional<Error> StaticWorld::SetApp(const AppSpec&) {
  return Error{"a static crowd has apps of its own: start without --workers"};
}

Result<std::string> StaticWorld::Happen(std::string_view, std::size_t) {
  return Error{"a static crowd has no events: start without --workers"};
}

}  // namespace buntime::simulator
