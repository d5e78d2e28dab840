// Everything that is remembered about one runtime between polls. Used by Poller, on its thread only.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "base/clock.h"
#include "model/fleet.h"
#include "model/layout.h"
#include "model/outcome.h"
#include "model/target.h"
#include "poll/attempt.h"
#include "reconcile/counter_state.h"
#include "reconcile/peak.h"

namespace buntime {

/// What a key would add, for the log; empty for a reading to which it would add nothing.
constexpr std::string_view WithoutKey(const Reading& reading) {
  if (reading.layout != Layout::kOpen) return {};
  return "this is what the runtime serves without a key: a key of role admin or editor "
         "(--runtime.api-key-file) adds apps and workers";
}

class RuntimeState {
 public:
  explicit RuntimeState(Target target);

  const Target& target() const { return target_; }
  /// What the polls so far leave to the next one.
  const Known& known() const { return known_; }

  /// A poll got an answer at `now` after `took`, if only without the key that was refused. Returns whether
  /// the runtime has restarted since the answer before. Without memory for the answer the poll has failed, as
  /// View then shows.
  bool Succeed(Answer answer, SteadyTime now, double unix_seconds, Duration took);
  /// A poll failed. The last good reading stays until it is too old. `next_guess` is Attempt's.
  void Fail(const PollError& error, std::optional<Layout> next_guess, double unix_seconds, Duration took);

  /// What is to be published at `now`. The reading is left out once it is older than the target's
  /// stale_after.
  std::shared_ptr<const Runtime> View(SteadyTime now) const;
  /// About how much memory the state takes, its reading included.
  std::size_t bytes() const;
  /// When View changes without a poll: the reading gets too old. Empty: it does not.
  std::optional<SteadyTime> Expiry() const;

 private:
  bool Take(Answer answer, SteadyTime now, double unix_seconds, Duration took);
  void NotePoll(const PollError* error, double unix_seconds, Duration took);

  const Target target_;
  Known known_;
  CounterState counters_{target_.app_limit};
  Peak active_, utilization_, queue_depth_;
  Runtime latest_;
  SteadyTime last_reading_;
};

}  // namespace buntime
