// How long a runtime that fails is left alone. Pure function, used by Poller.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/clock.h"

namespace buntime {

/// From the start of a poll to the next one: the interval; from the second failure in a row on twice as long,
/// from the third on four times, but not more than kMaxWait because of it. `jitter` (0 to 1) adds up to a
/// quarter of what is beyond the interval, so that runtimes which failed together do not come back together.
/// Never less than the interval.
inline Duration NextPollAfter(Duration interval, std::uint32_t failures, double jitter) {
  constexpr Duration kMaxWait = std::chrono::seconds(30);
  const int factor = failures < 2 ? 1 : failures == 2 ? 2 : 4;
  const Duration extra = std::min((factor - 1) * interval, std::max(kMaxWait - interval, Duration::zero()));
  return interval + extra +
         std::chrono::duration_cast<Duration>(std::chrono::duration<double>(Seconds(extra) * jitter / 4));
}

}  // namespace buntime
