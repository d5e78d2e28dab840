#include "app/landing_page.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace buntime {
namespace {

TEST(LandingPageTest, SaysHowEachRuntimeDoes) {
  Fleet fleet;
  auto up = std::make_shared<Runtime>();
  up->url = "http://h:1/metrics";
  up->tried = up->up = true;
  auto reading = std::make_shared<Reading>();
  reading->snapshot.workers.resize(3);
  up->reading = reading;
  auto down = std::make_shared<Runtime>();
  down->name = "blue";
  down->url = "http://h:2/metrics";
  down->tried = true;
  down->outcome = Outcome::kTimeout;
  down->error = "no answer";
  auto untried = std::make_shared<Runtime>();
  untried->url = "http://h:3/metrics";
  fleet.runtimes = {up, down, untried};
  const std::string page = LandingPage(fleet, "/metrics", "1.2.3");
  EXPECT_NE(page.find("<li>http://h:1/metrics: up, 3 workers</li>"), std::string::npos);
  EXPECT_NE(page.find("<li>blue, http://h:2/metrics: down (timeout): no answer</li>"), std::string::npos);
  EXPECT_NE(page.find("<li>http://h:3/metrics: not polled yet</li>"), std::string::npos);
  EXPECT_NE(page.find("Version 1.2.3"), std::string::npos);
}

TEST(LandingPageTest, TextFromOutsideIsText) {
  auto runtime = std::make_shared<Runtime>();
  runtime->tried = true;
  runtime->name = "<b>\"x\"&";
  runtime->error = "</li><script>";
  Fleet fleet;
  fleet.runtimes = {runtime};
  const std::string page = LandingPage(fleet, "/m\"><x", "<v>");
  for (const char* raw : {"<b>", "<script>", "\"><x", "<v>"}) {
    EXPECT_EQ(page.find(raw), std::string::npos) << raw;
  }
  EXPECT_NE(page.find("&lt;b&gt;&quot;x&quot;&amp;"), std::string::npos);
}

}  // namespace
}  // namespace buntime
