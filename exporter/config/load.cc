#include "config/load.h"

#include <algorithm>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/text.h"
#include "config/config_file.h"
#include "config/target_builder.h"
#include "model/web_paths.h"

namespace buntime {
namespace {

// --runtime.url, where a name may stand before the URL: `=` before the scheme.
Settings FromUrlFlag(const Setting& flag) {
  Settings settings;
  std::string_view url = flag.value;
  if (const auto equals = url.substr(0, url.find("://")).find('='); equals != std::string_view::npos) {
    settings["name"] = {std::string(url.substr(0, equals)), flag.where};
    url.remove_prefix(equals + 1);
  }
  settings["url"] = {std::string(url), flag.where};
  return settings;
}

// Names are unique, and given where there are several runtimes.
std::optional<Error> CheckNames(const std::vector<Settings>& runtimes) {
  std::map<std::string_view, const Setting*, std::less<>> seen;
  for (const Settings& runtime : runtimes) {
    const Setting& url = runtime.find("url")->second;
    const auto name = runtime.find("name");
    if (name == runtime.end() || name->second.value.empty()) {
      if (runtimes.size() == 1) continue;
      const bool flag = url.where.starts_with("--");
      return Error{url.where + " '" + Printable(url.value, 80) +
                   "': each of several runtimes needs a name: write " +
                   (flag ? "NAME=" + Printable(url.value, 80) : "name: NAME beside it")};
    }
    const auto [first, is_new] = seen.emplace(name->second.value, &name->second);
    if (is_new) continue;
    const bool flag = name->second.where.starts_with("--");
    return Error{name->second.where + " '" + Printable(name->second.value, 80) +
                 "': another runtime has this name" + (flag ? "" : " already, see " + first->second->where) +
                 ": choose another one"};
  }
  return std::nullopt;
}

Error NothingToPoll(const std::string& file, bool empty) {
  if (file.empty()) {
    return Error{
        "--runtime.url is missing: name the runtime, for example --runtime.url http://localhost:8000"};
  }
  return Error{"the configuration file " + file +
               (empty ? " is empty" : " has neither runtimes nor modules") +
               ": write runtimes: [{url: \"http://HOST:PORT\"}] into it, or give --runtime.url"};
}

std::string ReadTelemetryPath(SettingReader& reader, bool prometheus_api) {
  std::string path = reader.UrlPath("telemetry_path", "/metrics");
  const Setting* const setting = reader.Find("telemetry_path");
  if (setting == nullptr) return path;
  if (path == web_path::kDocumentedText) {
    if (prometheus_api) reader.Refuse(*setting, "this path is in use: add --web.prometheus=false to free it");
  } else if (web_path::IsReserved(path)) {
    std::string reserved;
    for (const std::string_view each : web_path::kReserved) {
      reserved.append(reserved.empty() ? "" : ", ").append(each);
      if (each != web_path::kHome && each.ends_with('/')) reserved.append("…");
    }
    reader.Refuse(*setting, reserved + " are reserved: choose another path");
  } else if (path.find('%') != std::string::npos) {
    reader.Refuse(*setting, "expected a path without %");
  }
  return path;
}

Duration ReadSseInterval(SettingReader& reader) {
  constexpr Duration kLeast = std::chrono::milliseconds(250);
  constexpr Duration kLongest = std::chrono::seconds(60);
  const Duration interval = reader.Time("sse_interval", std::chrono::seconds(1), kLeast);
  if (interval > kLongest) {
    reader.Refuse(*reader.Find("sse_interval"), "expected at most " + FormatDuration(kLongest));
  }
  return interval;
}

}  // namespace

Result<Config> LoadConfig(const Invocation& invocation) {
  const Settings& flags = invocation.settings;
  ConfigFile file;
  const auto file_flag = flags.find("config_file");
  const std::string path = file_flag == flags.end() ? "" : file_flag->second.value;
  if (!path.empty()) {
    auto read = ReadConfigFile(path);
    if (!read) return read.error();
    file = std::move(*read);
  }

  Config config;
  std::vector<Settings> runtimes = file.runtimes;
  if (!invocation.urls.empty()) {
    runtimes.clear();
    for (const Setting& url : invocation.urls) runtimes.push_back(FromUrlFlag(url));
  }
  if (runtimes.empty() && file.modules.empty()) return NothingToPoll(path, file.defaults.empty());
  for (const ModuleSettings& module : file.modules) {
    auto built = BuildModule(module, flags, file.defaults);
    if (!built) return built.error();
    config.modules.push_back(std::make_shared<const Module>(std::move(*built)));
  }
  std::ranges::sort(config.modules, {},
                    [](const auto& module) -> const std::string& { return module->name; });
  for (const Settings& runtime : runtimes) {
    // What a flag says of all runtimes wins over what the file says of one, but a name belongs to its URL.
    auto target =
        BuildTarget(invocation.urls.empty() ? std::vector<const Settings*>{&flags, &runtime, &file.defaults}
                                            : std::vector<const Settings*>{&runtime, &flags, &file.defaults});
    if (!target) return target.error();
    config.targets.push_back(std::move(*target));
  }
  if (auto error = CheckNames(runtimes)) return *std::move(error);
  if (const auto name = flags.find("name");
      name != flags.end() && invocation.urls.empty() && runtimes.size() > 1) {
    return Error{
        name->second.where + " '" + Printable(name->second.value, 80) +
        "': the configuration file has several runtimes, which cannot share a name: leave the flag out"};
  }

  SettingReader reader({&flags});
  config.probe_timeout_offset =
      reader.Time("probe_timeout_offset", std::chrono::milliseconds(500), Duration::zero());
  config.listen = invocation.listen.empty() ? std::vector<std::string>{":10077"} : invocation.listen;
  config.web_config_file = reader.Text("web_config_file");
  config.sse_interval = ReadSseInterval(reader);
  config.sse_clients = reader.Number("sse_clients", 200, 0, 1'000);
  config.prometheus_api = reader.Flag("prometheus", true);
  config.telemetry_path = ReadTelemetryPath(reader, config.prometheus_api);
  config.health_auth = reader.Flag("health_auth", false);
  config.enable_lifecycle = reader.Flag("enable_lifecycle", false);
  config.log_level = reader.Choice<LogLevel, 4>("log_level", {{{"info", LogLevel::kInfo},
                                                               {"debug", LogLevel::kDebug},
                                                               {"warn", LogLevel::kWarn},
                                                               {"error", LogLevel::kError}}});
  config.log_format = reader.Choice<LogFormat, 2>(
      "log_format", {{{"logfmt", LogFormat::kLogfmt}, {"json", LogFormat::kJson}}});
  if (reader.error()) return *reader.error();
  return config;
}

}  // namespace buntime
