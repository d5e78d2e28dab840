// The page at /targets: every configured runtime and every target that was probed lately, how its latest poll
// went, and since when. HTML for people, JSON for programs. Pure functions, thread-safe.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "model/fleet.h"
#include "poll/prober.h"

namespace buntime {

/// Whether a client with this Accept header is a program rather than a browser.
bool WantsJson(std::string_view accept);

/// {"runtimes":[…],"probes":[…]}: the same members for both, null for what is not known.
std::string TargetsAsJson(const Fleet& fleet, const std::vector<RecentProbe>& probes);

/// Without script; all text from outside is escaped. `now` is Unix time.
std::string TargetsAsHtml(const Fleet& fleet, const std::vector<RecentProbe>& probes, double now);

}  // namespace buntime
