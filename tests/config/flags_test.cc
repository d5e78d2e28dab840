#include "config/flags.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "config/flag_table.h"
#include "config/load.h"

namespace buntime {
namespace {

using namespace std::chrono_literals;
using Action = Invocation::Action;

struct Parsed {
  Invocation invocation;
  Config config;
};

Result<Invocation> ParseOnly(std::vector<std::string> arguments) {
  std::vector<const char*> argv = {"buntime-exporter"};
  for (const std::string& argument : arguments) argv.push_back(argument.c_str());
  return ParseCommandLine(static_cast<int>(argv.size()), argv.data(), "version text\n");
}

// Flags, environment, and file if one is named: all the way to the configuration.
Result<Parsed> Parse(std::vector<std::string> arguments) {
  auto invocation = ParseOnly(std::move(arguments));
  if (!invocation) return invocation.error();
  auto config = LoadConfig(*invocation);
  if (!config) return config.error();
  return Parsed{std::move(*invocation), std::move(*config)};
}

Config Good(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {"--runtime.url", "http://h:1"});
  auto parsed = Parse(std::move(arguments));
  EXPECT_TRUE(parsed) << parsed.error().message;
  return parsed ? parsed->config : Config{};
}

std::string Bad(std::vector<std::string> arguments) {
  const auto parsed = Parse(std::move(arguments));
  return parsed ? "accepted" : parsed.error().message;
}

std::string BadWithUrl(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {"--runtime.url", "http://h:1"});
  return Bad(std::move(arguments));
}

TEST(FlagsTest, AUrlAloneIsEnough) {
  const auto parsed = Parse({"--runtime.url", "http://h:1"});
  ASSERT_TRUE(parsed) << parsed.error().message;
  EXPECT_EQ(parsed->invocation.action, Action::kServe);
  const Config& config = parsed->config;
  ASSERT_EQ(config.targets.size(), 1U);
  const Target& target = config.targets[0];
  EXPECT_EQ(target.name, "");
  EXPECT_EQ(target.url.origin, "http://h:1");
  EXPECT_EQ(target.plugin_base, "/metrics");
  EXPECT_EQ(target.layout, std::nullopt);
  EXPECT_EQ(target.pool_size, std::nullopt);
  EXPECT_EQ(target.credential.kind, Credential::Kind::kNone);
  EXPECT_EQ(target.interval, 5s);
  EXPECT_EQ(target.timeout, 3s);
  EXPECT_EQ(target.stale_after, 13s);
  EXPECT_EQ(target.peak_window, 60s);
  EXPECT_EQ(target.max_body, 16U << 20U);
  EXPECT_EQ(target.app_limit, 2000U);
  EXPECT_EQ(target.worker_limit, 1000U);
  EXPECT_EQ(config.listen, std::vector<std::string>{":10077"});
  EXPECT_EQ(config.telemetry_path, "/metrics");
  EXPECT_EQ(config.log_level, LogLevel::kInfo);
  EXPECT_EQ(config.log_format, LogFormat::kLogfmt);
}

TEST(FlagsTest, EveryFlagReachesTheConfig) {
  const Config config = Good({"--runtime.name",
                              "blue",
                              "--runtime.plugin-base",
                              "/m/",
                              "--runtime.layout=api",
                              "--runtime.pool-size",
                              "100",
                              "--runtime.api-key-file",
                              "/run/key",
                              "--poll.interval=1m30s",
                              "--poll.timeout",
                              "2s",
                              "--poll.stale-after",
                              "10m",
                              "--poll.peak-window",
                              "5m",
                              "--poll.max-body",
                              "1MiB",
                              "--app.limit",
                              "7",
                              "--worker.limit",
                              "0",
                              "--web.listen-address",
                              "127.0.0.1:1",
                              "--web.listen-address",
                              "[::1]:2",
                              "--web.telemetry-path",
                              "/m",
                              "--log.level",
                              "debug",
                              "--log.format",
                              "json"});
  const Target& target = config.targets.at(0);
  EXPECT_EQ(target.name, "blue");
  EXPECT_EQ(target.plugin_base, "/m");
  EXPECT_EQ(target.layout, Layout::kApi);
  EXPECT_EQ(target.pool_size, 100);
  EXPECT_EQ(target.credential, (Credential{Credential::Kind::kApiKey, "", "/run/key"}));
  EXPECT_EQ(target.interval, 90s);
  EXPECT_EQ(target.timeout, 2s);
  EXPECT_EQ(target.stale_after, 10min);
  EXPECT_EQ(target.peak_window, 5min);
  EXPECT_EQ(target.max_body, 1U << 20U);
  EXPECT_EQ(target.app_limit, 7U);
  EXPECT_EQ(target.worker_limit, 0U);
  EXPECT_EQ(config.listen, (std::vector<std::string>{"127.0.0.1:1", "[::1]:2"}));
  EXPECT_EQ(config.telemetry_path, "/m");
  EXPECT_EQ(config.log_level, LogLevel::kDebug);
  EXPECT_EQ(config.log_format, LogFormat::kJson);
}

