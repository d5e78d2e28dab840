#include "config/config_file.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "config/load.h"

namespace buntime {
namespace {

using namespace std::chrono_literals;

// A folder of its own for each test.
class ConfigFileTest : public ::testing::Test {
 protected:
  ConfigFileTest()
      : folder_(std::filesystem::temp_directory_path() / ("buntime-config-" + std::to_string(getpid()))) {
    std::filesystem::create_directories(folder_);
  }
  ~ConfigFileTest() override { std::filesystem::remove_all(folder_); }

  std::string Write(const std::string& text) {
    const std::string path = folder_ / "buntime.yml";
    std::ofstream(path) << text;
    return path;
  }

  Result<Config> Load(const std::string& text, std::vector<std::string> flags = {}) {
    const std::string path = Write(text);
    std::vector<const char*> argv = {"buntime-exporter", "--config.file", path.c_str()};
    for (const std::string& flag : flags) argv.push_back(flag.c_str());
    const auto invocation = ParseCommandLine(static_cast<int>(argv.size()), argv.data(), "");
    return LoadConfig(*invocation);
  }

  // The message with the folder cut out.
  std::string Why(const std::string& text) {
    const auto config = Load(text);
    if (config) return "accepted";
    std::string message = config.error().message;
    for (auto at = message.find(folder_.string()); at != std::string::npos;
         at = message.find(folder_.string())) {
      message.replace(at, folder_.string().size() + 1, "");
    }
    return message;
  }

