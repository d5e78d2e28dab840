// The file of --web.config.file -> WebConfig: the format of Prometheus' exporter-toolkit. Used by app. Reads
// the file; keeps no state.
#pragma once

#include <string>

#include "base/result.h"
#include "model/web_config.h"

namespace buntime {

/// Strict, as ReadConfigFile; also refuses what would leave the server less locked than the file's author
/// believes. An error names file, line and cause, and never shows a secret. Paths in the file become relative
/// to its folder; whether they lead to anything is for web to find out.
Result<WebConfig> ReadWebConfig(const std::string& path);

/// The same from text; `path` only names it.
Result<WebConfig> ParseWebConfig(const std::string& text, const std::string& path);

}  // namespace buntime
