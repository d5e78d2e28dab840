// Everything that is remembered about one runtime between polls. Used by Poller, on its thread only.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/clock.h"
#include "model/fleet.h"
#include "model/layout.h"
#include "model/outcome.h"
#include "model/target.h"
#include "poll/attempt.h"
#include "poll/counter_state.h"
#include "poll/peak.h"

namespace buntime {

class RuntimeState {
 public:
  explicit RuntimeState(Target target);

  const Target& target() const { return target_; }
  /// The layout to try first: the one that worked last, if any.
  std::optional<Layout> layout() const { return layout_; }

  /// A poll succeeded at `now` after `took`. Returns whether the runtime has restarted since the last
  /// success.
  bool Succeed(Answer answer, SteadyTime now, double unix_seconds, Duration took);
  /// A poll failed. The last good reading stays until it is too old. `tried_last` is where the next search
  /// begins if no layout ever worked: a slow runtime may answer only one path within the timeout.
  void Fail(const PollError& error, Layout tried_last, double unix_seconds, Duration took);
  /// The runtime's release, as its health endpoint says.
  void SetVersion(std::string version) { latest_.version = std::move(version); }

  /// What is to be published at `now`. The reading is left out once it is older than the target's
  /// stale_after.
  std::shared_ptr<const Runtime> View(SteadyTime now) const;
  /// When View changes without a poll: the reading gets too old. Empty: it does not.
  std::optional<SteadyTime> Expiry() const;

 private:
  const Target target_;
  std::optional<Layout> layout_;
  bool layout_worked_ = false;
  CounterState counters_;
  Peak active_, utilization_, queue_depth_;
  Runtime latest_;
  SteadyTime last_success_;
};

}  // namespace buntime
