// The log that goes to standard error, on spdlog. Thread-safe.
#pragma once

#include <memory>

#include "base/log.h"
#include "config/config.h"

namespace buntime {

/// Lines are `ts=… level=… msg=… key=value …`, or the same as one JSON object a line. Fields with empty
/// values are left out; all others are quoted and escaped as their format wants it. No call waits for
/// standard error: see LineQueue. Throws std::system_error where no thread can be started.
std::unique_ptr<Log> MakeSpdlogLog(LogLevel least, LogFormat format);

}  // namespace buntime
