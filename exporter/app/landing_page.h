// The page at /: what this is, where the metrics are, how the runtimes do. Pure function.
#pragma once

#include <string>
#include <string_view>

#include "model/fleet.h"

namespace buntime {

/// Returns HTML without script, style sheet or outside resource; all text from outside is escaped.
std::string LandingPage(const Fleet& fleet, std::string_view telemetry_path, std::string_view version);

}  // namespace buntime
