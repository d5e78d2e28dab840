// The YAML configuration file -> settings. Only this room knows yaml-cpp. Used within config only.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "config/settings.h"

namespace buntime {

struct ModuleSettings {
  Setting name;
  Settings settings;
  std::optional<Setting> allowed_targets;  // where the list stands
  std::vector<std::string> allowed;        // its items
};

struct ConfigFile {
  Settings defaults;                    // `poll`, `app_limit`, `worker_limit`
  std::vector<Settings> runtimes;       // one for each entry of `runtimes`
  std::vector<ModuleSettings> modules;  // one for each entry of `modules`
};

/// Strict: unknown and repeated keys, wrong kinds of values, and files over 1 MiB are errors, named with file
/// and line. Paths of files in it become relative to its own folder. Values are checked later, by whoever
/// uses them.
Result<ConfigFile> ReadConfigFile(const std::string& path);

/// The same from text; `path` only names it.
Result<ConfigFile> ParseConfigFile(const std::string& text, const std::string& path);

}  // namespace buntime
