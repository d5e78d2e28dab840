#include "app/config_page.h"

#include <array>
#include <cstddef>
#include <string_view>

#include "base/text.h"

namespace buntime {
namespace {

class Yaml {
 public:
  // JSON strings are YAML strings, so that no value can be taken for anything else.
  void Line(std::string_view indent, std::string_view key, std::string_view value) {
    if (value.empty()) return;
    text.append(indent).append(key).append(": ");
    AppendJsonString(text, value);
    text += '\n';
  }
  std::string text;
};

void AppendCredential(Yaml& yaml, const Credential& credential) {
  switch (credential.kind) {
    case Credential::Kind::kNone:
      break;
    case Credential::Kind::kApiKey:
      yaml.Line("    ", "api_key_file", credential.file);
      break;
    case Credential::Kind::kBearer:
      yaml.Line("    ", "bearer_token_file", credential.file);
      break;
    case Credential::Kind::kBasic:
      yaml.text += "    basic_auth:\n";
      yaml.Line("      ", "username", credential.username);
      yaml.Line("      ", "password_file", credential.file);
      break;
  }
}

void AppendTls(Yaml& yaml, const TlsClient& tls) {
  if (tls == TlsClient()) return;
  yaml.text += "    tls:\n";
  yaml.Line("      ", "ca_file", tls.ca_file);
  yaml.Line("      ", "cert_file", tls.cert_file);
  yaml.Line("      ", "key_file", tls.key_file);
  yaml.Line("      ", "server_name", tls.server_name);
  yaml.text.append("      insecure_skip_verify: ").append(tls.insecure_skip_verify ? "true\n" : "false\n");
}

// What runtimes and modules have in common.
void AppendAccess(Yaml& yaml, const Target& target) {
  yaml.Line("    ", "plugin_base", target.plugin_base.empty() ? "/" : target.plugin_base);
  yaml.Line("    ", "layout", target.layout ? Name(*target.layout) : "auto");
  if (target.pool_size) {
    std::string size;
    AppendNumber(size, *target.pool_size);
    yaml.Line("    ", "pool_size", size);
  }
  AppendCredential(yaml, target.credential);
  AppendTls(yaml, target.tls);
  yaml.Line("    ", "proxy_url", target.proxy_url);
  if (!target.headers.empty()) yaml.text += "    headers:\n";
  for (const RequestHeader& header : target.headers) {
    if (header.file.empty()) {
      yaml.Line("      ", header.name, "<hidden>");  // whatever it is, it may be a secret
    } else {
      yaml.text.append("      ").append(header.name).append(":\n");
      yaml.Line("        ", "file", header.file);
    }
  }
}

void AppendTarget(Yaml& yaml, const Target& target) {
  yaml.Line("  - ", "url", target.url.Text());
  yaml.Line("    ", "name", target.name);
  if (!target.labels.empty()) yaml.text += "    labels:\n";
  for (const auto& [name, value] : target.labels) yaml.Line("      ", name, value);
  AppendAccess(yaml, target);
  yaml.text += "    poll:\n";
  yaml.Line("      ", "interval", FormatDuration(target.interval));
  yaml.Line("      ", "timeout", FormatDuration(target.timeout));
  yaml.Line("      ", "stale_after", FormatDuration(target.stale_after));
  yaml.Line("      ", "peak_window", FormatDuration(target.peak_window));
  yaml.Line("      ", "max_body", FormatSize(target.max_body));
  yaml.Line("    ", "app_limit", std::to_string(target.app_limit));
  yaml.Line("    ", "worker_limit", std::to_string(target.worker_limit));
}

void AppendModule(Yaml& yaml, const Module& module) {
  yaml.text += "  ";
  AppendJsonString(yaml.text, module.name);
  yaml.text += ":\n    allowed_targets:\n";
  for (const std::string& rule : module.target.allowed->Texts()) {
    yaml.text += "      - ";
    AppendJsonString(yaml.text, rule);
    yaml.text += '\n';
  }
  AppendAccess(yaml, module.target);
  yaml.Line("    ", "timeout", FormatDuration(module.target.timeout));
  yaml.text += "    poll:\n";
  yaml.Line("      ", "interval", FormatDuration(module.target.interval));
  yaml.Line("      ", "peak_window", FormatDuration(module.target.peak_window));
  yaml.Line("      ", "max_body", FormatSize(module.target.max_body));
  yaml.Line("    ", "app_limit", std::to_string(module.target.app_limit));
  yaml.Line("    ", "worker_limit", std::to_string(module.target.worker_limit));
}

// As comments: they have no place in the file.
void AppendFlags(Yaml& yaml, const Config& config) {
  constexpr std::array kLevels = {"debug", "info", "warn", "error"};
  const auto truth = [](bool value) { return value ? "true" : "false"; };
  yaml.text += "# Set by flags; only a restart changes them.\n";
  for (const std::string& address : config.listen) yaml.Line("# ", "--web.listen-address", address);
  yaml.Line("# ", "--web.telemetry-path", config.telemetry_path);
  yaml.Line("# ", "--web.config.file", config.web_config_file);
  yaml.Line("# ", "--web.health-auth", truth(config.health_auth));
  yaml.Line("# ", "--web.enable-lifecycle", truth(config.enable_lifecycle));
  yaml.Line("# ", "--web.prometheus", truth(config.prometheus_api));
  yaml.Line("# ", "--web.sse-interval", FormatDuration(config.sse_interval));
  yaml.Line("# ", "--web.sse-clients", std::to_string(config.sse_clients));
  yaml.Line("# ", "--probe.timeout-offset", FormatDuration(config.probe_timeout_offset));
  yaml.Line("# ", "--log.level", kLevels[static_cast<std::size_t>(config.log_level)]);
  yaml.Line("# ", "--log.format", config.log_format == LogFormat::kJson ? "json" : "logfmt");
}

}  // namespace

std::string ConfigPage(const Config& config) {
  Yaml yaml;
  AppendFlags(yaml, config);
  if (!config.targets.empty()) yaml.text += "runtimes:\n";
  for (const Target& target : config.targets) AppendTarget(yaml, target);
  if (!config.modules.empty()) yaml.text += "modules:\n";
  for (const auto& module : config.modules) AppendModule(yaml, *module);
  return yaml.text;
}

}  // namespace buntime