TEST(FlagsTest, TheLastOfARepeatedFlagWins) {
  EXPECT_EQ(Good({"--poll.interval", "5s", "--poll.interval", "7s"}).targets[0].interval, 7s);
}

TEST(FlagsTest, DefaultsFollowTheInterval) {
  const Target target = Good({"--poll.interval", "1s"}).targets[0];
  EXPECT_EQ(target.timeout, 1s);
  EXPECT_EQ(target.stale_after, 3s);
}

TEST(FlagsTest, ThePluginMayBeMountedAtTheRoot) {
  EXPECT_EQ(Good({"--runtime.plugin-base", "/"}).targets[0].plugin_base, "");
}

TEST(FlagsTest, SeveralRuntimesHaveNames) {
  const auto parsed =
      Parse({"--runtime.url", "blue=http://h:1", "--runtime.url", "green=http://h:2/metrics/api/stats"});
  ASSERT_TRUE(parsed) << parsed.error().message;
  ASSERT_EQ(parsed->config.targets.size(), 2U);
  EXPECT_EQ(parsed->config.targets[0].name, "blue");
  EXPECT_EQ(parsed->config.targets[1].name, "green");
  EXPECT_EQ(parsed->config.targets[1].url.exact_stats, "/metrics/api/stats");
  EXPECT_EQ(Bad({"--runtime.url", "blue=http://h:1", "--runtime.url", "http://h:2"}),
            "--runtime.url 'http://h:2': each of several runtimes needs a name: write NAME=http://h:2");
  EXPECT_EQ(Bad({"--runtime.url", "a=http://h:1", "--runtime.url", "a=http://h:2"}),
            "--runtime.url 'a': another runtime has this name: choose another one");
}

TEST(FlagsTest, AWrongValueNamesFlagValueAndWhatIsAllowed) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> cases = {
      {{"--poll.interval", "5x"},
       "--poll.interval '5x': expected a duration such as 500ms, 5s or 1m30s (units: ms, s, m, h, d)"},
      {{"--poll.interval", "10ms"}, "--poll.interval '10ms': expected at least 100ms"},
      {{"--poll.timeout", "6s"}, "--poll.timeout '6s': expected at most the interval, 5s"},
      {{"--poll.stale-after", "1s"}, "--poll.stale-after '1s': expected at least 5s"},
      {{"--poll.max-body", "12"}, "--poll.max-body '12': expected 1KiB to 1GiB"},
      {{"--poll.max-body", "lots"},
       "--poll.max-body 'lots': expected a size such as 65536, 512KiB or 64MiB (units: B, KiB, MiB, GiB, KB, "
       "MB, GB)"},
      {{"--worker.limit", "-1"}, "--worker.limit '-1': expected a whole number from 0 to 1000000"},
      {{"--runtime.pool-size", "0"}, "--runtime.pool-size '0': expected a whole number from 1 to 1000000"},
      {{"--runtime.pool-size", "1e3"},
       "--runtime.pool-size '1e3': expected a whole number from 1 to 1000000"},
      {{"--runtime.layout", "new"},
       "--runtime.layout 'new': expected one of auto, admin, api, documented, open"},
      {{"--runtime.plugin-base", "metrics"},
       "--runtime.plugin-base 'metrics': expected a path that starts with / and has no spaces, ? or #"},
      {{"--web.telemetry-path", "/"},
       "--web.telemetry-path '/': /, /apps, /app, /workers, /worker, /targets, /probe, /config, /api, /-/…, "
       "/api/…, /assets/…, "
       "/metrics/api/metrics/… are reserved: "
       "choose another path"},
      {{"--web.telemetry-path", "/-/x"},
       "--web.telemetry-path '/-/x': /, /apps, /app, /workers, /worker, /targets, /probe, /config, /api, "
       "/-/…, /api/…, /assets/…, "
       "/metrics/api/metrics/… are reserved: "
       "choose another path"},
      {{"--log.level", "loud"}, "--log.level 'loud': expected one of info, debug, warn, error"},
      {{"--log.format", "xml"}, "--log.format 'xml': expected one of logfmt, json"},
      {{"--runtime.name", "a\nb"},
       "--runtime.name 'a?b': expected a name of at most 128 printable characters"},
      {{"--once=maybe"}, "--once 'maybe': expected true or false"},
      {{"--poll.interval"}, "--poll.interval needs a value (--help lists the flags)"},
      {{"--poll.intervall", "5s"},
       "'--poll.intervall' is not a flag: did you mean --poll.interval? (--help lists the flags)"},
      {{"--nothing.like-it"}, "'--nothing.like-it' is not a flag (--help lists the flags)"},
      {{"stray"}, "'stray' is not a flag (--help lists the flags)"}};
  for (const auto& [arguments, message] : cases) EXPECT_EQ(BadWithUrl(arguments), message);
}

