#include "poll/runtime_state.h"

#include <new>
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
  latest_.labels = target_.labels;
  latest_.interval = target_.interval;
  latest_.stale_after = target_.stale_after;
  latest_.url = target_.url.Text();
  if (target_.url.exact_stats.empty()) latest_.url += target_.plugin_base;
}

bool RuntimeState::Succeed(Answer answer, SteadyTime now, double unix_seconds, Duration took) {
  try {
    return Take(std::move(answer), now, unix_seconds, took);
  } catch (const std::bad_alloc&) {
    Fail({Outcome::kInternal,
          "out of memory for the answer: raise the memory limit, or lower --poll.max-body"},
         known_.layout, unix_seconds, took);
    return false;
  }
}

bool RuntimeState::Take(Answer answer, SteadyTime now, double unix_seconds, Duration took) {
  auto reading = std::make_shared<Reading>();
  reading->snapshot = std::move(answer.snapshot);
  Snapshot& snapshot = reading->snapshot;
  // The runtime counted at some time between the request and the end of the answer. With the middle of both,
  // an answer that comes late makes no rate of a few milliseconds.
  const bool restarted = counters_.Enter(snapshot, now - took / 2);
  // Only layout admin refuses keys. It is asked again with the next poll: the key may be mended.
  known_.layout = answer.refused ? Layout::kAdmin : answer.layout;
  known_.worked = true;
  known_.health_asked = answer.version || (known_.health_asked && !restarted);
  known_.uptime_seconds = snapshot.pool.uptime_seconds;
  if (restarted) latest_.version.clear();  // it may be another release now
  if (answer.version && !answer.version->empty()) latest_.version = *std::move(answer.version);
  DerivePool(snapshot, target_.pool_size);
  DropTimesOfTheDead(snapshot);
  reading->layout = answer.layout;
  reading->peaks.active = Track(active_, snapshot.pool.active, now, target_.peak_window);
  reading->peaks.utilization = Track(utilization_, snapshot.pool.utilization, now, target_.peak_window);
  reading->peaks.ephemeral_queue_depth =
      Track(queue_depth_, snapshot.pool.ephemeral_queue_depth, now, target_.peak_window);
  reading->rates = counters_.rates();
  if (answer.layout != Layout::kOpen) {
    reading->apps = counters_.Apps();
    reading->apps_dropped = counters_.apps_dropped();
  } else {
    // Without a key apps go on unseen: their totals, and what follows from them, would be frozen numbers.
    snapshot.pool.unserved_requests.reset();
  }
  reading->shown = ChooseWorkers(snapshot, target_.worker_limit);
  reading->workers_dropped = snapshot.workers.size() - reading->shown.size();

  last_reading_ = now;
  latest_.reading = std::move(reading);
  latest_.read_without_key = answer.refused.has_value();
  NotePoll(answer.refused ? &*answer.refused : nullptr, unix_seconds, took);
  return restarted;
}

void RuntimeState::Fail(const PollError& error, std::optional<Layout> next_guess, double unix_seconds,
                        Duration took) {
  if (!known_.worked) known_.layout = next_guess;
  latest_.read_without_key = false;
  known_.health_asked = false;  // what answers again may be another release
  NotePoll(&error, unix_seconds, took);
}

void RuntimeState::NotePoll(const PollError* error, double unix_seconds, Duration took) {
  latest_.tried = true;
  latest_.up = error == nullptr;
  latest_.outcome = error != nullptr ? error->outcome : Outcome::kOk;
  latest_.error = error != nullptr ? error->message : "";
  latest_.poll_seconds = Seconds(took);
  latest_.last_poll_unix_seconds = unix_seconds;
  if (error == nullptr) {
    latest_.last_success_unix_seconds = unix_seconds;
    latest_.down_since_unix_seconds.reset();
  } else if (!latest_.down_since_unix_seconds) {
    latest_.down_since_unix_seconds = unix_seconds;
  }
}

std::shared_ptr<const Runtime> RuntimeState::View(SteadyTime now) const {
  auto view = std::make_shared<Runtime>(latest_);
  if (const auto expiry = Expiry(); expiry && now >= *expiry) view->reading = nullptr;
  return view;
}

std::size_t RuntimeState::bytes() const {
  std::size_t bytes = sizeof(RuntimeState) + counters_.bytes();
  if (const Reading* const reading = latest_.reading.get()) {
    bytes += reading->snapshot.workers.capacity() * sizeof(Worker) + reading->snapshot.text.capacity() +
             reading->apps.capacity() * sizeof(App);
  }
  return bytes;
}

std::optional<SteadyTime> RuntimeState::Expiry() const {
  if (!latest_.reading) return std::nullopt;
  return last_reading_ + target_.stale_after;
}

}  // namespace buntime
