#include "poll/poller.h"

#include <algorithm>
#include <string>
#include <unordered_map>
#include <utility>

#include "base/text.h"
#include "poll/rhythm.h"

namespace buntime {
namespace {

// A poll that ends so long after its timeout was held up by this process, which was stopped or had no
// processor.
constexpr Duration kHeldUp = std::chrono::milliseconds(500);

}  // namespace

struct Poller::Entry {
  explicit Entry(Target target) : state(std::move(target)) {}

  RuntimeState state;
  std::shared_ptr<const Runtime> view;
  SteadyTime phase;    // polls are due at this time plus any number of intervals
  SteadyTime due;      // of the next poll
  SteadyTime started;  // of the poll under way
  std::unique_ptr<Attempt> attempt;
  std::unique_ptr<Attempt> finished_attempt;  // kept until its callback has returned
  bool expiry_shown = false;
  bool repeated = false;  // the poll under way
  SteadyTime down_since;
};

Poller::Poller(std::vector<Target> targets, Fetcher& fetcher, const Clock& clock, Log& log, FleetBoard& board,
               PollObserver observer)
    : fetcher_(fetcher), clock_(clock), log_(log), board_(board), observer_(std::move(observer)) {
  SetEntries(std::move(targets));
  Publish();
}

void Poller::SetEntries(std::vector<Target> targets) {
  const SteadyTime now = clock_.Now();
  const auto count = static_cast<Duration::rep>(targets.size());
  std::vector<std::unique_ptr<Entry>> entries;
  std::unordered_map<std::string_view, std::unique_ptr<Entry>*> by_name;
  for (auto& entry : entries_) by_name.emplace(entry->state.target().name, &entry);
  for (Target& target : targets) {
    const auto same = by_name.find(target.name);
    if (same != by_name.end() && *same->second && (*same->second)->state.target() == target) {
      entries.push_back(std::move(*same->second));
      continue;
    }
    // Spread over the interval, so that a large fleet is polled evenly instead of all at once. The first
    // polls are closer together: a long interval must not leave a runtime unknown for as long.
    const auto index = static_cast<Duration::rep>(entries.size());
    const Duration interval = target.interval;
    entries.push_back(std::make_unique<Entry>(std::move(target)));
    entries.back()->phase = now + interval * index / count;
    entries.back()->due = now + std::min<Duration>(interval, kFirstPolls) * index / count;
    entries.back()->view = entries.back()->state.View(now);
  }
  entries_ = std::move(entries);
  changed_ = true;
}

void Poller::Replace(std::vector<Target> targets) {
  {
    const MutexLock lock(mutex_);
    replacement_ = std::move(targets);
  }
  fetcher_.Wakeup();
}

void Poller::TakeReplacement() {
  std::optional<std::vector<Target>> targets;
  {
    const MutexLock lock(mutex_);
    targets.swap(replacement_);
  }
  if (targets) SetEntries(std::move(*targets));
}

Poller::~Poller() = default;

void Poller::Run(const std::stop_token& stop) {
  const std::stop_callback wake(stop, [this] { fetcher_.Wakeup(); });
  while (!stop.stop_requested()) {
    TakeReplacement();
    Step(true);
  }
}

void Poller::PollOnce() {
  for (auto& entry : entries_) Start(*entry);
  const auto under_way = [](const auto& entry) { return entry->attempt != nullptr; };
  while (std::ranges::any_of(entries_, under_way)) Step(false);
}

void Poller::Step(bool start_due_polls) {
  SteadyTime now = clock_.Now();
  SteadyTime wake = now + std::chrono::seconds(10);
  for (auto& entry : entries_) {
    if (start_due_polls && !entry->attempt) {
      if (entry->due <= now) {
        Start(*entry);
      } else {
        wake = std::min(wake, entry->due);
      }
    }
    if (const auto expiry = entry->state.Expiry(); expiry && !entry->expiry_shown)
      wake = std::min(wake, *expiry);
  }
  fetcher_.Wait(std::max<Duration>(wake - now, Duration::zero()));

  now = clock_.Now();
  for (auto& entry : entries_) {
    entry->finished_attempt.reset();
    const auto expiry = entry->state.Expiry();
    if (expiry && !entry->expiry_shown && now >= *expiry) {
      entry->expiry_shown = true;
      entry->view = entry->state.View(now);
      changed_ = true;
    }
  }
  Publish();
}

void Poller::Start(Entry& entry) {
  entry.started = clock_.Now();
  entry.due = NextPoll(entry.phase, entry.state.target().interval, entry.started);
  entry.attempt = std::make_unique<Attempt>(
      entry.state.target(), entry.state.known(), fetcher_, clock_,
      [this, &entry](Result<Answer, PollError> result) { OnDone(entry, std::move(result)); });
}

void Poller::OnDone(Entry& entry, Result<Answer, PollError> result) {
  entry.finished_attempt = std::move(entry.attempt);
  const SteadyTime now = clock_.Now();
  const Duration took = now - entry.started;
  // The time of a poll that was held up ran out here and not at the runtime, which is asked once more.
  const bool held_up = !result && took > entry.state.target().timeout + kHeldUp;
  entry.repeated = held_up && !entry.repeated;
  if (entry.repeated) return Start(entry);
  const Outcome before = entry.view->outcome;
  const bool tried_before = entry.view->tried;
  AnomalyCounts anomalies{};
  const Outcome outcome = result ? result->outcome() : result.error().outcome;
  if (result) {
    const bool restarted = entry.state.Succeed(std::move(*result), now, clock_.UnixSeconds(), took);
    entry.expiry_shown = false;
    if (restarted) log_.Info("runtime restarted", {{"runtime", entry.view->name}, {"url", entry.view->url}});
  } else {
    entry.state.Fail(result.error(), entry.finished_attempt->next_guess(), clock_.UnixSeconds(), took);
  }
  entry.view = entry.state.View(now);
  if (result && entry.view->reading) anomalies = entry.view->reading->snapshot.anomalies;
  if (!tried_before || before != outcome) {
    LogChange(entry, before, tried_before);
    if (before == Outcome::kOk || !tried_before) entry.down_since = now;
  }
  observer_(entry.state.target(), outcome, Seconds(took), anomalies);
  changed_ = true;
}

void Poller::LogChange(const Entry& entry, Outcome before, bool tried_before) {
  const Runtime& view = *entry.view;
  if (!view.up) {
    log_.Warn("runtime is down", {{"runtime", view.name},
                                  {"url", view.url},
                                  {"outcome", std::string(Name(view.outcome))},
                                  {"cause", view.error}});
    return;
  }
  std::string down_for;
  if (tried_before && before != Outcome::kOk) {
    const auto rounded = std::chrono::round<std::chrono::seconds>(clock_.Now() - entry.down_since);
    down_for = FormatDuration(rounded);
  }
  log_.Info("runtime is up", {{"runtime", view.name},
                              {"url", view.url},
                              {"layout", std::string(Name(view.reading->layout))},
                              {"dialect", std::string(Name(view.reading->snapshot.dialect))},
                              {"workers", std::to_string(view.reading->snapshot.workers.size())},
                              {"down_for", down_for},
                              {"hint", std::string(WithoutKey(*view.reading))}});
}

void Poller::Publish() {
  if (!changed_) return;
  changed_ = false;
  auto fleet = std::make_shared<Fleet>();
  fleet->revision = published_ ? published_->revision + 1 : 1;
  fleet->runtimes.reserve(entries_.size());
  for (const auto& entry : entries_) fleet->runtimes.push_back(entry->view);
  published_ = fleet;
  board_.Publish(std::move(fleet));
}

}  // namespace buntime
