// The command line. Plain values, validated once.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "simulator/runtime.h"
#include "simulator/script.h"
#include "simulator/world.h"

namespace buntime::simulator {

struct Options {
  std::string listen = "127.0.0.1:0";
  std::string control;  // empty: below /control/ on the first runtime's address
  std::size_t runtimes = 1;
  double speed = 1;
  std::int64_t warmup_ms = 0;
  RuntimeOptions runtime;
  WorldOptions world;
  Knobs knobs;
  std::vector<std::string> faults;     // specs
  std::vector<std::string> scenarios;  // specs
  Script script;
};

/// What to do after the command line was read.
struct Invocation {
  bool run = false;
  int exit_status = 0;  // when not to run
  Options options;
};

/// Reads the command line; help and errors have been printed when `run` is false.
Invocation ParseArguments(int argc, const char* const* argv);

}  // namespace buntime::simulator
