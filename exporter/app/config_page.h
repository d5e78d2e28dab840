// The configuration in force, for /config. Pure function.
#pragma once

#include <string>

#include "config/config.h"

namespace buntime {

/// YAML in the form of the configuration file, every value written out, runtime by runtime; it reads back as
/// the same targets. What only flags say stands above, as comments. Secrets are not in it, only the names of
/// the files that hold them.
std::string ConfigPage(const Config& config);

}  // namespace buntime