TEST(FlagsTest, AUrlIsNeeded) {
  EXPECT_EQ(Bad({}),
            "--runtime.url is missing: name the runtime, for example --runtime.url http://localhost:8000");
  EXPECT_EQ(Bad({"--runtime.url", "localhost:8000"}),
            "--runtime.url 'localhost:8000': has no scheme: expected http://HOST:PORT or https://HOST:PORT");
}

TEST(FlagsTest, AUrlWithCredentialsIsRefusedWithoutRepeatingThem) {
  for (const char* url : {"http://user:hunter2@h:1", "blue=http://user:hunter2@h:1"}) {
    const std::string message = Bad({"--runtime.url", url});
    EXPECT_EQ(
        message,
        "--runtime.url '…': holds credentials (user:password@): put the secret into a file and name it with "
        "--runtime.api-key-file");
  }
}

TEST(FlagsTest, Actions) {
  EXPECT_EQ(ParseOnly({"--version"})->text, "version text\n");
  EXPECT_EQ(ParseOnly({"--metrics.list"})->action, Action::kListAsMarkdown);
  EXPECT_EQ(ParseOnly({"--metrics.list=json"})->action, Action::kListAsJson);
  EXPECT_EQ(Bad({"--metrics.list=xml"}), "--metrics.list 'xml': expected one of markdown, json");
  EXPECT_EQ(ParseOnly({"--once"})->action, Action::kOnce);
  EXPECT_EQ(ParseOnly({"--once=false"})->action, Action::kServe);
  EXPECT_EQ(ParseOnly({"--config.check"})->action, Action::kCheck);
}

TEST(FlagsTest, HelpNamesEveryFlagInNarrowLines) {
  const std::string help = ParseOnly({"--help"})->text;
  for (const Flag& flag : FlagTable()) {
    EXPECT_NE(help.find("--" + std::string(flag.name)), std::string::npos) << flag.name;
  }
  for (std::size_t at = 0; at < help.size();) {
    const std::size_t end = help.find('\n', at);
    EXPECT_LE(end - at, 110U) << help.substr(at, end - at);
    at = end + 1;
  }
}

// The environment is the process's own: set for the time of one test.
class EnvironmentTest : public ::testing::Test {
 protected:
  void Set(const char* name, const char* value) {
    setenv(name, value, 1);
    names_.push_back(name);
  }
  ~EnvironmentTest() override {
    for (const char* name : names_) unsetenv(name);
  }

 private:
  std::vector<const char*> names_;
};

TEST_F(EnvironmentTest, StandsInForFlagsThatAreNotGiven) {
  Set("BUNTIME_EXPORTER_RUNTIME_URL", "http://from-environment:1");
  Set("BUNTIME_EXPORTER_POLL_INTERVAL", "7s");
  Set("BUNTIME_EXPORTER_WEB_LISTEN_ADDRESS", "127.0.0.1:1,[::1]:2");
  const auto parsed = Parse({"--poll.interval", "9s"});
  ASSERT_TRUE(parsed) << parsed.error().message;
  EXPECT_EQ(parsed->config.targets[0].url.origin, "http://from-environment:1");
  EXPECT_EQ(parsed->config.targets[0].interval, 9s);
  EXPECT_EQ(parsed->config.listen, (std::vector<std::string>{"127.0.0.1:1", "[::1]:2"}));
}

TEST_F(EnvironmentTest, ItsValuesAreCheckedLikeFlags) {
  Set("BUNTIME_EXPORTER_POLL_INTERVAL", "soon");
  EXPECT_EQ(BadWithUrl({}).substr(0, 24), "--poll.interval 'soon': ");
}

// Kubernetes sets variables of this form for a Service called buntime-exporter.
TEST_F(EnvironmentTest, ServiceLinksOfKubernetesAreNoFlags) {
  Set("BUNTIME_EXPORTER_PORT", "tcp://10.0.0.1:10077");
  Set("BUNTIME_EXPORTER_SERVICE_HOST", "10.0.0.1");
  Good({});
}

