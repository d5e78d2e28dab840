// The documents that Buntime's own API promises, in its words and units, from whatever dialect the runtime
// speaks: null is what it does not report. Pure functions.
#pragma once

#include <string>

#include "model/fleet.h"

namespace buntime {

/// `{pool, uptime, timestamp}`: the pool at the time of the latest successful poll.
std::string SummaryDocument(const Runtime& runtime);

/// `{pool, workers}`. Workers that no longer run (the released dialect keeps books of them) are `terminated`.
std::string StatsDocument(const Runtime& runtime);

/// `{runtimes: [{name, url, up, error}]}`: what `?runtime=` may name. Not a part of Buntime's API.
std::string RuntimesDocument(const Fleet& fleet);

}  // namespace buntime
