#include "simulator/script.h"

#include <chrono>

#include "base/text.h"

namespace buntime::simulator {

Result<Script> Script::Parse(std::string_view text) {
  Script script;
  for (int number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = Trim(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty() || line.front() == '#') continue;

    const auto fail = [&](const std::string& why) {
      return Error{"script line " + std::to_string(number) + ": " + why};
    };
    if (line.front() != '+') return fail("expected +DURATION COMMAND, like +30s fault stall");
    const std::string_view when = line.substr(1, line.find_first_of(" \t") - 1);
    const Result<Duration> at = ParseDuration(when);
    if (!at.ok()) return fail(at.error().message);
    Result<Command> command = ParseCommand(line.substr(std::min(line.size(), when.size() + 1)));
    if (!command.ok()) return fail(command.error().message);
    const auto at_ms = std::chrono::duration_cast<std::chrono::milliseconds>(*at).count();
    if (!script.entries_.empty() && at_ms < script.entries_.back().at_ms) return fail("goes back in time");
    script.entries_.push_back({at_ms, std::string(line), std::move(*command)});
  }
  return script;
}

const Script::Entry* Script::Due(std::int64_t now_ms) {
  if (next_ == entries_.size() || entries_[next_].at_ms > now_ms) return nullptr;
  return &entries_[next_++];
}

}  // namespace buntime::simulator
