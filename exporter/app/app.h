// Wires the rooms together and owns every lifetime. Called by main, once.
#pragma once

#include <optional>

#include "base/log.h"
#include "base/result.h"
#include "config/config.h"
#include "config/flags.h"

namespace buntime {

/// What the configuration refers to: secrets that can be read now. A mistake there is to be told at once, not
/// one poll at a time.
std::optional<Error> CheckFiles(const Config& config);

/// Serves until SIGTERM or SIGINT; SIGHUP, or a change of the configuration file, loads the configuration
/// anew from `invocation`. The caller must have blocked these three in every thread. Returns the exit status:
/// 0 after a graceful stop, 1 when the start failed (the reason has been logged).
int Serve(const Invocation& invocation, const Config& config, Log& log);

/// Polls each runtime once and prints the exposition to standard output. Returns 0 if all of them are up,
/// else 1.
int PollOnce(const Config& config, Log& log);

}  // namespace buntime
