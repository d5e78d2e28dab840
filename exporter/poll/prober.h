// Polls a target because a scraper asks for it, at once: what /probe does. Concurrent askers of one target
// share one poll; each has a deadline of its own. What a target's counters need is remembered between its
// probes.
//
// Threading: Ask, Recent and Size from any thread; Run on one of its own, apart from the Poller's, so that
// neither large answers nor many probes delay the polls of configured runtimes.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/mutex.h"
#include "fetch/fetcher.h"
#include "model/fleet.h"
#include "model/module.h"
#include "model/outcome.h"
#include "poll/attempt.h"

namespace buntime {

struct ProbeRequest {
  std::shared_ptr<const Module> module;
  RuntimeUrl url;
  SteadyTime deadline;  // by which the answer has to be there
};

struct ProbeAnswer {
  enum class Kind {
    kPolled,     // `runtime` says how it went; its reading is of this very poll, or null
    kForbidden,  // the module's rules do not allow the address; `reason` says which
    kBusy,       // too many targets at once, or the program is stopping; `reason` says which
  };
  Kind kind = Kind::kBusy;
  std::string reason;
  std::shared_ptr<const Runtime> runtime;
  PollTrace trace;
};

/// What is known of a target that was probed.
struct RecentProbe {
  std::string module;
  std::shared_ptr<const Runtime> runtime;
};

class Prober {
 public:
  /// Called once, on the thread of Run, or within Ask when that has ended.
  using Done = std::function<void(ProbeAnswer)>;
  /// Told of every answer, where Done is called. `result` is the outcome's name, "forbidden" or "busy".
  using Observer = std::function<void(const std::string& module, std::string_view result)>;

  /// References outlive the prober.
  Prober(Fetcher& fetcher, const Clock& clock, Log& log, Observer observer);
  ~Prober();

  void Ask(ProbeRequest request, Done done);

  /// Answers what was asked, and waits for the next event. Run does nothing else.
  void Step();
  /// Until `stop` is requested; then every question that is open, and every later one, is answered kBusy.
  void Run(const std::stop_token& stop);

  /// By module, then URL.
  std::vector<RecentProbe> Recent() const;
  /// How many targets are remembered.
  std::size_t Size() const;

  /// Beyond it the target that was asked for longest ago is forgotten.
  static constexpr std::size_t kMaxTargets = 10'000;
  /// The same where all that is remembered takes more memory than this, in bytes.
  static constexpr std::size_t kMaxBytes = std::size_t{48} << 20;
  /// A target that nobody asks for is forgotten after this many of its intervals.
  static constexpr int kMissedIntervals = 10;

 private:
  struct Entry;
  struct Question {
    ProbeRequest request;
    Done done;
  };
  using Key = std::pair<std::string, std::string>;  // module, URL

  bool Enqueue(Question& question);
  void TakeQuestions();
  void Admit(Question& question);
  Entry* FindOrMake(const ProbeRequest& request);
  bool MakeRoom(const Entry* except);
  void HoldBudget(Entry& entry);
  void Start(Entry& entry);
  void OnDone(Entry& entry, Result<Answer, PollError> result);
  void Expire(Entry& entry, SteadyTime now);
  void Publish(Entry& entry, std::shared_ptr<const Runtime> view);
  void AnswerAll(Entry& entry, const ProbeAnswer& answer);
  void Tell(const std::string& module, const Done& done, ProbeAnswer answer);
  SteadyTime NextDeadline() const;
  void ExpireAndForget();
  void Forget(const Key& key);
  void End();

  Fetcher& fetcher_;
  const Clock& clock_;
  Log& log_;
  const Observer observer_;

  // Of the thread of Run.
  std::map<Key, std::unique_ptr<Entry>> entries_;
  std::vector<Entry*> asked_;  // entries with open questions
  SteadyTime next_tidying_;
  std::size_t bytes_ = 0;        // of all entries
  std::size_t crowded_out_ = 0;  // targets forgotten because of kMaxBytes and not logged yet

  mutable Mutex mutex_;
  std::vector<Question> questions_ GUARDED_BY(mutex_);
  bool ended_ GUARDED_BY(mutex_) = false;
  std::map<Key, std::shared_ptr<const Runtime>> recent_ GUARDED_BY(mutex_);
};

}  // namespace buntime
