// What the keys of a web configuration file become; which files are refused, and how, is the matter of
// tests/web_config.
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "config/load.h"
#include "config/web_config_file.h"

namespace buntime {
namespace {

using namespace std::chrono_literals;

constexpr const char* kHash = "$2y$10$abcdefghijklmnopqrstuuqflPDzB6gcMhKa1rZqKiun2YGL5sa2u";

TEST(WebConfig, EveryKeyReachesItsField) {
  const auto config = ParseWebConfig(std::string(R"(
tls_server_config:
  cert_file: tls/server.pem
  key: inline key
  client_auth_type: RequireAndVerifyClientCert
  client_ca_file: /abs/ca.pem
  client_allowed_sans: [a.test, 10.0.0.1]
  min_version: TLS11
  max_version: TLS12
  cipher_suites: [TLS_RSA_WITH_AES_128_CBC_SHA, TLS_AES_128_GCM_SHA256]
  prefer_server_cipher_suites: false
  curve_preferences: [CurveP521, X25519]
http_server_config:
  headers: {X-Frame-Options: deny, Content-Security-Policy: none}
basic_auth_users: {prom: )") + kHash + "}\nrate_limit: {interval: 100ms, burst: 7}\n",
                                     "/etc/web.yml");
  ASSERT_TRUE(config) << config.error().message;
  WebConfig expected;
  expected.path = "/etc/web.yml";
  expected.tls = WebTls{
      {"/etc/tls/server.pem", "", "/etc/web.yml:3: tls_server_config.cert_file"},
      {"", "inline key", "/etc/web.yml:4: tls_server_config.key"},
      PemSource{"/abs/ca.pem", "", "/etc/web.yml:6: tls_server_config.client_ca_file"},
      ClientAuth::kRequireAndVerifyClientCert,
      {"a.test", "10.0.0.1"},
      TlsVersion::kTls11,
      TlsVersion::kTls12,
      {"AES128-SHA"},
      {"P-521", "X25519"},
      false,
  };
  expected.headers = {{"X-Frame-Options", "deny"}, {"Content-Security-Policy", "none"}};
  expected.users = {{"prom", kHash}};
  expected.rate_limit = RateLimit{100ms, 7};
  EXPECT_EQ(*config, expected);
}

TEST(WebConfig, DefaultsAreThoseOfTheFormat) {
  const auto config = ParseWebConfig("tls_server_config: {cert: c, key: k}\n", "web.yml");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->tls->min_version, TlsVersion::kTls12);
  EXPECT_EQ(config->tls->max_version, TlsVersion::kTls13);
  EXPECT_EQ(config->tls->client_auth, ClientAuth::kNoClientCert);
  EXPECT_EQ(config->tls->curves, (std::vector<std::string>{"X25519", "P-256", "P-384", "P-521"}));
  EXPECT_TRUE(config->tls->prefer_server_cipher_suites);
  for (const std::string& suite : config->tls->cipher_suites) {
    EXPECT_TRUE(suite.starts_with("ECDHE-")) << suite << " gives no forward secrecy";
  }
  EXPECT_FALSE(config->rate_limit);
}

TEST(WebConfig, SuitesOfTls13AloneExcludeWhatIsOlder) {
  const auto config = ParseWebConfig(
      "tls_server_config: {cert: c, key: k, cipher_suites: [TLS_CHACHA20_POLY1305_SHA256]}\n", "web.yml");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->tls->min_version, TlsVersion::kTls13);
}

TEST(WebConfig, EmptyLocksNothing) {
  for (const char* const text : {"", "\n", "# nothing\n", "tls_server_config: {}\n", "~\n"}) {
    const auto config = ParseWebConfig(text, "");
    ASSERT_TRUE(config) << config.error().message;
    EXPECT_EQ(*config, WebConfig()) << text;
  }
}

TEST(WebConfig, FlagsNameTheFileAndTheHealthPaths) {
  const auto load = [](std::vector<const char*> flags) {
    flags.insert(flags.begin(), {"buntime-exporter", "--runtime.url", "http://h"});
    return LoadConfig(*ParseCommandLine(static_cast<int>(flags.size()), flags.data(), ""));
  };
  EXPECT_EQ(load({})->web_config_file, "");
  EXPECT_FALSE(load({})->health_auth);
  EXPECT_EQ(load({"--web.config.file", "w.yml"})->web_config_file, "w.yml");
  EXPECT_TRUE(load({"--web.health-auth"})->health_auth);
  EXPECT_FALSE(load({"--web.health-auth=false"})->health_auth);
  EXPECT_EQ(load({"--web.health-auth=maybe"}).error().message,
            "--web.health-auth 'maybe': expected true or false");
}

}  // namespace
}  // namespace buntime
