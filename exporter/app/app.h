// Wires the rooms together and owns every lifetime. Called by main, once.
#pragma once

#include "base/log.h"
#include "config/config.h"

namespace buntime {

/// Serves until SIGTERM or SIGINT, which the caller must have blocked in every thread. Returns the exit
/// status: 0 after a graceful stop, 1 when the start failed (the reason has been logged).
int Serve(const Config& config, Log& log);

/// Polls each runtime once and prints the exposition to standard output. Returns 0 if all of them are up,
/// else 1.
int PollOnce(const Config& config, Log& log);

}  // namespace buntime
