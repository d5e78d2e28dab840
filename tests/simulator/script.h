// Timed commands for demos and rehearsals, one a line: `+30s fault stall`. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace buntime::simulator {

struct Command {
  std::string verb;
  std::vector<std::pair<std::string, std::string>> params;

  std::optional<std::string> Param(std::string_view name) const;
};

/// Reads `fault stall path=stats runtime=3`: a verb, for fault, scenario, event, release and app its name,
/// then key=value.
Result<Command> ParseCommand(std::string_view line);

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
  /// When the next entry is due, empty after the last.
  std::optional<std::int64_t> NextMs() const;

 private:
  std::vector<Entry> entries_;
  std::size_t next_ = 0;
};

}  // namespace buntime::simulator
