#include "poll/runtime_state.h"

#include <utility>

#include "poll/translate.h"

namespace buntime {
namespace {

std::optional<double> Track(Peak& peak, std::optional<double> value, SteadyTime now, Duration window) {
  if (value) peak.Add(now, *value);
  return peak.Highest(now, window);
}

}  // namespace

RuntimeState::RuntimeState(Target target) : target_(std::move(target)) {
  latest_.name = target_.name;
  latest_.interval = target_.interval;
  latest_.stale_after = target_.stale_after;
  latest_.url = target_.url.Text();
  if (target_.url.exact_stats.empty()) latest_.url += target_.plugin_base;
}

bool RuntimeState::Succeed(Answer answer, SteadyTime now, double unix_seconds, Duration took) {
  layout_ = answer.layout;
  layout_worked_ = true;
  last_success_ = now;

  auto reading = std::make_shared<Reading>();
  reading->snapshot = std::move(answer.snapshot);
  Snapshot& snapshot = reading->snapshot;
  const bool restarted = counters_.Enter(snapshot, now);
  if (restarted) latest_.version.clear();  // it may be another release now
  DerivePool(snapshot, target_.pool_size);
  DropTimesOfTheDead(snapshot);
  reading->layout = answer.layout;
  reading->peaks.active = Track(active_, snapshot.pool.active, now, target_.peak_window);
  reading->peaks.utilization = Track(utilization_, snapshot.pool.utilization, now, target_.peak_window);
  reading->peaks.ephemeral_queue_depth =
      Track(queue_depth_, snapshot.pool.ephemeral_queue_depth, now, target_.peak_window);
  reading->rates = counters_.rates();
  reading->apps = counters_.Apps();
  reading->shown = ChooseWorkers(snapshot, target_.worker_limit);
  reading->workers_dropped = snapshot.workers.size() - reading->shown.size();

  latest_.tried = true;
  latest_.up = true;
  latest_.outcome = Outcome::kOk;
  latest_.error.clear();
  latest_.poll_seconds = Seconds(took);
  latest_.last_success_unix_seconds = unix_seconds;
  latest_.last_poll_unix_seconds = unix_seconds;
  latest_.down_since_unix_seconds.reset();
  latest_.reading = std::move(reading);
  return restarted;
}

void RuntimeState::Fail(const PollError& error, Layout tried_last, double unix_seconds, Duration took) {
  if (!layout_worked_) layout_ = tried_last;
  latest_.tried = true;
  latest_.up = false;
  latest_.outcome = error.outcome;
  latest_.error = error.message;
  latest_.poll_seconds = Seconds(took);
  latest_.last_poll_unix_seconds = unix_seconds;
  if (!latest_.down_since_unix_seconds) latest_.down_since_unix_seconds = unix_seconds;
}

std::shared_ptr<const Runtime> RuntimeState::View(SteadyTime now) const {
  auto view = std::make_shared<Runtime>(latest_);
  if (const auto expiry = Expiry(); expiry && now >= *expiry) view->reading = nullptr;
  return view;
}

std::optional<SteadyTime> RuntimeState::Expiry() const {
  if (!latest_.reading) return std::nullopt;
  return last_success_ + target_.stale_after;
}

}  // namespace buntime
