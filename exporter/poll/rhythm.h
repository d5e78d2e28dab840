// When a runtime is polled next. Pure, used by Poller.
#pragma once

#include <chrono>

#include "base/clock.h"

namespace buntime {

/// The first polls of a fleet start within this time, however long the interval.
inline constexpr Duration kFirstPolls = std::chrono::seconds(2);

/// The poll after one that started at `started`: at `phase` plus a number of intervals, so that polls of a
/// fleet stay spread over the interval. Between half an interval and one interval after `started`: where no
/// such time lies there, in the middle of the way to it. Polls that were missed are not made up for. A
/// runtime that fails is polled as often as any other, so that its return is seen at once.
constexpr SteadyTime NextPoll(SteadyTime phase, Duration interval, SteadyTime started) {
  const Duration since = started - phase + interval / 2;
  auto intervals = since / interval;
  if (since > Duration::zero() && since % interval != Duration::zero()) ++intervals;
  const Duration wait = phase + intervals * interval - started;
  return started + (wait > interval ? wait / 2 : wait);
}

}  // namespace buntime