  const std::filesystem::path folder_;
};

constexpr const char* kFull = R"(
poll: {interval: 10s, timeout: 2s, stale_after: 1m, peak_window: 2m, max_body: 1MiB}
worker_limit: 7
runtimes:
  - name: blue
    url: https://10.0.0.5:8000
    plugin_base: /m
    layout: admin
    pool_size: 100
    api_key_file: keys/blue
    tls: {ca_file: ca.pem, cert_file: /abs/c.pem, key_file: k.pem, server_name: buntime, insecure_skip_verify: true}
  - name: green
    url: http://10.0.0.6:8000
    basic_auth: {username: u, password_file: pw}
    poll: {interval: 30s}
    worker_limit: 0
  - name: red
    url: http://10.0.0.7:8000
    bearer_token_file: token
)";

TEST_F(ConfigFileTest, EveryKeyReachesItsTarget) {
  const auto config = Load(kFull);
  ASSERT_TRUE(config) << config.error().message;
  ASSERT_EQ(config->targets.size(), 3U);
  const Target& blue = config->targets[0];
  EXPECT_EQ(blue.name, "blue");
  EXPECT_EQ(blue.url.origin, "https://10.0.0.5:8000");
  EXPECT_EQ(blue.plugin_base, "/m");
  EXPECT_EQ(blue.layout, Layout::kAdmin);
  EXPECT_EQ(blue.pool_size, 100);
  EXPECT_EQ(blue.credential, (Credential{Credential::Kind::kApiKey, "", folder_ / "keys/blue"}));
  EXPECT_EQ(blue.tls, (TlsClient{folder_ / "ca.pem", "/abs/c.pem", folder_ / "k.pem", "buntime", true}));
  EXPECT_EQ(blue.interval, 10s);
  EXPECT_EQ(blue.timeout, 2s);
  EXPECT_EQ(blue.stale_after, 60s);
  EXPECT_EQ(blue.peak_window, 120s);
  EXPECT_EQ(blue.max_body, 1U << 20U);
  EXPECT_EQ(blue.worker_limit, 7U);
  const Target& green = config->targets[1];
  EXPECT_EQ(green.credential, (Credential{Credential::Kind::kBasic, "u", folder_ / "pw"}));
  EXPECT_EQ(green.interval, 30s);
  EXPECT_EQ(green.timeout, 2s);
  EXPECT_EQ(green.worker_limit, 0U);
  EXPECT_EQ(config->targets[2].credential, (Credential{Credential::Kind::kBearer, "", folder_ / "token"}));
}

TEST_F(ConfigFileTest, FilesKnowWhereTheyAreNamed) {
  const std::string file = (folder_ / "buntime.yml").string();
  const auto config = Load(kFull);
  ASSERT_TRUE(config) << config.error().message;
  const Target& blue = config->targets[0];
  EXPECT_EQ(blue.credential.file_place.text, file + ":10: runtimes[0].api_key_file");
  for (const auto& [place, key] : {std::pair(blue.tls.ca_place, "ca_file"),
                                   {blue.tls.cert_place, "cert_file"},
                                   {blue.tls.key_place, "key_file"},
                                   {blue.tls.verify_place, "insecure_skip_verify"}}) {
    EXPECT_EQ(place.text, file + ":11: runtimes[0].tls." + key);
  }
  // A line more above changes the places, and nothing of the targets.
  EXPECT_EQ(Load(std::string("# new\n") + kFull)->targets, config->targets);
}

TEST_F(ConfigFileTest, FlagsWin) {
  const auto config =
      Load(kFull, {"--poll.interval", "20s", "--worker.limit", "5", "--runtime.pool-size", "9"});
  ASSERT_TRUE(config) << config.error().message;
  for (const Target& target : config->targets) {
    EXPECT_EQ(target.interval, 20s);
    EXPECT_EQ(target.worker_limit, 5U);
    EXPECT_EQ(target.pool_size, 9);
  }
}

TEST_F(ConfigFileTest, OneNameIsNotForSeveralRuntimes) {
  const auto config = Load(kFull, {"--runtime.name", "x"});
  ASSERT_FALSE(config);
  EXPECT_EQ(
      config.error().message,
      "--runtime.name 'x': the configuration file has several runtimes, which cannot share a name: leave the "
      "flag out");
}

TEST_F(ConfigFileTest, ARuntimeOnTheCommandLineReplacesThoseOfTheFile) {
  const auto config = Load(kFull, {"--runtime.url", "http://h:1"});
  ASSERT_TRUE(config) << config.error().message;
  ASSERT_EQ(config->targets.size(), 1U);
  EXPECT_EQ(config->targets[0].url.origin, "http://h:1");
  EXPECT_EQ(config->targets[0].interval, 10s);
}

constexpr const char* kModules = R"(
poll: {interval: 5s, timeout: 1s, peak_window: 30s}
worker_limit: 7
modules:
  shop:
    api_key_file: keys/shop
    layout: admin
    plugin_base: /m
    pool_size: 50
    timeout: 8s
    tls: {ca_file: ca.pem}
    poll: {interval: 15s, max_body: 1MiB}
    allowed_targets: ["10.0.0.0/8:8000", .buntime.svc]
  default:
    allowed_targets: [127.0.0.1/32]
)";

TEST_F(ConfigFileTest, ModulesNeedNoRuntimeAndTakeNoCredentialOfOne) {
  const auto config = Load(kModules, {"--runtime.api-key-file", "/run/other", "--poll.timeout", "2s"});
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_TRUE(config->targets.empty());
  ASSERT_EQ(config->modules.size(), 2U);
  const Module& plain = *config->modules[0];
  EXPECT_EQ(plain.name, "default");
  EXPECT_EQ(plain.target.credential, Credential());
  EXPECT_EQ(plain.target.timeout, 60s) << "that of polls is for polls";
  EXPECT_EQ(plain.target.peak_window, 30s);
  EXPECT_EQ(plain.target.worker_limit, 7U);
  EXPECT_EQ(plain.target.name, "");
  const Module& shop = *config->modules[1];
  EXPECT_EQ(shop.name, "shop");
  EXPECT_EQ(shop.target.credential, (Credential{Credential::Kind::kApiKey, "", folder_ / "keys/shop"}));
  EXPECT_EQ(shop.target.tls, (TlsClient{folder_ / "ca.pem", "", "", "", false}));
  EXPECT_EQ(shop.target.layout, Layout::kAdmin);
  EXPECT_EQ(shop.target.plugin_base, "/m");
  EXPECT_EQ(shop.target.pool_size, 50);
  EXPECT_EQ(shop.target.timeout, 8s);
  EXPECT_EQ(shop.target.interval, 15s);
  EXPECT_EQ(shop.target.max_body, 1U << 20U);
  EXPECT_EQ(shop.target.allowed->Texts(), (std::vector<std::string>{"10.0.0.0/8:8000", ".buntime.svc"}));
  EXPECT_EQ(config->probe_timeout_offset, 500ms);
  EXPECT_EQ(Load(kModules, {"--probe.timeout-offset", "1s"})->probe_timeout_offset, 1s);
}

