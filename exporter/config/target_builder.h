// Settings of one runtime -> Target, whether they come from flags or from a file. Used within config only.
#pragma once

#include <vector>

#include "base/result.h"
#include "config/config_file.h"
#include "config/settings.h"
#include "model/module.h"
#include "model/target.h"

namespace buntime {

/// Reads every key of a runtime from the layers (see SettingReader) and checks it. `url` must be set.
Result<Target> BuildTarget(std::vector<const Settings*> layers);

/// The same for a module of /probe. `flags` and `defaults` say only how much of an answer is kept: the rest
/// of what they say is meant for runtimes, above all their credentials.
Result<Module> BuildModule(const ModuleSettings& module, const Settings& flags, const Settings& defaults);

}  // namespace buntime
