// Polls every runtime at its interval and publishes what is known: one loop, one thread, any number of
// runtimes. A wake-up looks at what is due, not at every runtime, and the fleet is published in batches. Run,
// or PollOnce, is called on one thread; the board may be read from any.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <stop_token>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/mutex.h"
#include "fetch/fetcher.h"
#include "model/outcome.h"
#include "model/snapshot.h"
#include "model/target.h"
#include "poll/attempt.h"
#include "poll/fleet_board.h"
#include "poll/runtime_state.h"

namespace buntime {

/// Told of every poll that ended, on the polling thread.
using PollObserver = std::function<void(const Target& target, Outcome outcome, double seconds,
                                        const AnomalyCounts& anomalies)>;

class Poller {
 public:
  /// Publishes every runtime, untried, at once. References outlive the poller.
  Poller(std::vector<Target> targets, Fetcher& fetcher, const Clock& clock, Log& log, FleetBoard& board,
         PollObserver observer);
  ~Poller();

  /// Polls until `stop` is requested, which ends it within milliseconds, transfers under way included. After
  /// an exception it may be called again, and starts anew the polls that were under way.
  void Run(const std::stop_token& stop);
  /// From the next step of Run on polls these instead. What is known of a target that is among them
  /// unchanged, and its rhythm, stay; all others start anew. Any thread.
  void Replace(std::vector<Target> targets);
  /// Polls each runtime once, waits for the answers, publishes, returns.
  void PollOnce();

 private:
  struct Entry;

  void BeginAnew();
  void TakeReplacement();
  void SetEntries(std::vector<Target> targets);
  void Step();
  SteadyTime NextPublication() const;
  void SetAlarm(Entry& entry);
  void RunAlarms();
  void Start(Entry& entry);
  void OnDone(Entry& entry, Result<Answer, PollError> result);
  void LogChange(const Entry& entry, Outcome before, bool tried_before);
  void Publish();

  Fetcher& fetcher_;
  const Clock& clock_;
  Log& log_;
  FleetBoard& board_;
  const PollObserver observer_;
  std::vector<std::unique_ptr<Entry>> entries_;
  std::set<std::pair<SteadyTime, Entry*>> alarms_;  // one for each entry
  std::vector<std::unique_ptr<Attempt>> finished_;  // until their callbacks have returned
  std::uint64_t revision_ = 0;                      // of the latest publication
  SteadyTime published_at_;
  bool changed_ = false;      // since then
  bool interrupted_ = false;  // Run has not returned

  Mutex mutex_;
  std::optional<std::vector<Target>> replacement_ GUARDED_BY(mutex_);
};

}  // namespace buntime