TEST_F(ConfigFileTest, AModuleThatIsReadAgainIsTheSame) {
  const auto first = Load(kModules);
  const auto again = Load(std::string("# new\n") + kModules);
  EXPECT_TRUE(SameModule(*first->modules[1], *again->modules[1]));
  EXPECT_FALSE(SameModule(*first->modules[0], *again->modules[1]));
  std::string changed = kModules;
  changed.replace(changed.find("127.0.0.1/32"), 12, "127.0.0.2/32");
  EXPECT_FALSE(SameModule(*first->modules[0], *Load(changed)->modules[0]));
}

TEST_F(ConfigFileTest, SaysWhereAndWhatIsWrong) {
  const std::string one = "runtimes:\n  - {name: a, url: \"http://h:1\"}\n";
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"pol: {}\n", "buntime.yml:1: unknown key 'pol': did you mean poll?"},
      {"modules: []\n", "buntime.yml:1: modules has to be a mapping of keys to values, key: value"},
      {"modules:\n  a: {url: \"http://h\"}\n",
       "buntime.yml:2: unknown key 'modules.a.url': the scrape names the target: leave it out, and allow it "
       "with allowed_targets"},
      {"modules:\n  a:\n    poll: {stale_after: 1m}\n",
       "buntime.yml:3: unknown key 'modules.a.poll.stale_after': an answer of /probe is never an old one: "
       "leave it out"},
      {"modules:\n  a: {timeout: 5s}\n",
       "buntime.yml:2: modules.a has no allowed_targets: name the networks or hosts that may be probed, such "
       "as "
       "10.0.0.0/8:8000"},
      {"modules:\n  a:\n    allowed_targets: [\"10.0.0.0/99\"]\n",
       "buntime.yml:3: modules.a.allowed_targets: '10.0.0.0/99' is no network, host or suffix: expected one "
       "like "
       "10.0.0.0/8:8000, [fd00::/8]:8000, buntime.shop.svc or .svc.cluster.local"},
      {"modules:\n  a:\n    timeout: 2m\n    allowed_targets: [h]\n",
       "buntime.yml:3: modules.a.timeout '2m': expected at most 1m"},
      {one + "poll: {intervall: 5s}\n",
       "buntime.yml:3: unknown key 'poll.intervall': did you mean interval?"},
      {one + "poll: {interval: 5x}\n",
       "buntime.yml:3: poll.interval '5x': expected a duration such as 500ms, 5s or 1m30s (units: ms, s, m, "
       "h, d)"},
      {one + "poll: 5s\n", "buntime.yml:3: poll has to be a mapping of keys to values, key: value"},
      {one + "worker_limit: [1]\n",
       "buntime.yml:3: worker_limit has to be a single value, not a list or a mapping"},
      {one + "worker_limit: 1\nworker_limit: 2\n",
       "buntime.yml:4: the key 'worker_limit' stands twice: drop one of them"},
      {"runtimes: 5\n",
       "buntime.yml:1: runtimes has to be a list: write - {name: NAME, url: http://HOST:PORT} below it"},
      {"runtimes:\n  - {name: a}\n", "buntime.yml:2: runtimes[0] has no url: write url: http://HOST:PORT"},
      {"runtimes:\n  - http://h\n",
       "buntime.yml:2: runtimes[0] has to be a mapping of keys to values, key: value"},
      {"runtimes:\n  - url: http://h\n    colour: blue\n",
       "buntime.yml:3: unknown key 'runtimes[0].colour': expected name, url, labels, proxy_url, plugin_base, "
       "layout, pool_size, api_key_file, bearer_token_file, basic_auth, headers, tls, poll, app_limit, "
       "worker_limit"},
      {"runtimes:\n  - url: http://h\n    tls: {ca: x}\n",
       "buntime.yml:3: unknown key 'runtimes[0].tls.ca': expected ca_file, cert_file, key_file, server_name, "
       "insecure_skip_verify"},
      {"runtimes:\n  - url: http://h\n    api_key_file: \"\"\n",
       "buntime.yml:3: runtimes[0].api_key_file is empty: leave the key out instead"},
      {"runtimes:\n  - url: http://user:hunter2@h\n",
       "buntime.yml:2: runtimes[0].url '…': holds credentials (user:password@): put the secret into a file "
       "and name it "
       "with --runtime.api-key-file"},
      {"runtimes:\n  - url: http://h\n    tls: {insecure_skip_verify: 1}\n",
       "buntime.yml:3: runtimes[0].tls.insecure_skip_verify '1': expected true or false"},
      {"runtimes:\n  - url: http://h\n    api_key_file: a\n    bearer_token_file: b\n",
       "buntime.yml:4: runtimes[0].bearer_token_file 'b': another credential is given: choose one of "
       "api_key_file, "
       "bearer_token_file, basic_auth"},
      {"runtimes:\n  - url: http://h\n    basic_auth: {username: u}\n",
       "buntime.yml:3: runtimes[0].basic_auth.username 'u': basic_auth.password_file is missing beside it"},
      {"runtimes:\n  - url: http://h\n    basic_auth: {password_file: p}\n",
       "buntime.yml:3: runtimes[0].basic_auth.password_file 'p': basic_auth.username is missing beside it"},
      {"runtimes:\n  - url: http://h\n    tls: {cert_file: c}\n",
       "buntime.yml:3: runtimes[0].tls.cert_file 'c': a certificate and its key belong together: give "
       "tls.cert_file and "
       "tls.key_file"},
      {"runtimes:\n  - {url: \"http://a\"}\n  - {url: \"http://b\", name: b}\n",
       "buntime.yml:2: runtimes[0].url 'http://a': each of several runtimes needs a name: write name: NAME "
       "beside it"},
      {"runtimes:\n  - {url: \"http://a\", name: b}\n  - {url: \"http://b\", name: b}\n",
       "buntime.yml:3: runtimes[1].name 'b': another runtime has this name already, see buntime.yml:2: "
       "runtimes[0].name: choose another one"},
      {"",
       "the configuration file buntime.yml is empty: write runtimes: [{url: \"http://HOST:PORT\"}] into it, "
       "or give --runtime.url"},
      {"worker_limit: 1\n",
       "the configuration file buntime.yml has neither runtimes nor modules: write runtimes: [{url: "
       "\"http://HOST:PORT\"}] into it, or give --runtime.url"},
      {"- a\n", "buntime.yml:1: the file has to be a mapping of keys to values, key: value"},
      {"runtimes: [\n", "buntime.yml:2: a [ above is not closed: add the ] (end of sequence flow not found)"},
      {"? [a]\n: b\n", "buntime.yml:1: a key has to be a plain word: write key: value"}};
  for (const auto& [text, message] : cases) {
    std::string why = Why(text);
    // Relative paths have become absolute in it: the folder is the test's own.
    EXPECT_EQ(why, message) << text;
  }
}

