// The command line and the environment -> Config. Only this room knows CLI11. Called once, at start-up.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "config/config.h"

namespace buntime {

/// What the command line asks for.
struct Invocation {
  enum class Action {
    kServe,
    kOnce,            // poll once, print the exposition, exit
    kListAsMarkdown,  // print the catalogue
    kListAsJson,      //
    kPrint,           // print `text`: --help, --version
  };
  Action action = Action::kServe;
  std::string text;
  Config config;  // only for kServe and kOnce
};

/// Reads flags, and for those not given the environment (`--poll.interval` is
/// BUNTIME_EXPORTER_POLL_INTERVAL). An error names the flag, the value, and what is allowed, in one line.
/// `version` is the answer to --version.
Result<Invocation> ParseCommandLine(int argc, const char* const* argv, std::string_view version);

}  // namespace buntime
