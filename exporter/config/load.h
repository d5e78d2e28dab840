// Flags and configuration file -> one validated Config. Used by app, at the start and at each reload. Reads
// the file; keeps no state.
#pragma once

#include <string>

#include "base/result.h"
#include "config/config.h"
#include "config/flags.h"

namespace buntime {

/// Flags win over the file. An error names flag or line, value, and what is allowed, in one line.
Result<Config> LoadConfig(const Invocation& invocation);

}  // namespace buntime
