#include "poll/prober.h"

#include <algorithm>
#include <iterator>
#include <new>
#include <optional>
#include <utility>

#include "base/text.h"
#include "poll/runtime_state.h"

namespace buntime {
namespace {

constexpr Duration kTidying = std::chrono::seconds(1);
constexpr Duration kLongestWait = std::chrono::seconds(10);

Target TargetOf(const ProbeRequest& request) {
  Target target = request.module->target;
  target.url = request.url;
  return target;
}

}  // namespace

struct Prober::Entry {
  Entry(Key its_key, const ProbeRequest& request)
      : key(std::move(its_key)),
        module(request.module),
        state(TargetOf(request)),
        interval(request.module->target.interval) {}

  const Key key;
  const std::shared_ptr<const Module> module;
  RuntimeState state;
  std::unique_ptr<Attempt> attempt;
  std::unique_ptr<Attempt> finished_attempt;  // kept until its callback has returned
  PollTrace trace;
  SteadyTime started;  // of the poll under way
  struct Waiter {
    SteadyTime deadline;
    Done done;
  };
  std::vector<Waiter> waiters;
  SteadyTime last_asked;
  Duration interval;      // between questions, as far as known
  std::size_t bytes = 0;  // its share of Prober::bytes_
  bool tried = false;
  bool up = false;
};

Prober::Prober(Fetcher& fetcher, const Clock& clock, Log& log, Observer observer)
    : fetcher_(fetcher), clock_(clock), log_(log), observer_(std::move(observer)) {}

Prober::~Prober() = default;

void Prober::Ask(ProbeRequest request, Done done) {
  Question question = {std::move(request), std::move(done)};
  if (Enqueue(question)) return fetcher_.Wakeup();
  Tell(question.request.module->name, question.done,
       {ProbeAnswer::Kind::kBusy, "the exporter is stopping", {}, {}});
}

// False, and `question` stays as it is, once Run has ended.
bool Prober::Enqueue(Question& question) {
  const MutexLock lock(mutex_);
  if (ended_) return false;
  questions_.push_back(std::move(question));
  return true;
}

void Prober::Run(const std::stop_token& stop) {
  const std::stop_callback wake(stop, [this] { fetcher_.Wakeup(); });
  while (!stop.stop_requested()) Step();
  End();
}

void Prober::Step() {
  TakeQuestions();
  const SteadyTime now = clock_.Now();
  fetcher_.Wait(std::clamp(NextDeadline(), now, now + kLongestWait) - now);
  ExpireAndForget();
}

void Prober::TakeQuestions() {
  std::vector<Question> questions;
  {
    const MutexLock lock(mutex_);
    questions.swap(questions_);
  }
  for (Question& question : questions) {
    try {
      Admit(question);
    } catch (const std::bad_alloc&) {
      if (!question.done) throw;  // it waits for its deadline
      Tell(question.request.module->name, question.done,
           {ProbeAnswer::Kind::kBusy, "out of memory: raise the exporter's memory limit", {}, {}});
    }
  }
}

void Prober::Admit(Question& question) {
  Entry* const entry = FindOrMake(question.request);
  if (entry == nullptr) {
    return Tell(question.request.module->name, question.done,
                {ProbeAnswer::Kind::kBusy,
                 "more than " + std::to_string(kMaxTargets) +
                     " targets are being probed at once: share them out among several exporters",
                 {},
                 {}});
  }
  entry->waiters.reserve(entry->waiters.size() + 1);
  if (entry->waiters.empty()) asked_.push_back(entry);
  entry->waiters.push_back({question.request.deadline, std::move(question.done)});
  if (!entry->attempt) Start(*entry);
}

Prober::Entry* Prober::FindOrMake(const ProbeRequest& request) {
  Key key(request.module->name, request.url.Text());
  const SteadyTime now = clock_.Now();
  if (const auto found = entries_.find(key); found != entries_.end()) {
    Entry& entry = *found->second;
    if (entry.module == request.module || SameModule(*entry.module, *request.module)) {
      // The longest recent gap: with two scrapers the gaps differ, and the shorter one says little.
      entry.interval = std::max(now - entry.last_asked, entry.interval * 9 / 10);
      entry.last_asked = now;
      return &entry;
    }
    // Configured anew. Whoever still waits asked under the old rules, and is answered by them.
    if (!entry.waiters.empty()) {
      AnswerAll(entry, {ProbeAnswer::Kind::kBusy, "the module has just been changed: ask again", {}, {}});
    }
    Forget(key);
  }
  if (entries_.size() >= kMaxTargets && !MakeRoom(nullptr)) return nullptr;
  auto entry = std::make_unique<Entry>(key, request);
  entry->last_asked = now;
  return entries_.emplace(std::move(key), std::move(entry)).first->second.get();
}

// Forgets the target that was asked for longest ago, is not being asked for, and is not `except`. False:
// there is none.
bool Prober::MakeRoom(const Entry* except) {
  const Entry* oldest = nullptr;
  for (const auto& [key, entry] : entries_) {
    if (entry.get() != except && entry->waiters.empty() &&
        (oldest == nullptr || entry->last_asked < oldest->last_asked))
      oldest = entry.get();
  }
  if (oldest == nullptr) return false;
  Forget(Key(oldest->key));
  return true;
}

// After an answer for `entry`.
void Prober::HoldBudget(Entry& entry) {
  bytes_ -= std::exchange(entry.bytes, entry.state.bytes());
  bytes_ += entry.bytes;
  while (bytes_ > kMaxBytes && MakeRoom(&entry)) ++crowded_out_;
}

void Prober::Start(Entry& entry) {
  entry.started = clock_.Now();
  entry.trace.clear();
  entry.attempt = std::make_unique<Attempt>(
      entry.state.target(), entry.state.known(), fetcher_, clock_,
      [this, &entry](Result<Answer, PollError> result) { OnDone(entry, std::move(result)); }, &entry.trace);
}

void Prober::OnDone(Entry& entry, Result<Answer, PollError> result) {
  entry.finished_attempt = std::move(entry.attempt);
  const SteadyTime now = clock_.Now();
  const Duration took = now - entry.started;
  if (!result && result.error().forbidden) {
    AnswerAll(entry, {ProbeAnswer::Kind::kForbidden, result.error().message, {}, entry.trace});
    // Not remembered: else whoever asks for many such targets would crowd out those that are allowed.
    return Forget(Key(entry.key));
  }
  if (result) {
    entry.state.Succeed(std::move(*result), now, clock_.UnixSeconds(), took);
  } else {
    entry.state.Fail(result.error(), entry.finished_attempt->next_guess(), clock_.UnixSeconds(), took);
  }
  auto view = std::make_shared<Runtime>(*entry.state.View(now));
  if (!view->up) view->reading = nullptr;  // an earlier poll's is not what was asked for
  Publish(entry, view);
  AnswerAll(entry, {ProbeAnswer::Kind::kPolled, "", std::move(view), entry.trace});
  HoldBudget(entry);
}

void Prober::Publish(Entry& entry, std::shared_ptr<const Runtime> view) {
  if (!entry.tried || entry.up != view->up) {
    if (view->up) {
      log_.Info("target is up", {{"module", entry.key.first},
                                 {"url", view->url},
                                 {"hint", std::string(WithoutKey(*view->reading))}});
    } else {
      log_.Warn("target is down", {{"module", entry.key.first},
                                   {"url", view->url},
                                   {"outcome", std::string(Name(view->outcome))},
                                   {"cause", view->error}});
    }
  }
  entry.tried = true;
  entry.up = view->up;
  const MutexLock lock(mutex_);
  recent_[entry.key] = std::move(view);
}

void Prober::AnswerAll(Entry& entry, const ProbeAnswer& answer) {
  std::erase(asked_, &entry);
  for (const Entry::Waiter& waiter : std::exchange(entry.waiters, {}))
    Tell(entry.key.first, waiter.done, answer);
}

void Prober::Tell(const std::string& module, const Done& done, ProbeAnswer answer) {
  std::string_view result = "busy";
  if (answer.kind == ProbeAnswer::Kind::kForbidden) result = "forbidden";
  if (answer.kind == ProbeAnswer::Kind::kPolled) result = Name(answer.runtime->outcome);
  observer_(module, result);
  done(std::move(answer));
}

SteadyTime Prober::NextDeadline() const {
  SteadyTime next = entries_.empty() ? SteadyTime::max() : next_tidying_;
  for (const Entry* const entry : asked_) {
    for (const Entry::Waiter& waiter : entry->waiters) next = std::min(next, waiter.deadline);
  }
  return next;
}

// Whoever cannot wait any longer gets told so; the poll goes on for the others, and ends with the last of
// them.
void Prober::Expire(Entry& entry, SteadyTime now) {
  auto& waiters = entry.waiters;
  const auto late = std::partition(waiters.begin(), waiters.end(),
                                   [&](const Entry::Waiter& waiter) { return waiter.deadline > now; });
  if (late == waiters.end()) return;
  const std::vector<Entry::Waiter> expired(std::make_move_iterator(late),
                                           std::make_move_iterator(waiters.end()));
  waiters.erase(late, waiters.end());

  const Duration took = now - entry.started;
  const std::string waited = FormatDuration(std::chrono::ceil<std::chrono::milliseconds>(took));
  const PollError error = {
      Outcome::kTimeout,
      "no answer after " + waited +
          ", when the scrape's time was nearly up: check the target and the network, or raise "
          "the scrape timeout"};
  const bool last = entry.waiters.empty();
  if (last) {
    std::erase(asked_, &entry);
    // There is none where no memory was left for it.
    const auto next_guess = entry.attempt ? entry.attempt->next_guess() : std::nullopt;
    entry.state.Fail(error, next_guess, clock_.UnixSeconds(), took);
    entry.attempt.reset();
  }
  auto view = std::make_shared<Runtime>(*entry.state.View(now));
  view->tried = true;
  view->up = false;
  view->outcome = error.outcome;
  view->error = error.message;
  view->poll_seconds = Seconds(took);
  view->reading = nullptr;
  if (last) Publish(entry, view);
  for (const Entry::Waiter& waiter : expired) {
    Tell(entry.key.first, waiter.done, {ProbeAnswer::Kind::kPolled, "", view, entry.trace});
  }
}

void Prober::ExpireAndForget() {
  const SteadyTime now = clock_.Now();
  const std::vector<Entry*> asked = asked_;
  for (Entry* const entry : asked) Expire(*entry, now);
  if (now < next_tidying_) return;
  next_tidying_ = now + kTidying;
  std::vector<Key> old;
  for (const auto& [key, entry] : entries_) {
    entry->finished_attempt.reset();
    if (entry->waiters.empty() && now - entry->last_asked > kMissedIntervals * entry->interval)
      old.push_back(key);
  }
  for (const Key& key : old) Forget(key);
  if (crowded_out_ > 0) {
    log_.Warn(
        "forgot probed targets: what is remembered of all takes too much memory, so their counters begin "
        "anew",
        {{"targets", std::to_string(std::exchange(crowded_out_, 0))},
         {"limit", FormatSize(kMaxBytes)},
         {"cure", "probe fewer or smaller targets with one exporter"}});
  }
}

void Prober::Forget(const Key& key) {
  if (const auto found = entries_.find(key); found != entries_.end()) {
    bytes_ -= found->second->bytes;
    entries_.erase(found);
  }
  const MutexLock lock(mutex_);
  recent_.erase(key);
}

void Prober::End() {
  {
    const MutexLock lock(mutex_);
    ended_ = true;
  }
  TakeQuestions();
  const std::vector<Entry*> asked = asked_;
  for (Entry* const entry : asked) {
    AnswerAll(*entry, {ProbeAnswer::Kind::kBusy, "the exporter is stopping", {}, {}});
  }
  entries_.clear();
}

std::vector<RecentProbe> Prober::Recent() const {
  const MutexLock lock(mutex_);
  std::vector<RecentProbe> recent;
  recent.reserve(recent_.size());
  for (const auto& [key, runtime] : recent_) recent.push_back({key.first, runtime});
  return recent;
}

std::size_t Prober::Size() const {
  const MutexLock lock(mutex_);
  return recent_.size();
}

}  // namespace buntime
