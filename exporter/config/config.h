// What the program was asked to do, complete and valid. Built by config/load.h; plain values.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "model/module.h"
#include "model/target.h"

namespace buntime {

enum class LogFormat { kLogfmt, kJson };

struct Config {
  std::vector<Target> targets;                         // at least one, unless there are modules
  std::vector<std::shared_ptr<const Module>> modules;  // of /probe, by name
  Duration probe_timeout_offset{};                     // what an answer to a probe is early by
  std::vector<std::string> listen;                     // app checks their syntax (net/listen_address.h)
  std::string telemetry_path;
  std::string web_config_file;    // empty: plain HTTP for everyone
  bool health_auth = false;       // whether health paths ask for a password, too
  Duration sse_interval{};        // least time between two events of a stream
  std::size_t sse_clients = 0;    // streams at once
  bool prometheus_api = true;     // whether the documented API has its text endpoint
  bool enable_lifecycle = false;  // whether there are POST /-/reload and /config
  LogLevel log_level = LogLevel::kInfo;
  LogFormat log_format = LogFormat::kLogfmt;
};

}  // namespace buntime
