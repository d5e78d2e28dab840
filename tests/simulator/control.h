// Everything that can be asked of a running simulation, as commands: over HTTP (`POST
// /control/fault?name=stall`) and as the lines of a script (`+30s fault stall`). Not thread-safe.
#pragma once

#include <memory>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "simulator/runtime.h"
#include "simulator/script.h"
#include "simulator/sim_time.h"

namespace buntime::simulator {

class Control final : public Site {
 public:
  /// All outlive this; `log` hears what the script does.
  Control(std::vector<std::unique_ptr<Runtime>>& runtimes, SimTime& time, Script script, std::ostream& log)
      : runtimes_(runtimes), time_(time), script_(std::move(script)), log_(log) {}

  /// GET for what only looks, POST for what changes something; always JSON.
  Plan Answer(const Request& request) override;
  /// What changes something. The value is a sentence for whoever asked.
  Result<std::string> Execute(const Command& command);
  /// Does what the script wants by now and ends faults whose time is over.
  void Tick();

 private:
  /// The runtimes that `runtime=` names: a number, a range `0-9`, or `all` (also when it is absent).
  Result<std::vector<Runtime*>> Select(const Command& command) const;
  Result<std::string> Apply(const Command& command, Runtime& runtime);
  Result<std::string> Fault(const Command& command, Runtime& runtime);
  Result<std::string> Load(const Command& command, Runtime& runtime);
  Result<std::string> App(const Command& command, Runtime& runtime);
  Result<std::string> Restart(const Command& command, Runtime& runtime);
  Result<std::string> MoveTime(const Command& command);
  Result<std::string> Look(std::string_view what, const Command& command);

  std::vector<std::unique_ptr<Runtime>>& runtimes_;
  SimTime& time_;
  Script script_;
  std::ostream& log_;
};

}  // namespace buntime::simulator
