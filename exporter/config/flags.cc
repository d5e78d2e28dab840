#include "config/flags.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "base/text.h"
#include "config/flag_table.h"

namespace buntime {
namespace {

constexpr std::uint64_t kMaxBody = std::uint64_t{1} << 30;

Error UnknownArgument(std::string_view argument) {
  std::string message = "'" + Printable(argument, 80) + "' is not a flag";
  const std::string_view name = argument.substr(0, argument.find('='));
  if (const std::string_view nearest =
          NearestFlag(name.substr(std::min(name.size(), name.find_first_not_of('-'))));
      !nearest.empty()) {
    message.append(": did you mean --").append(nearest).append("?");
  }
  return Error{message + " (--help lists the flags)"};
}

// The values that were given, by flag, and their conversion. The first thing that is wrong is kept in
// `error`; conversions then return their fallback.
class Values {
 public:
  std::map<std::string, std::vector<std::string>, std::less<>> given;
  std::optional<Error> error;

  std::string Text(std::string_view flag, std::string_view fallback = {}) const {
    const auto found = given.find(flag);
    return found == given.end() || found->second.empty() ? std::string(fallback) : found->second.back();
  }
  bool Has(std::string_view flag) const { return !Text(flag).empty(); }

  void Refuse(std::string_view flag, std::string_view value, std::string_view why) {
    if (!error) {
      error = Error{"--" + std::string(flag) + " '" + Printable(value, 80) + "': " + std::string(why)};
    }
  }

  Duration Time(std::string_view flag, Duration fallback, Duration least) {
    if (!Has(flag)) return fallback;
    const auto parsed = ParseDuration(Text(flag));
    if (!parsed) {
      Refuse(flag, Text(flag), parsed.error().message);
    } else if (*parsed < least) {
      Refuse(flag, Text(flag), "expected at least " + FormatDuration(least));
    } else {
      return *parsed;
    }
    return fallback;
  }

  std::uint64_t Number(std::string_view flag, std::uint64_t fallback, std::uint64_t least,
                       std::uint64_t most) {
    if (!Has(flag)) return fallback;
    const std::string text = Text(flag);
    std::uint64_t number = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (failure == std::errc() && end == text.data() + text.size() && number >= least && number <= most)
      return number;
    Refuse(flag, text,
           "expected a whole number from " + std::to_string(least) + " to " + std::to_string(most));
    return fallback;
  }

  template <class T, std::size_t N>
  T Choice(std::string_view flag, const std::array<std::pair<std::string_view, T>, N>& choices) {
    const std::string text = Text(flag, choices.front().first);
    std::string names;
    for (const auto& [name, value] : choices) {
      if (name == text) return value;
      names.append(names.empty() ? "" : ", ").append(name);
    }
    Refuse(flag, text, "expected one of " + names);
    return choices.front().second;
  }

