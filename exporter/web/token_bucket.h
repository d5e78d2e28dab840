// Limits how often something may happen on average, and how often at once. Pure; used by Authenticator.
#pragma once

#include <algorithm>
#include <optional>

#include "base/clock.h"
#include "model/web_config.h"

namespace buntime {

class TokenBucket {
 public:
  /// Starts full.
  explicit TokenBucket(const RateLimit& limit) : limit_(limit) {
    const auto fitting = static_cast<std::uint64_t>(kLongest / limit.interval);
    slack_ = limit.interval * static_cast<Duration::rep>(std::min(limit.burst - 1, fitting));
  }

  const RateLimit& limit() const { return limit_; }
  bool full(SteadyTime now) const { return full_at_ <= now; }

  /// Takes a token, or says how long it takes until there is one. `now` never goes back.
  std::optional<Duration> Take(SteadyTime now) {
    // Instead of counting tokens: when the bucket would be full again.
    const SteadyTime full_at = std::max(full_at_, now);
    if (full_at - now > slack_) return full_at - now - slack_;
    full_at_ = full_at + limit_.interval;
    return std::nullopt;
  }

 private:
  static constexpr Duration kLongest = std::chrono::hours(24 * 365 * 10);

  const RateLimit limit_;
  Duration slack_{};
  SteadyTime full_at_{};
};

}  // namespace buntime
