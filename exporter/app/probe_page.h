// What /probe is asked, and how its answers read. Pure functions; used by ProbeService.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "model/module.h"
#include "model/target.h"
#include "poll/prober.h"

namespace buntime {

using Modules = std::vector<std::shared_ptr<const Module>>;

struct ProbeQuestion {
  std::shared_ptr<const Module> module;
  RuntimeUrl url;
  Duration budget{};  // from now to the answer
  bool debug = false;
};

/// Reads `target=…&module=…&debug=true`. A target without scheme is http://. Without `module` it is the one
/// called "default", or the only one. `scrape_timeout` is the header X-Prometheus-Scrape-Timeout-Seconds;
/// `offset` is taken off it, but never more than half. The error is one line.
Result<ProbeQuestion> ReadProbeQuestion(std::string_view query, std::string_view scrape_timeout,
                                        Duration offset, const Modules& modules);

/// The exposition of the target alone; a failed probe begins with its reason in a comment.
std::string ProbeExposition(const ProbeAnswer& answer);

/// For people: the exchanges with their times, what was odd, and the exposition. No secret is in it.
std::string ProbeDebugPage(const ProbeQuestion& question, const ProbeAnswer& answer);

}  // namespace buntime
