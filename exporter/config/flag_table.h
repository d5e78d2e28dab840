// The flags by name, for parsing and for --help. Constant data, thread-safe.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace buntime {

struct Flag {
  std::string_view name;      // without dashes
  std::string_view key;       // of the setting (see settings.h)
  std::string_view value;     // what stands for the value in --help
  std::string_view standard;  // default, for --help
  std::string_view help;
  std::string_view implied = {};  // value where the flag stands alone; "" where it needs one
  bool repeatable = false;
};

/// In the order of --help.
std::span<const Flag> FlagTable();

/// `poll.interval` -> BUNTIME_EXPORTER_POLL_INTERVAL.
std::string EnvironmentName(std::string_view flag);

/// The flag whose name is a few letters away from `name`, or "". `name` may be that of a flag or the end of a
/// variable's: case, and which of ".", "-" and "_" divides the words, makes no difference.
std::string_view NearestFlag(std::string_view name);

/// The whole answer to --help, wrapped at 100 columns.
std::string HelpText();

}  // namespace buntime
