// What the list of targets shows: every configured runtime and every target that was probed lately, how its
// latest poll went, since when, and its pool at a glance. Pure functions, thread-safe.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/history.h"
#include "model/fleet.h"
#include "poll/prober.h"

namespace buntime {

/// Whether a client with this Accept header is a program rather than a browser.
bool WantsJson(std::string_view accept);

/// {"runtimes":[…],"probes":[…]}: the same members for both, null for what is not known.
std::string TargetsAsJson(const Fleet& fleet, const std::vector<RecentProbe>& probes, const History& history);

}  // namespace buntime