TEST(FlagsTest, StreamsHaveAnIntervalAndALimit) {
  EXPECT_EQ(Good({}).sse_interval, 1s);
  EXPECT_EQ(Good({}).sse_clients, 200U);
  EXPECT_EQ(Good({"--web.sse-interval", "250ms"}).sse_interval, 250ms);
  EXPECT_EQ(Good({"--web.sse-interval", "60s", "--web.sse-clients", "0"}).sse_interval, 60s);
  EXPECT_EQ(BadWithUrl({"--web.sse-interval", "249ms"}),
            "--web.sse-interval '249ms': expected at least 250ms");
  EXPECT_EQ(BadWithUrl({"--web.sse-interval", "61s"}), "--web.sse-interval '61s': expected at most 1m");
  EXPECT_EQ(BadWithUrl({"--web.sse-clients", "1001"}),
            "--web.sse-clients '1001': expected a whole number from 0 to 1000");
}

TEST(FlagsTest, TheDocumentedTextEndpointCanBeSwitchedOff) {
  EXPECT_TRUE(Good({}).prometheus_api);
  EXPECT_FALSE(Good({"--web.prometheus=false"}).prometheus_api);
  EXPECT_EQ(BadWithUrl({"--web.prometheus", "no"}), "--web.prometheus 'no': expected true or false");
}

TEST(FlagsTest, TheMetricsMayNotTakeThePlaceOfAnotherPage) {
  for (const char* const path :
       {"/", "/workers", "/targets", "/probe", "/config", "/api/view", "/assets/app.js", "/-/x",
        "/metrics/api/metrics/stats", "/metrics/api/metrics/"}) {
    EXPECT_EQ(BadWithUrl({"--web.telemetry-path", path}),
              "--web.telemetry-path '" + std::string(path) +
                  "': /, /apps, /app, /workers, /worker, /targets, /probe, /config, /api, /-/…, /api/…, "
                  "/assets/…, /metrics/api/metrics/… are "
                  "reserved: choose another path");
  }
  const std::string text = "/metrics/api/metrics/prometheus";
  EXPECT_EQ(
      BadWithUrl({"--web.telemetry-path", text.c_str()}),
      "--web.telemetry-path '" + text + "': this path is in use: add --web.prometheus=false to free it");
  EXPECT_EQ(Good({"--web.telemetry-path", text.c_str(), "--web.prometheus=false"}).telemetry_path, text);
}

TEST(FlagsTest, TheMetricsAreServedWhereTheFlagSays) {
  for (const char* const path : {"/metrics/", "/m//", "/workers/", "/configuration", "/metrics/api"}) {
    EXPECT_EQ(Good({"--web.telemetry-path", path}).telemetry_path, path);
  }
  EXPECT_EQ(BadWithUrl({"--web.telemetry-path", "/m%41"}),
            "--web.telemetry-path '/m%41': expected a path without %");
}

TEST(FlagsTest, MistypedVariablesAreWarnedOf) {
  const std::pair<const char*, const char*> variables[] = {
      {"BUNTIME_EXPORTER_POLL_INTERVL", "did you mean BUNTIME_EXPORTER_POLL_INTERVAL?"},
      {"BUNTIME_EXPORTER_poll_timeout", "did you mean BUNTIME_EXPORTER_POLL_TIMEOUT?"},
      {"BUNTIME_EXPORTER_NOTHING_LIKE_IT", "no flag has that name (--help lists the flags)"},
      // Kubernetes sets these for a Service of that name.
      {"BUNTIME_EXPORTER_SERVICE_HOST", nullptr},
      {"BUNTIME_EXPORTER_SERVICE_PORT_HTTP", nullptr},
      {"BUNTIME_EXPORTER_PORT", nullptr},
      {"BUNTIME_EXPORTER_PORT_10077_TCP_ADDR", nullptr},
      {"BUNTIME_EXPORTER_SHARD_0_SERVICE_PORT", nullptr},
      {"BUNTIME_EXPORTER_LOG_LEVEL", nullptr},
  };
  for (const auto& [name, hint] : variables) {
    setenv(name, "info", 1);
    const auto invocation = ParseOnly({"--runtime.url", "http://localhost"});
    unsetenv(name);
    ASSERT_TRUE(invocation.ok());
    if (hint == nullptr) {
      EXPECT_TRUE(invocation->warnings.empty()) << name;
    } else {
      ASSERT_EQ(invocation->warnings.size(), 1U) << name;
      EXPECT_EQ(invocation->warnings[0], std::string(name) + " in the environment is ignored: " + hint);
    }
  }
}

}  // namespace
}  // namespace buntime
