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
// To publish costs time in proportion to the fleet, and so does what readers then look at. So publications
// are so far apart for each runtime, which a small fleet does not notice, and at most kLongestGap.
constexpr Duration kGapOfRuntime = std::chrono::microseconds(20);
constexpr Duration kLongestGap = std::chrono::milliseconds(100);
constexpr Duration kLongestPause = std::chrono::seconds(10);
// At once; then what has come is looked at, and whether to stop.
constexpr Duration kWork = std::chrono::milliseconds(20);

}  // namespace

struct Poller::Entry {
  explicit Entry(Target target) : state(std::move(target)) {}

  RuntimeState state;
  std::shared_ptr<const Runtime> view;
  SteadyTime phase;    // polls are due at this time plus any number of intervals
  SteadyTime due;      // of the next poll
  SteadyTime alarm;    // as it stands in alarms_
  SteadyTime started;  // of the poll under way
  std::unique_ptr<Attempt> attempt;
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
  alarms_.clear();
  entries_ = std::move(entries);
  for (const auto& entry : entries_) SetAlarm(*entry);
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
  if (std::exchange(interrupted_, true)) BeginAnew();
  while (!stop.stop_requested()) {
    TakeReplacement();
    Step();
  }
  interrupted_ = false;
}

// After an exception some poll may never end, and some alarm be lost.
void Poller::BeginAnew() {
  finished_.clear();
  alarms_.clear();
  for (const auto& entry : entries_) {
    if (entry->attempt) entry->due = clock_.Now();
    entry->attempt.reset();
    SetAlarm(*entry);
  }
  changed_ = true;
}

void Poller::PollOnce() {
  for (const auto& entry : entries_) Start(*entry);
  for (const auto& entry : entries_) {
    while (entry->attempt) {
      fetcher_.Wait(kLongestPause);
      finished_.clear();
    }
  }
  Publish();
}

void Poller::Step() {
  const SteadyTime now = clock_.Now();
  SteadyTime wake = now + kLongestPause;
  if (changed_) wake = std::min(wake, NextPublication());
  if (!alarms_.empty()) wake = std::min(wake, alarms_.begin()->first);
  fetcher_.Wait(std::max<Duration>(wake - now, Duration::zero()));
  finished_.clear();
  RunAlarms();
  if (changed_ && clock_.Now() >= NextPublication()) Publish();
}

SteadyTime Poller::NextPublication() const {
  const auto count = static_cast<Duration::rep>(entries_.size());
  return published_at_ + std::min(kLongestGap, kGapOfRuntime * count);
}

// At which something is to be done about the entry though nothing has come: its poll is due, or its reading
// too old.
void Poller::SetAlarm(Entry& entry) {
  alarms_.erase({entry.alarm, &entry});
  entry.alarm = entry.attempt ? SteadyTime::max() : entry.due;
  if (const auto expiry = entry.state.Expiry(); expiry && !entry.expiry_shown)
    entry.alarm = std::min(entry.alarm, *expiry);
  alarms_.emplace(entry.alarm, &entry);
}

void Poller::RunAlarms() {
  const SteadyTime end = clock_.Now() + kWork;
  for (SteadyTime now; !alarms_.empty() && (now = clock_.Now()) < end;) {
    Entry& entry = *alarms_.begin()->second;
    if (entry.alarm > now) return;
    const auto expiry = entry.state.Expiry();
    if (expiry && !entry.expiry_shown && now >= *expiry) {
      entry.expiry_shown = true;
      entry.view = entry.state.View(now);
      changed_ = true;
    }
    if (!entry.attempt && entry.due <= now) Start(entry);
    SetAlarm(entry);
  }
}

void Poller::Start(Entry& entry) {
  entry.started = clock_.Now();
  entry.due = NextPoll(entry.phase, entry.state.target().interval, entry.started);
  entry.attempt = std::make_unique<Attempt>(
      entry.state.target(), entry.state.known(), fetcher_, clock_,
      [this, &entry](Result<Answer, PollError> result) { OnDone(entry, std::move(result)); });
}

void Poller::OnDone(Entry& entry, Result<Answer, PollError> result) {
  const Attempt& attempt = *finished_.emplace_back(std::move(entry.attempt));
  const SteadyTime now = clock_.Now();
  const Duration took = now - entry.started;
  // The time of a poll that was held up ran out here and not at the runtime, which is asked once more.
  const bool held_up = !result && took > entry.state.target().timeout + kHeldUp;
  entry.repeated = held_up && !entry.repeated;
  if (entry.repeated) return Start(entry);
  const Outcome before = entry.view->outcome;
  const bool tried_before = entry.view->tried;
  AnomalyCounts anomalies{};
  if (result) {
    const bool restarted = entry.state.Succeed(std::move(*result), now, clock_.UnixSeconds(), took);
    entry.expiry_shown = false;
    if (restarted) log_.Info("runtime restarted", {{"runtime", entry.view->name}, {"url", entry.view->url}});
  } else {
    entry.state.Fail(result.error(), attempt.next_guess(), clock_.UnixSeconds(), took);
  }
  entry.view = entry.state.View(now);
  const Outcome outcome = entry.view->outcome;  // for an answer there may have been no memory
  if (result && outcome != Outcome::kInternal && entry.view->reading)
    anomalies = entry.view->reading->snapshot.anomalies;
  if (!tried_before || before != outcome) {
    LogChange(entry, before, tried_before);
    if (before == Outcome::kOk || !tried_before) entry.down_since = now;
  }
  observer_(entry.state.target(), outcome, Seconds(took), anomalies);
  changed_ = true;
  SetAlarm(entry);
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
  changed_ = false;
  published_at_ = clock_.Now();
  auto fleet = std::make_shared<Fleet>();
  fleet->revision = ++revision_;
  fleet->runtimes.reserve(entries_.size());
  for (const auto& entry : entries_) fleet->runtimes.push_back(entry->view);
  board_.Publish(std::move(fleet));
}

}  // namespace buntime