// What stands behind "runtimes: [{url: http://h, " is judged; the place is cut off.
TEST_F(ConfigFileTest, LabelsHeadersAndProxyAreChecked) {
  const std::string many = [] {
    std::string text = "labels: {";
    for (int i = 0; i < 17; ++i) text += "l" + std::to_string(i) + ": v, ";
    return text + "}";
  }();
  const std::string name = "expected a name of letters, digits and _, not a digit first, at most 64";
  const std::string taken = "series have this label already, or it is reserved: choose another name";
  const std::string own = "the exporter, or the connection, sets this header itself: leave it out";
  const std::string both = "the credential that is configured is sent in this header: leave one of them out";
  const std::string value =
      "expected a value of one line of printable text, at most 4KiB, without spaces around it";
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"labels: {environment: prod, team: 7}", "accepted"},
      {"labels: {1st: a}", "labels.1st 'a': " + name},
      {"labels: {env-name: a}", "labels.env-name 'a': " + name},
      {"labels: {" + std::string(65, 'a') + ": a}", "labels." + std::string(65, 'a') + " 'a': " + name},
      {"labels: {app: a}", "labels.app 'a': " + taken},
      {"labels: {runtime: a}", "labels.runtime 'a': " + taken},
      {"labels: {quantile: a}", "labels.quantile 'a': " + taken},
      {"labels: {__meta: a}", "labels.__meta 'a': " + taken},
      {"labels: {job: a}", "labels.job 'a': Prometheus sets this label itself: choose another name"},
      {"labels: {team: \"a\\nb\"}",
       "labels.team 'a?b': expected a value of at most 256 bytes of printable text"},
      {"labels: {team: \"" + std::string(257, 'x') + "\"}",
       "labels.team '" + std::string(80, 'x') +
           "…': expected a value of at most 256 bytes of printable text"},
      {"labels: {team: }", "labels.team is empty: leave the key out instead"},
      {"labels: {team: [a]}", "labels.team has to be a single value, not a list or a mapping"},
      {"labels: {a: 1, a: 2}", "the key 'a' stands twice: drop one of them"},
      {"labels: prod", "labels has to be a mapping of keys to values, key: value"},
      {many, "labels.l9 'v': a runtime has at most 16 labels: leave out those that nothing is selected by"},
      {"headers: {Host: shop, X-Tenant: blue, X-Token: {file: f}, Authorization: {file: f}}", "accepted"},
      {"api_key_file: k, headers: {Authorization: {file: f}}", "accepted"},
      {"api_key_file: k, headers: {x-api-key: {file: f}}", "headers.x-api-key.file: " + both},
      {"bearer_token_file: k, headers: {Authorization: hunter2}", "headers.Authorization: " + both},
      {"headers: {Authorization: hunter2}",
       "headers.Authorization: its value is a secret: put it into a file and write {file: FILE}"},
      {"headers: {content-length: 5}", "headers.content-length: " + own},
      {"headers: {Transfer-Encoding: chunked}", "headers.Transfer-Encoding: " + own},
      {"headers: {Proxy-Authorization: {file: f}}", "headers.Proxy-Authorization.file: " + own},
      {"headers: {X-A: \"hunter2\\r\\nX-B: c\"}", "headers.X-A: " + value},
      {"headers: {X-A: \" hunter2\"}", "headers.X-A: " + value},
      {"headers: {X-A: \"" + std::string(4097, 'x') + "\"}", "headers.X-A: " + value},
      {"headers: {\"X A\": hunter2}", "headers.X A: expected a name of letters, digits, - and _, at most 64"},
      {"headers: {\"X-A\\r\\nX\": a}",
       "headers.X-A??X: expected a name of letters, digits, - and _, at most 64"},
      {"headers: {X-A: a, x-a: b}",
       "headers.x-a: this header stands twice, upper and lower case are the same: drop one"},
      {"headers: {X-A: {path: hunter2}}", "headers.X-A has to be a single value, or {file: FILE}"},
      {"headers: {X-A: {file: f, value: hunter2}}", "headers.X-A has to be a single value, or {file: FILE}"},
      {"headers: {X-A: {file: [a]}}", "headers.X-A.file has to be a single value, not a list or a mapping"},
      {"proxy_url: http://proxy:3128", "accepted"},
      {"proxy_url: socks5h://127.0.0.1", "accepted"},
      {"proxy_url: proxy:3128",
       "proxy_url 'proxy:3128': expected http://HOST:PORT, https://HOST:PORT, socks5://HOST:PORT or "
       "socks5h://HOST:PORT"},
      {"proxy_url: http://u:hunter2@proxy:3128",
       "proxy_url '…': holds credentials (user:password@), which a proxy is not sent: use one that needs "
       "none"},
      {"proxy_url: http://proxy:3128/x",
       "proxy_url 'http://proxy:3128/x': has no valid host and port after ://: expected HOST:PORT, without a "
       "path"},
  };
  for (const auto& [text, message] : cases) {
    std::string why = Why("runtimes: [{url: http://h, " + text + "}]\n");
    for (const std::string place : {"buntime.yml:1: ", "runtimes[0]."}) {
      if (why.starts_with(place)) why.erase(0, place.size());
    }
    EXPECT_EQ(why, message) << text;
    EXPECT_EQ(why.find("hunter2"), std::string::npos) << why;
  }
}

