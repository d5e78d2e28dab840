// Bodies of a stats endpoint as a runtime of any size would send them: for benchmarks and limits.
// Deterministic.
#pragma once

#include <cstddef>
#include <string>

#include "model/layout.h"

namespace buntime::testing {

/// `workers` as an object in the released dialect, as an array in the documented one.
std::string MakeStatsBody(Dialect dialect, std::size_t workers);

}  // namespace buntime::testing
