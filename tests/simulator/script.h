// Timed commands for demos and rehearsals, one a line: `+30s fault stall`. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "simulator/control.h"

namespace buntime::simulator {

class Script {
 public:
  struct Entry {
    std::int64_t at_ms = 0;  // simulated, from the start
    std::string line;
    Command command;
  };

  /// Lines are `+DURATION COMMAND`; empty ones and what follows a # at the start of a line are skipped. Times
  /// count from the start of the simulation and must not go back. The error names the line.
  static Result<Script> Parse(std::string_view text);

  /// The next entry that is due, null when there is none. Ask until null.
  const Entry* Due(std::int64_t now_ms);

 private:
  std::vector<Entry> entries_;
  std::size_t next_ = 0;
};

}  // namespace buntime::simulator