  // A path that starts with a slash; slashes at its end are dropped.
  std::string Path(std::string_view flag, std::string_view fallback) {
    std::string path = Text(flag, fallback);
    const bool clean =
        std::ranges::all_of(path, [](char c) { return c > ' ' && c <= '~' && c != '?' && c != '#'; });
    if (!path.starts_with('/') || !clean) {
      Refuse(flag, path, "expected a path that starts with / and has no spaces, ? or #");
    }
    while (path.ends_with('/')) path.pop_back();
    return path;
  }
};

Target CommonTarget(Values& values) {
  Target target;
  target.plugin_base = values.Path("runtime.plugin-base", "/metrics");
  target.layout =
      values.Choice<std::optional<Layout>, 4>("runtime.layout", {{{"auto", std::nullopt},
                                                                  {"admin", Layout::kAdmin},
                                                                  {"api", Layout::kApi},
                                                                  {"documented", Layout::kDocumented}}});
  if (values.Has("runtime.pool-size")) {
    target.pool_size = static_cast<double>(values.Number("runtime.pool-size", 1, 1, 1'000'000));
  }
  if (values.Has("runtime.api-key-file")) {
    target.credential.kind = Credential::Kind::kApiKey;
    target.credential.file = values.Text("runtime.api-key-file");
  }
  using std::chrono::milliseconds;
  using std::chrono::seconds;
  target.interval = values.Time("poll.interval", seconds(5), milliseconds(100));
  target.timeout =
      values.Time("poll.timeout", std::min<Duration>(seconds(3), target.interval), milliseconds(10));
  if (target.timeout > target.interval) {
    values.Refuse("poll.timeout", values.Text("poll.timeout"),
                  "expected at most the interval, " + FormatDuration(target.interval));
  }
  target.stale_after = values.Time("poll.stale-after", 2 * target.interval + target.timeout, target.interval);
  target.peak_window = values.Time("poll.peak-window", seconds(60), target.interval);
  target.max_body = std::uint64_t{64} << 20;
  if (values.Has("poll.max-body")) {
    const auto size = ParseSize(values.Text("poll.max-body"));
    if (!size) {
      values.Refuse("poll.max-body", values.Text("poll.max-body"), size.error().message);
    } else if (*size < 1024 || *size > kMaxBody) {
      values.Refuse("poll.max-body", values.Text("poll.max-body"),
                    "expected 1KiB to " + FormatSize(kMaxBody));
    } else {
      target.max_body = *size;
    }
  }
  target.worker_limit = values.Number("worker.limit", 1000, 0, 1'000'000);
  return target;
}

bool IsRuntimeName(std::string_view name) {
  return !name.empty() && name.size() <= 128 && IsUtf8(name) && Printable(name) == name;
}

std::vector<Target> Targets(Values& values) {
  const Target common = CommonTarget(values);
  const auto found = values.given.find("runtime.url");
  if (found == values.given.end() || found->second.empty()) {
    if (!values.error) {
      values.error = Error{
          "--runtime.url is missing: name the runtime, for example --runtime.url http://localhost:8000"};
    }
    return {};
  }
  std::vector<Target> targets;
  for (const std::string& text : found->second) {
    std::string_view url = text;
    Target target = common;
    target.name = values.Text("runtime.name");
    // A name is what stands before a `=` that comes before the scheme.
    if (const auto equals = url.substr(0, url.find("://")).find('='); equals != std::string_view::npos) {
      target.name = url.substr(0, equals);
      url.remove_prefix(equals + 1);
    }
    const bool several = found->second.size() > 1;
    const auto parsed = ParseRuntimeUrl(url);
    if (!parsed) {
      // A password may stand anywhere in it: such a value is not repeated.
      values.Refuse("runtime.url", url.find('@') == std::string_view::npos ? url : "…",
                    parsed.error().message);
    } else if (several && text.size() == url.size()) {
      values.Refuse("runtime.url", url, "several runtimes need names: expected NAME=URL");
    } else if (!target.name.empty() && !IsRuntimeName(target.name)) {
      values.Refuse(several ? "runtime.url" : "runtime.name", target.name,
                    "expected a name of at most 128 printable characters");
    } else if (std::ranges::count(targets, target.name, &Target::name) > 0) {
      values.Refuse("runtime.url", text, "this name is given twice");
    } else {
      target.url = *parsed;
    }
    targets.push_back(std::move(target));
  }
  return targets;
}

Result<Invocation> Interpret(Values& values) {
  Invocation invocation;
  if (values.Has("metrics.list")) {
    using Action = Invocation::Action;
    invocation.action = values.Choice<Action, 2>(
        "metrics.list", {{{"markdown", Action::kListAsMarkdown}, {"json", Action::kListAsJson}}});
    if (values.error) return *values.error;
    return invocation;
  }
  if (values.Has("once")) {
    const bool once = values.Choice<bool, 2>("once", {{{"true", true}, {"false", false}}});
    if (once) invocation.action = Invocation::Action::kOnce;
  }
  Config& config = invocation.config;
  config.targets = Targets(values);
  config.listen = {":10077"};
  if (const auto listen = values.given.find("web.listen-address");
      listen != values.given.end() && !listen->second.empty()) {
    config.listen = listen->second;
  }
  config.telemetry_path = values.Path("web.telemetry-path", "/metrics");
  if (config.telemetry_path.empty() || config.telemetry_path.starts_with("/-/")) {
    values.Refuse("web.telemetry-path", values.Text("web.telemetry-path"),
                  "/ and /-/… are taken: choose another path");
  }
  config.log_level = values.Choice<LogLevel, 4>("log.level", {{{"info", LogLevel::kInfo},
                                                               {"debug", LogLevel::kDebug},
                                                               {"warn", LogLevel::kWarn},
                                                               {"error", LogLevel::kError}}});
  config.log_format = values.Choice<LogFormat, 2>(
      "log.format", {{{"logfmt", LogFormat::kLogfmt}, {"json", LogFormat::kJson}}});
  if (values.error) return *values.error;
  return invocation;
}

}  // namespace

Result<Invocation> ParseCommandLine(int argc, const char* const* argv, std::string_view version) {
  CLI::App app("", "buntime-exporter");
  app.set_help_flag("-h,--help");
  bool print_version = false;
  app.add_flag("--version", print_version);

  Values values;
  for (const Flag& flag : FlagTable()) {
    auto& given = values.given[std::string(flag.name)];
    const std::string name = "--" + std::string(flag.name);
    CLI::Option* option = nullptr;
    if (!flag.implied.empty()) {
      option = app.add_flag(name + "{" + std::string(flag.implied) + "}", given);
    } else if (flag.repeatable) {
      option = app.add_option(name, given)->delimiter(',')->allow_extra_args(false);
    } else {
      option =
          app.add_option(name, given)->multi_option_policy(CLI::MultiOptionPolicy::TakeLast)->expected(1);
    }
    option->type_name(std::string(flag.value))->envname(EnvironmentName(flag.name));
  }

  Invocation invocation;
  invocation.action = Invocation::Action::kPrint;
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    invocation.text = HelpText();
    return invocation;
  } catch (const CLI::ExtrasError&) {
    return UnknownArgument(app.remaining().front());
  } catch (const CLI::ArgumentMismatch& error) {
    const std::string_view what = error.what();
    return Error{std::string(what.substr(0, what.find(':'))) + " needs a value (--help lists the flags)"};
  } catch (const CLI::ParseError& error) {
    return Error{std::string(Trim(Printable(error.what()))) + " (--help lists the flags)"};
  }
  if (print_version) {
    invocation.text = version;
    return invocation;
  }
  return Interpret(values);
}

}  // namespace buntime
