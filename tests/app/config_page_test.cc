#include "app/config_page.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "config/config_file.h"
#include "config/target_builder.h"

namespace buntime {
namespace {

using namespace std::chrono_literals;

Target Full() {
  Target target;
  target.name = "blue \"#1\": {x}";
  target.url = *ParseRuntimeUrl("https://10.0.0.5:8000/prefix");
  target.plugin_base = "/m";
  target.layout = Layout::kApi;
  target.pool_size = 100;
  target.credential = {Credential::Kind::kBasic, "user", "/run/secrets/password"};
  target.tls = {"/ca.pem", "/cert.pem", "/key.pem", "buntime", true};
  target.interval = 90s;
  target.timeout = 2500ms;
  target.stale_after = 10min;
  target.peak_window = 2min;
  target.max_body = 3 << 20;
  target.app_limit = 12;
  target.worker_limit = 0;
  return target;
}

TEST(ConfigPageTest, ModulesReadBackAsTheSame) {
  Config config;
  auto module = std::make_shared<Module>();
  module->name = "shop: #1";
  module->target = Full();
  module->target.name = "";
  module->target.url = {};
  module->target.timeout = 8s;
  module->target.stale_after = module->target.interval;
  module->target.allowed =
      std::make_shared<const AddressRules>(*AddressRules::Parse({"[fd00::/8]:8000", "10.0.0.0/8", ".svc"}));
  config.modules.push_back(module);
  const std::string page = ConfigPage(config);
  const auto file = ParseConfigFile(page, "/etc/buntime/config.yml");
  ASSERT_TRUE(file) << file.error().message << "\n" << page;
  ASSERT_EQ(file->modules.size(), 1U);
  const auto again = BuildModule(file->modules[0], {}, file->defaults);
  ASSERT_TRUE(again) << again.error().message << "\n" << page;
  EXPECT_TRUE(SameModule(*again, *module)) << page;
}

TEST(ConfigPageTest, ReadsBackAsTheSameTargets) {
  Config config;
  config.targets.push_back(Full());
  config.targets[0].labels = {{"environment", "prod: #1"}, {"on", "yes"}};
  config.targets[0].headers = {{"X-Token", "", "/run/secrets/token", {}}};
  config.targets[0].proxy_url = "http://proxy:3128";
  Target bare = Full();
  bare.name = "bare";
  bare.url = *ParseRuntimeUrl("http://h:1/metrics/admin/stats");
  bare.plugin_base = "";
  bare.layout.reset();
  bare.pool_size.reset();
  bare.tls = {};
  for (const auto kind : {Credential::Kind::kNone, Credential::Kind::kApiKey, Credential::Kind::kBearer}) {
    bare.credential =
        kind == Credential::Kind::kNone ? Credential() : Credential{kind, "", "/run/secrets/key"};
    bare.name += "+";
    config.targets.push_back(bare);
  }
  const std::string page = ConfigPage(config);
  const auto file = ParseConfigFile(page, "/etc/buntime/config.yml");
  ASSERT_TRUE(file) << file.error().message << "\n" << page;
  ASSERT_EQ(file->runtimes.size(), config.targets.size());
  for (std::size_t i = 0; i < config.targets.size(); ++i) {
    const auto target = BuildTarget({&file->runtimes[i]});
    ASSERT_TRUE(target) << target.error().message;
    EXPECT_EQ(*target, config.targets[i]) << page;
  }
}

TEST(ConfigPageTest, ShowsNoValueOfAHeader) {
  Config config;
  config.targets.push_back(Full());
  config.targets[0].headers = {{"X-Tenant", "t3nant", "", {}}};
  const std::string page = ConfigPage(config);
  EXPECT_EQ(page.find("t3nant"), std::string::npos) << page;
  EXPECT_NE(page.find("    headers:\n      X-Tenant: \"<hidden>\"\n"), std::string::npos) << page;
}

TEST(ConfigPageTest, WhatFlagsSayIsAComment) {
  Config config;
  config.listen = {"127.0.0.1:0", "a\nruntimes: b"};
  config.web_config_file = "/etc/web.yml";
  config.log_level = LogLevel::kWarn;
  std::istringstream page(ConfigPage(config));
  std::vector<std::string> lines;
  for (std::string line; std::getline(page, line);) {
    EXPECT_TRUE(line.starts_with("# ")) << line;
    lines.push_back(line);
  }
  for (const char* const line :
       {R"(# --web.listen-address: "127.0.0.1:0")", R"(# --web.listen-address: "a\nruntimes: b")",
        R"(# --web.config.file: "/etc/web.yml")", R"(# --log.level: "warn")"}) {
    EXPECT_NE(std::ranges::find(lines, line), lines.end()) << line;
  }
}

}  // namespace
}  // namespace buntime
