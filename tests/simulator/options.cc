#include "simulator/options.h"

#include <CLI/CLI.hpp>
#include <chrono>
#include <fstream>
#include <iostream>
#include <iterator>
#include <optional>

#include "base/text.h"
#include "simulator/scenarios.h"

namespace buntime::simulator {
namespace {

constexpr const char* kDescription =
    "A believable Buntime for tests, demos and benchmarks: apps under load, workers that end as those of "
    "the\n"
    "released runtimes do, both dialects, all layouts, faults that can be switched while it runs, and the "
    "truth\n"
    "about what was sent.\n\n"
    "  buntime-simulator --release 0.2.26\n"
    "  buntime-simulator --release 0.5.4 --api-key-file key --runtimes 10 --listen 127.0.0.1:9000\n"
    "  buntime-simulator --release documented --control 127.0.0.1:0 --script incident.txt\n"
    "  buntime-simulator --app shop,rps=100 --app tmo,rps=0.7,hangs=1s --app noboot,rps=1,boots=no\n\n"
    "Prints one line \"listening on http://ADDRESS:PORT\" for each runtime, then \"control on "
    "http://ADDRESS:PORT\".\n"
    "Stops on SIGTERM and SIGINT.";

// What CLI11 reads as text and Parse turns into values.
struct Raw {
  std::string release = "0.2.26";
  std::string dialect;
  std::string layout;
  std::string shape;
  std::string auth = "auto";
  std::string api_key_file;
  std::string unknown_path = "page";
  std::string script_file;
  std::string warmup = "0";
  std::string idle_timeout = "1m";
  std::string ttl = "10m";
  std::vector<std::string> apps;
  std::string init_delay = "0";
};

void Declare(CLI::App& app, Options& options, Raw& raw) {
  app.add_option(
         "--listen", options.listen,
         "ADDRESS:PORT of the first runtime; with --runtimes the next ports follow, port 0 picks free ones")
      ->capture_default_str();
  app.add_option("--control", options.control,
                 "ADDRESS:PORT of the control API; without it, /control/ on the first runtime's address");
  app.add_option("--runtimes", options.runtimes, "number of independent runtimes, each on a port of its own")
      ->check(CLI::Range(1, 20'000))
      ->capture_default_str();
  app.add_option("--release", raw.release,
                 "sets dialect, layout and auth: documented, 0.2.15, 0.2.26, 0.4.0 or 0.5.4")
      ->capture_default_str();
  app.add_option("--dialect", raw.dialect,
                 "words of the body: documented or released (default: the release's)");
  app.add_option("--layout", raw.layout, "paths: documented, api or admin (default: the release's)");
  app.add_option("--workers-shape", raw.shape, "workers as array or object (default: the release's)");
  app.add_option("--plugin-base", options.runtime.plugin_base, "where the metrics plugin is mounted")
      ->capture_default_str();
  app.add_option("--api-prefix", options.runtime.api_prefix,
                 "what stands before /api/health, RUNTIME_API_PREFIX of a runtime, like /_");
  app.add_option(
      "--version-suffix", options.runtime.version_suffix,
      "what follows the version in the health body; the page calls +simulated a simulated runtime");
  app.add_option("--unknown-path", raw.unknown_path,
                 "what unknown paths below the base get: page (HTML, from an app with ttl=0) or 404")
      ->capture_default_str();
  app.add_option("--api-key-file", raw.api_key_file,
                 "file with the key for X-API-Key or Authorization: Bearer");
  app.add_option("--auth", raw.auth, "auto (the admin layout and whenever there is a key file), on or off")
      ->capture_default_str();
  app.add_flag("--gzip", options.runtime.gzip, "compress stats for clients that accept gzip");

  app.add_option("--seed", options.world.seed, "same seed, same history; runtime N gets seed + N")
      ->capture_default_str();
  app.add_option("--apps", options.world.apps, "persistent apps")
      ->check(CLI::Range(0, 100'000))
      ->capture_default_str();
  app.add_option("--ephemeral-apps", options.world.ephemeral_apps, "apps with ttl=0")
      ->check(CLI::Range(0, 1'000))
      ->capture_default_str();
  app.add_option("--pool-size", options.world.pool_size, "limit of the worker cache")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  app.add_option("--rps", options.knobs.rps, "requests a second for the persistent apps")
      ->check(CLI::Range(0.0, 1e6))
      ->capture_default_str();
  app.add_option("--ephemeral-rps", options.knobs.ephemeral_rps, "requests a second for the ephemeral apps")
      ->check(CLI::Range(0.0, 1e6))
      ->capture_default_str();
  app.add_option("--idle-timeout", raw.idle_timeout, "a worker unused for this long is idle")
      ->capture_default_str();
  app.add_option("--ttl", raw.ttl, "a worker unused for this long ends")->capture_default_str();
  app.add_option("--max-requests", options.world.model.max_requests,
                 "a worker that took so many requests is dropped by the next one, its counters lost")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1'000'000'000}))
      ->capture_default_str();
  app.add_option("--app", raw.apps,
                 "an app beside the seeded ones, NAME[@VERSION],KEY=VALUE,...; see --list for the keys");
  app.add_option("--gate-concurrency", options.world.gate_concurrency,
                 "ephemeral requests that run at a time")
      ->check(CLI::Range(1, 1'000))
      ->capture_default_str();
  app.add_option("--gate-queue", options.world.gate_limit, "ephemeral requests that may wait")
      ->check(CLI::Range(0, 100'000))
      ->capture_default_str();
  app.add_option("--init-delay", raw.init_delay, "after a start there is no pool for this long")
      ->capture_default_str();
  app.add_option("--workers", options.world.static_workers,
                 "instead of a living world, this many workers that never come or go (benchmarks)")
      ->check(CLI::Range(0, 1'000'000));

  app.add_option("--speed", options.speed,
                 "simulated seconds a second; 0: only POST /control/step moves time")
      ->check(CLI::Range(0.0, 10'000.0))
      ->capture_default_str();
  app.add_option("--warmup", raw.warmup, "how long the runtimes have been running already")
      ->capture_default_str();
  app.add_option("--fault", options.faults, "a fault to start with, NAME or NAME=VALUE; see --list");
  app.add_option("--scenario", options.scenarios, "a scenario to start with, NAME or NAME=VALUE; see --list");
  app.add_option("--script", raw.script_file, "file of timed commands: +30s fault stall");
}

void PrintLists() {
  const auto print = [](std::string_view name, std::string_view value, std::string_view help) {
    std::string spec = "  " + std::string(name) + (value.empty() ? "" : "=" + std::string(value));
    spec.resize(std::max<std::size_t>(spec.size() + 1, 30), ' ');
    std::cout << spec << help << '\n';
  };
  std::cout << "faults (--fault, POST /control/fault?name=…):\n";
  for (const FaultInfo& info : AllFaults()) print(info.name, info.default_value, info.help);
  std::cout << "scenarios (--scenario, POST /control/scenario?name=…):\n";
  for (const ScenarioInfo& info : AllScenarios()) print(info.name, info.default_value, info.help);
  std::cout << "events (POST /control/event?name=…):\n";
  for (const ScenarioInfo& info : AllEvents()) print(info.name, info.default_value, info.help);
  std::cout << "apps (--app NAME,KEY=VALUE,..., POST /control/app?name=NAME&KEY=VALUE...):\n";
  for (const AppField& field : AppFields()) print(field.name, field.example, field.help);
}

Result<std::string> ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (!file.is_open() || file.bad())
    return Error{"cannot read " + path + ": check the path and its permissions"};
  return text;
}

std::optional<Error> ParseTimes(const Raw& raw, Options& options) {
  const auto parse = [](const char* flag, const std::string& text, std::int64_t& ms) -> std::optional<Error> {
    const Result<Duration> duration = ParseDuration(text);
    if (!duration.ok()) return Error{std::string(flag) + ": " + duration.error().message};
    ms = std::chrono::duration_cast<std::chrono::milliseconds>(*duration).count();
    return std::nullopt;
  };
  if (auto error = parse("--warmup", raw.warmup, options.warmup_ms)) return error;
  if (auto error = parse("--idle-timeout", raw.idle_timeout, options.world.idle_timeout_ms)) return error;
  if (auto error = parse("--ttl", raw.ttl, options.world.model.ttl_ms)) return error;
  if (options.world.model.ttl_ms == 0) return Error{"--ttl is above 0: apps with ttl=0 are --ephemeral-apps"};
  return parse("--init-delay", raw.init_delay, options.world.init_delay_ms);
}

std::optional<Error> ParseRelease(const Raw& raw, RuntimeOptions& runtime) {
  const Result<Release> release = FindRelease(raw.release);
  if (!release.ok()) return Error{"--release: " + release.error().message};
  runtime.release = *release;
  if (raw.dialect == "documented" || raw.dialect == "released") {
    runtime.release.dialect = raw.dialect == "released" ? Dialect::kReleased : Dialect::kDocumented;
    runtime.release.shape = raw.dialect == "released" ? Shape::kObject : Shape::kArray;
  } else if (!raw.dialect.empty()) {
    return Error{"--dialect is documented or released, not " + Printable(raw.dialect)};
  }
  if (raw.layout == "documented")
    runtime.release.layout = Layout::kDocumented;
  else if (raw.layout == "api")
    runtime.release.layout = Layout::kApi;
  else if (raw.layout == "admin")
    runtime.release.layout = Layout::kAdmin;
  else if (!raw.layout.empty())
    return Error{"--layout is documented, api or admin, not " + Printable(raw.layout)};
  if (raw.shape == "array")
    runtime.release.shape = Shape::kArray;
  else if (raw.shape == "object")
    runtime.release.shape = Shape::kObject;
  else if (!raw.shape.empty())
    return Error{"--workers-shape is array or object, not " + Printable(raw.shape)};
  if (raw.unknown_path != "page" && raw.unknown_path != "404") return Error{"--unknown-path is page or 404"};
  runtime.unknown_path_404 = raw.unknown_path == "404";
  const std::string& base = runtime.plugin_base;
  if (!base.empty() && (base.front() != '/' || base.back() == '/')) {
    return Error{"--plugin-base starts with a slash and does not end in one, like /metrics"};
  }
  return std::nullopt;
}

std::optional<Error> ParseAuth(const Raw& raw, RuntimeOptions& runtime) {
  if (raw.auth != "auto" && raw.auth != "on" && raw.auth != "off") return Error{"--auth is auto, on or off"};
  if (raw.auth == "off") return std::nullopt;
  if (raw.api_key_file.empty()) {
    if (raw.auth == "auto" && runtime.release.layout != Layout::kAdmin) return std::nullopt;
    return Error{"the admin layout and --auth on need --api-key-file; --auth off lets everybody in"};
  }
  const Result<std::string> key = ReadFile(raw.api_key_file);
  if (!key.ok()) return key.error();
  runtime.api_key = Trim(*key);
  if (runtime.api_key.empty()) return Error{raw.api_key_file + " is empty: put the API key into it"};
  return std::nullopt;
}

std::optional<Error> Parse(const Raw& raw, Options& options) {
  if (auto error = ParseTimes(raw, options)) return error;
  if (auto error = ParseRelease(raw, options.runtime)) return error;
  if (auto error = ParseAuth(raw, options.runtime)) return error;
  for (const std::string& text : raw.apps) {
    Result<AppSpec> spec = ParseAppSpec(text);
    if (!spec.ok()) return Error{"--app: " + spec.error().message};
    simulator::App tried;
    if (const auto error = ChangeApp(tried, spec->changes)) return Error{"--app: " + error->message};
    options.world.own.push_back(std::move(*spec));
  }
  if (!raw.script_file.empty()) {
    const Result<std::string> text = ReadFile(raw.script_file);
    if (!text.ok()) return text.error();
    Result<Script> script = Script::Parse(*text);
    if (!script.ok()) return script.error();
    options.script = std::move(*script);
  }
  return std::nullopt;
}

}  // namespace

Invocation ParseArguments(int argc, const char* const* argv) {
  Invocation invocation;
  Raw raw;
  bool list = false;
  CLI::App app(kDescription, "buntime-simulator");
  Declare(app, invocation.options, raw);
  app.add_flag("--list", list, "print faults, scenarios and events, and exit");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    invocation.exit_status = app.exit(error) == 0 ? 0 : 2;
    return invocation;
  }
  if (list) {
    PrintLists();
    return invocation;
  }
  if (const auto error = Parse(raw, invocation.options)) {
    std::cerr << "buntime-simulator: " << error->message << '\n';
    invocation.exit_status = 2;
    return invocation;
  }
  invocation.run = true;
  return invocation;
}

}  // namespace buntime::simulator
