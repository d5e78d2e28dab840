// Situations an alert should notice, by name, and things that happen at once. Plain values.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "simulator/runtime.h"

namespace buntime::simulator {

struct ScenarioInfo {
  std::string_view name;
  std::string_view default_value;  // empty: takes none
  std::string_view help;
};

std::span<const ScenarioInfo> AllScenarios();
std::span<const ScenarioInfo> AllEvents();  // their values are counts

/// Applies `NAME` or `NAME=VALUE`. Scenarios add up; `nominal` ends them all. `app` picks the app that
/// failing, slow, bad-deploy and leak hit (empty: the busiest).
Result<std::string> ApplyScenario(Runtime& runtime, std::string_view spec, const std::string& app);

/// `NAME` or `NAME=COUNT`.
Result<std::string> MakeHappen(Runtime& runtime, std::string_view spec);

}  // namespace buntime::simulator
