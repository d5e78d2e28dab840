// The target that tests of the poller share.
#pragma once

#include <chrono>
#include <string>

#include "model/target.h"

namespace buntime::testing {

/// Polled every 5 s for at most 3 s, stale after 13 s.
inline Target PolledTarget(const std::string& name, const std::string& url) {
  Target target;
  target.name = name;
  target.url = *ParseRuntimeUrl(url);
  target.interval = std::chrono::seconds(5);
  target.timeout = std::chrono::seconds(3);
  target.stale_after = std::chrono::seconds(13);
  target.peak_window = std::chrono::seconds(60);
  target.max_body = 1 << 20;
  target.worker_limit = 10;
  return target;
}

}  // namespace buntime::testing