TEST_F(ConfigFileTest, LabelsHeadersAndProxyReachTheirTargets) {
  const std::string text =
      "modules:\n  m: {allowed_targets: [h], headers: {X-Tenant: green}}\n"
      "runtimes:\n  - url: http://h\n    labels: {team: shop, environment: prod}\n"
      "    headers: {X-Token: {file: keys/t}, Host: shop.internal}\n    proxy_url: http://proxy:3128\n";
  const auto config = Load(text);
  ASSERT_TRUE(config) << config.error().message;
  const Target& target = config->targets[0];
  EXPECT_EQ(target.labels, (std::map<std::string, std::string>{{"environment", "prod"}, {"team", "shop"}}));
  EXPECT_EQ(target.headers, (std::vector<RequestHeader>{{"Host", "shop.internal", "", {}},
                                                        {"X-Token", "", folder_ / "keys/t", {}}}));
  EXPECT_EQ(target.headers[1].file_place.text,
            (folder_ / "buntime.yml").string() + ":6: runtimes[0].headers.X-Token.file");
  EXPECT_EQ(target.proxy_url, "http://proxy:3128");
  EXPECT_EQ(config->modules[0]->target.headers, (std::vector<RequestHeader>{{"X-Tenant", "green", "", {}}}));
  EXPECT_TRUE(config->modules[0]->target.labels.empty());
  EXPECT_EQ(Load("# new\n" + text)->targets, config->targets);
  std::string changed = text;
  changed.replace(changed.find("prod"), 4, "test");
  EXPECT_NE(Load(changed)->targets, config->targets);
}

TEST_F(ConfigFileTest, HostileFilesAreErrors) {
  EXPECT_EQ(Load(std::string(100'000, '[')).ok(), false);
  EXPECT_EQ(Load(std::string(2 << 20, '#')).error().message, "cannot read the configuration file " +
                                                                 (folder_ / "buntime.yml").string() +
                                                                 ": it is longer than 1MiB");
  EXPECT_EQ(Load("a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n").ok(), false);
  EXPECT_EQ(ReadConfigFile(folder_ / "missing.yml").error().message, "cannot read the configuration file " +
                                                                         (folder_ / "missing.yml").string() +
                                                                         ": No such file or directory");
  EXPECT_EQ(ReadConfigFile(folder_).ok(), false);
  EXPECT_EQ(Why("poll: {}\n---\npoll: {interval: 1s}\n"),
            "buntime.yml:2: a second YAML document begins here, and only one is read: remove this line");
}

}  // namespace
}  // namespace buntime
