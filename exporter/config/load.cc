#include "config/load.h"

#include <algorithm>
#include <chrono>
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
  constexpr Duration kMost = std::chrono::seconds(60);
  const Duration interval = reader.Time("sse_interval", std::chrono::seconds(1), kLeast);
  if (interval > kMost) {
    reader.Refuse(*reader.Find("sse_interval"), "expected at most " + FormatDuration(kMost));
  }
  return interval;
}

}  // namespace

Result<Config> LoadConfig(const Invocation& invocation) {
  const Settings& flags = invocation.settings;
  ConfigFile file;
  if (const auto path = flags.find("config_file"); path != flags.end()) {
    auto read = ReadConfigFile(path->second.value);
    if (!read) return read.error();
    file = std::move(*read);
  }

  Config config;
  std::vector<Settings> runtimes = file.runtimes;
  if (!invocation.urls.empty()) {
    runtimes.clear();
    for (const Setting& url : invocation.urls) runtimes.push_back(FromUrlFlag(url));
  }
  if (runtimes.empty() && file.modules.empty()) {
    return Error{
        "--runtime.url is missing: name the runtime, for example --runtime.url http://localhost:8000"};
  }
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
  if (auto error = CheckNames(config.targets)) return *std::move(error);

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
