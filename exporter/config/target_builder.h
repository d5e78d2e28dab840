// Settings of one runtime -> Target, whether they come from flags or from a file. Used within config only.
#pragma once

#include <optional>
#include <vector>

#include "base/result.h"
#include "config/settings.h"
#include "model/target.h"

namespace buntime {

/// Reads every key of a runtime from the layers (see SettingReader) and checks it. `url` must be set.
Result<Target> BuildTarget(std::vector<const Settings*> layers);

/// Names are unique, and given where there are several runtimes.
std::optional<Error> CheckNames(const std::vector<Target>& targets);

}  // namespace buntime
