// The command line and the environment. Only this room knows CLI11. Called once, at start-up.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "config/settings.h"

namespace buntime {

/// What the command line asks for. Values are not checked yet: LoadConfig does that, at the start and at each
/// reload.
struct Invocation {
  enum class Action {
    kServe,
    kOnce,            // poll once, print the exposition, exit
    kCheck,           // check the configuration, exit
    kHealthcheck,     // ask the exporter that runs with these flags how it is, exit
    kListAsMarkdown,  // print the catalogue
    kListAsJson,      //
    kPrint,           // print `text`: --help, --version
  };
  Action action = Action::kServe;
  std::string text;
  Settings settings;                  // the last value of each flag
  std::vector<Setting> urls;          // every --runtime.url
  std::vector<std::string> listen;    // every --web.listen-address
  std::vector<std::string> warnings;  // variables of the environment that look like flags and are none
};

/// Reads flags, and for those not given the environment (`--poll.interval` is
/// BUNTIME_EXPORTER_POLL_INTERVAL). Errors: an unknown flag, a flag without its value. `version` is the
/// answer to --version.
Result<Invocation> ParseCommandLine(int argc, const char* const* argv, std::string_view version);

}  // namespace buntime
