#include "config/flags.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>
#include <utility>

#include "base/text.h"
#include "config/flag_table.h"

namespace buntime {
namespace {

using Given = std::map<std::string_view, std::vector<std::string>>;  // by flag

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

// Kubernetes sets these in every pod for a Service called buntime-exporter, or buntime-exporter-….
bool IsServiceLink(std::string_view variable) {
  return variable.find("_SERVICE_") != std::string_view::npos || variable.ends_with("_PORT") ||
         variable.find("_PORT_") != std::string_view::npos;
}

std::vector<std::string> UnknownVariables(const char* const* environment) {
  const std::string prefix = EnvironmentName("");
  std::vector<std::string> warnings;
  for (; environment != nullptr && *environment != nullptr; ++environment) {
    const std::string_view entry = *environment;
    const std::string_view name = entry.substr(0, entry.find('='));
    const auto is_flag = [&](const Flag& flag) { return EnvironmentName(flag.name) == name; };
    if (!name.starts_with(prefix) || IsServiceLink(name) || std::ranges::any_of(FlagTable(), is_flag))
      continue;
    const std::string_view nearest = NearestFlag(name.substr(prefix.size()));
    warnings.push_back(Printable(name, 80) + " in the environment is ignored: " +
                       (nearest.empty() ? "no flag has that name (--help lists the flags)"
                                        : "did you mean " + EnvironmentName(nearest) + "?"));
  }
  return warnings;
}

void Declare(CLI::App& app, const Flag& flag, std::vector<std::string>& given) {
  const std::string name = "--" + std::string(flag.name);
  CLI::Option* option = nullptr;
  if (!flag.implied.empty()) {
    option = app.add_flag(name + "{" + std::string(flag.implied) + "}", given);
  } else if (flag.repeatable) {
    option = app.add_option(name, given)->delimiter(',')->allow_extra_args(false);
  } else {
    option = app.add_option(name, given)->multi_option_policy(CLI::MultiOptionPolicy::TakeLast)->expected(1);
  }
  option->type_name(std::string(flag.value))->envname(EnvironmentName(flag.name));
}

Result<Invocation> Interpret(const Given& given) {
  Invocation invocation;
  for (const Flag& flag : FlagTable()) {
    const std::string where = "--" + std::string(flag.name);
    const auto& values = given.at(flag.name);
    if (values.empty()) continue;
    if (flag.key == "url") {
      for (const std::string& url : values) invocation.urls.push_back({url, where});
    } else if (flag.key == "listen") {
      invocation.listen = values;
    } else {
      invocation.settings[std::string(flag.key)] = {values.back(), where};
    }
  }
  using Action = Invocation::Action;
  SettingReader reader({&invocation.settings});
  if (reader.Flag("config_check", false)) invocation.action = Action::kCheck;
  if (reader.Flag("once", false)) invocation.action = Action::kOnce;
  if (reader.Flag("healthcheck", false)) invocation.action = Action::kHealthcheck;
  if (reader.Find("metrics_list") != nullptr) {
    invocation.action = reader.Choice<Action, 2>(
        "metrics_list", {{{"markdown", Action::kListAsMarkdown}, {"json", Action::kListAsJson}}});
  }
  if (reader.error()) return *reader.error();
  return invocation;
}

}  // namespace

Result<Invocation> ParseCommandLine(int argc, const char* const* argv, std::string_view version) {
  CLI::App app("", "buntime-exporter");
  app.set_help_flag("-h,--help");
  bool print_version = false;
  app.add_flag("--version", print_version);
  Given given;
  for (const Flag& flag : FlagTable()) Declare(app, flag, given[flag.name]);

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
  auto interpreted = Interpret(given);
  if (interpreted) interpreted->warnings = UnknownVariables(environ);
  return interpreted;
}

}  // namespace buntime
