// The files that the settings of runtimes name: secrets, CAs, certificates, keys. A mistake there is to be
// told when the configuration is loaded, not one poll at a time. Keeps no state.
#pragma once

#include <string>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "config/config.h"
#include "model/target.h"

namespace buntime {

/// What can be used and yet should be looked at: one line each, beginning with where it is configured.
using Warnings = std::vector<std::string>;

/// Reads the files of one runtime, or of whatever else is polled with these settings. The error begins with
/// where the file is named. `now` is Unix time.
Result<Warnings> CheckFiles(const Target& target, double now);

/// Those of all runtimes; the error is the first.
Result<Warnings> CheckRuntimeFiles(const Config& config, double now);

/// Logs those that have not been `said` before.
void LogWarnings(const Warnings& warnings, const Warnings& said, Log& log);

/// Names of them all, some perhaps twice.
std::vector<std::string> RuntimeFiles(const Config& config);

}  // namespace buntime
