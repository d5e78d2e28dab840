#include "simulator/script.h"

#include <algorithm>
#include <array>
#include <chrono>

#include "base/text.h"

namespace buntime::simulator {
namespace {

// Commands whose first word is a name, which may itself hold an equals sign.
constexpr std::array<std::string_view, 5> kNamed = {"fault", "scenario", "event", "release", "app"};

}  // namespace

std::optional<std::string> Command::Param(std::string_view name) const {
  for (const auto& [key, value] : params) {
    if (key == name) return value;
  }
  return std::nullopt;
}

Result<Command> ParseCommand(std::string_view line) {
  const auto named = [](std::string_view verb) {
    return std::find(kNamed.begin(), kNamed.end(), verb) != kNamed.end();
  };
  Command command;
  for (line = Trim(line); !line.empty(); line = Trim(line)) {
    const std::string_view word = line.substr(0, line.find_first_of(" \t"));
    line.remove_prefix(word.size());
    const std::size_t equals = word.find('=');
    if (command.verb.empty()) {
      command.verb = word;
    } else if (command.params.empty() && named(command.verb)) {
      command.params.emplace_back("name", word);
    } else if (equals == std::string_view::npos) {
      return Error{"\"" + Printable(word) + "\" is not key=value"};
    } else {
      command.params.emplace_back(word.substr(0, equals), word.substr(equals + 1));
    }
  }
  if (command.verb.empty()) return Error{"there is no command"};
  return command;
}

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

std::optional<std::int64_t> Script::NextMs() const {
  if (next_ == entries_.size()) return std::nullopt;
  return entries_[next_].at_ms;
}

const Script::Entry* Script::Due(std::int64_t now_ms) {
  if (next_ == entries_.size() || entries_[next_].at_ms > now_ms) return nullptr;
  return &entries_[next_++];
}

}  // namespace buntime::simulator
