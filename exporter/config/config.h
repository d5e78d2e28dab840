// What the program was asked to do, complete and valid. Built by config/flags.h; plain values.
#pragma once

#include <string>
#include <vector>

#include "base/log.h"
#include "model/target.h"

namespace buntime {

enum class LogFormat { kLogfmt, kJson };

struct Config {
  std::vector<Target> targets;      // at least one
  std::vector<std::string> listen;  // web/server.h checks their syntax
  std::string telemetry_path;
  LogLevel log_level = LogLevel::kInfo;
  LogFormat log_format = LogFormat::kLogfmt;
};

}  // namespace buntime
