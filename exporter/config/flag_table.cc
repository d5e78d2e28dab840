#include "config/flag_table.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstddef>
#include <vector>

#include "config/suggest.h"

namespace buntime {
namespace {

constexpr auto kFlags = std::to_array<Flag>({
    {"runtime.url", "url", "[NAME=]URL", "",
     "Base URL of the runtime, such as http://localhost:8000; its layout is detected. A URL that ends "
     "in /stats is read as it is. Repeat it as NAME=URL to poll several.",
     "", true},
    {"runtime.name", "name", "NAME", "",
     "Value of the label `runtime` on every series; without it a single runtime has none."},
    {"runtime.plugin-base", "plugin_base", "PATH", "/metrics",
     "Where the runtime's metrics plugin is mounted."},
    {"runtime.layout", "layout", "auto|admin|api|documented|open", "auto",
     "Paths below the plugin base: admin (0.4, 0.5), api (0.2), documented, open (the pool alone, which 0.5 "
     "serves without a key); auto asks the runtime's health endpoint for its version."},
    {"runtime.pool-size", "pool_size", "NUMBER", "",
     "The runtime's RUNTIME_POOL_SIZE, for releases that do not report it; without it they have no size and "
     "no "
     "utilization."},
    {"runtime.api-key-file", "api_key_file", "FILE", "",
     "File with the key that is sent as X-API-Key; re-read when it changes."},
    {"config.file", "config_file", "FILE", "",
     "YAML file with runtimes and defaults (exporter/docs/configuration.md shows one); flags win over it."},
    {"config.check", "config_check", "", "", "Check flags and configuration file, say what is wrong, exit.",
     "true"},
    {"poll.interval", "interval", "DURATION", "5s", "Time from poll to poll."},
    {"poll.timeout", "timeout", "DURATION", "3s",
     "Limit of a whole poll; the default is the interval where that is shorter."},
    {"poll.stale-after", "stale_after", "DURATION", "2 × interval + timeout",
     "Age at which the latest successful answer stops being served."},
    {"poll.peak-window", "peak_window", "DURATION", "60s",
     "Time over which the peak metrics keep the highest poll."},
    {"poll.max-body", "max_body", "SIZE", "16MiB",
     "Limit of an answer, decompressed; 100,000 workers take some 16MiB."},
    {"app.limit", "app_limit", "NUMBER", "2000",
     "Apps of a runtime with series of their own; the app `other` is the sum of all others."},
    {"worker.limit", "worker_limit", "NUMBER", "1000",
     "Workers of a runtime with series of their own, busiest first; 0: none."},
    {"probe.timeout-offset", "probe_timeout_offset", "DURATION", "500ms",
     "How much earlier than the scraper's own timeout an answer of /probe is sent."},
    {"web.listen-address", "listen", "ADDRESS", ":10077",
     "HOST:PORT, [IPV6]:PORT or :PORT to listen on. Repeatable.", "", true},
    {"web.telemetry-path", "telemetry_path", "PATH", "/metrics", "Where the metrics are served."},
    {"web.config.file", "web_config_file", "FILE", "",
     "YAML file with TLS, users and rate limit, in the format of Prometheus' exporters "
     "(exporter/docs/security.md shows one); re-read when it, or a file it names, changes."},
    {"web.sse-interval", "sse_interval", "DURATION", "1s",
     "Least time between two events of a stream, 250ms to 60s."},
    {"web.sse-clients", "sse_clients", "NUMBER", "200",
     "Streams of events at once, up to 1000; further clients are told to come back."},
    {"web.prometheus", "prometheus", "true|false", "true",
     "Whether Buntime's documented API, served below /metrics/api/metrics/, has its /prometheus."},
    {"web.health-auth", "health_auth", "", "",
     "Ask for a password (and count against the rate limit) at /-/healthy and /-/ready, too.", "true"},
    {"web.enable-lifecycle", "enable_lifecycle", "", "",
     "Serve POST /-/reload, which loads the configuration again, and /config, which shows it.", "true"},
    {"log.level", "log_level", "debug|info|warn|error", "info", "Least severe messages to log."},
    {"log.format", "log_format", "logfmt|json", "logfmt",
     "Form of the log lines, which go to standard error."},
    {"once", "once", "", "", "Poll once, print the metrics, exit: 0 if every runtime is up, else 1.", "true"},
    {"healthcheck", "healthcheck", "", "",
     "Ask the exporter that runs here with the same flags or environment how it is, exit: 0 if it serves, "
     "else 1.",
     "true"},
    {"metrics.list", "metrics_list", "[=json]", "",
     "Print the catalogue of metrics as a Markdown table (or as JSON) and exit.", "markdown"},
});

constexpr std::size_t kHelpColumns = 100;
constexpr std::size_t kHelpIndent = 6;

void AppendWrapped(std::string& out, std::string_view text) {
  std::size_t column = kHelpColumns;  // the first word starts a line
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(text.size(), word.size() + 1));
    if (column + 1 + word.size() > kHelpColumns) {
      if (!out.ends_with('\n')) out += '\n';
      out.append(kHelpIndent, ' ');
      column = kHelpIndent;
    } else {
      out += ' ';
      ++column;
    }
    out += word;
    column += word.size();
  }
  out += '\n';
}

}  // namespace

std::span<const Flag> FlagTable() { return kFlags; }

std::string EnvironmentName(std::string_view flag) {
  std::string name = "BUNTIME_EXPORTER_";
  for (const char c : flag) {
    name += c == '.' || c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  return name;
}

std::string_view NearestFlag(std::string_view name) {
  std::vector<std::string> variables(kFlags.size());
  std::ranges::transform(kFlags, variables.begin(), EnvironmentName, &Flag::name);
  const std::vector<std::string_view> known(variables.begin(), variables.end());
  const auto nearest = std::ranges::find(variables, Nearest(EnvironmentName(name), known));
  return nearest == variables.end() ? std::string_view()
                                    : kFlags[static_cast<std::size_t>(nearest - variables.begin())].name;
}

std::string HelpText() {
  std::string out =
      "Usage: buntime-exporter --runtime.url URL [flags]\n\n"
      "Polls Buntime runtimes and serves their pool, app and worker data to Prometheus.\n\n"
      "Each flag is also an environment variable: --poll.interval is BUNTIME_EXPORTER_POLL_INTERVAL;\n"
      "flags win. What is repeatable as a flag is a list with commas as a variable:\n"
      "BUNTIME_EXPORTER_RUNTIME_URL=blue=http://10.0.0.5:8000,green=http://10.0.0.6:8000.\n"
      "Durations read like 500ms, 5s or 1m30s, sizes like 512KiB or 64MiB.\n\n"
      "Flags:\n";
  for (const Flag& flag : kFlags) {
    out.append("  --").append(flag.name);
    if (!flag.value.empty()) out.append(flag.implied.empty() ? " " : "").append(flag.value);
    if (!flag.standard.empty()) out.append("  (default: ").append(flag.standard).append(")");
    out += '\n';
    AppendWrapped(out, flag.help);
  }
  out +=
      "  --version\n      Print version, revision and compiler, and exit.\n"
      "  -h, --help\n      Print this help and exit.\n\n"
      "Examples:\n"
      "  buntime-exporter --runtime.url http://localhost:8000\n"
      "  buntime-exporter --runtime.url http://localhost:8000 --once\n"
      "  buntime-exporter --runtime.url https://buntime:8000 --runtime.pool-size 100 \\\n"
      "      --runtime.api-key-file /run/secrets/buntime-key\n";
  return out;
}

}  // namespace buntime
