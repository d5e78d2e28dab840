// Wires the rooms together and owns every lifetime. Called by main, once.
#pragma once

#include "app/runtime_files.h"
#include "base/log.h"
#include "base/result.h"
#include "config/config.h"
#include "config/flags.h"

namespace buntime {

/// Checks what LoadConfig leaves to the rooms that know about it: addresses to listen on, and all files that
/// are named: secrets, certificates, keys, --web.config.file.
Result<Warnings> CheckRest(const Config& config);

/// Serves until SIGTERM or SIGINT; SIGHUP, or a change of the configuration file, loads the configuration
/// anew from `invocation`. The caller must have blocked these three in every thread. `warnings` are those of
/// CheckRest; they are logged. Returns the exit status: 0 after a graceful stop, 1 when the start failed
/// (the reason has been logged).
int Serve(const Invocation& invocation, const Config& config, const Warnings& warnings, Log& log);

/// Polls each runtime once and prints the exposition to standard output. Returns 0 if all of them are up,
/// else 1.
int PollOnce(const Config& config, const Warnings& warnings, Log& log);

}  // namespace buntime
