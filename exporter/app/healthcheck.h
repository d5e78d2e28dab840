// --healthcheck: asks the exporter that runs beside this process how it is, for containers without a shell.
#pragma once

#include <optional>

#include "base/log.h"
#include "base/result.h"
#include "config/flags.h"

namespace buntime {

/// Asks /-/healthy at the first address that a server started with the same flags and environment listens on,
/// in whatever way it is locked, and waits for three seconds at the most. Nothing: it serves. Otherwise why
/// that is in doubt. A runtime is neither needed nor asked. `log` hears nothing but oddities.
std::optional<Error> CheckHealth(const Invocation& invocation, Log& log);

}  // namespace buntime
