#include "metrics/catalogue.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>

#include "model/label_names.h"

namespace buntime {
namespace {

TEST(CatalogueTest, NamesAreUniqueAndPrefixed) {
  std::set<std::string_view> names;
  for (const Metric& metric : Catalogue()) {
    EXPECT_TRUE(names.insert(metric.name).second) << metric.name;
    EXPECT_TRUE(metric.name.starts_with("buntime_") || metric.name.starts_with("process_")) << metric.name;
    EXPECT_FALSE(metric.help.empty()) << metric.name;
  }
}

// Names, types and HELP texts that the runtime's documents promise.
TEST(CatalogueTest, KeepsTheDocumentedContract) {
  const std::map<std::string_view, std::pair<MetricType, std::string_view>> promised = {
      {"buntime_pool_size", {MetricType::kGauge, "Maximum pool size"}},
      {"buntime_pool_active", {MetricType::kGauge, "Active workers"}},
      {"buntime_pool_idle", {MetricType::kGauge, "Idle workers"}},
      {"buntime_pool_creating", {MetricType::kGauge, "Workers being created"}},
      {"buntime_pool_total", {MetricType::kGauge, "Total workers"}},
      {"buntime_pool_utilization", {MetricType::kGauge, "Pool utilization ratio"}},
      {"buntime_uptime_seconds", {MetricType::kCounter, "Server uptime in seconds"}}};
  for (const auto& [name, promise] : promised) {
    EXPECT_EQ(CatalogueEntry(name).type, promise.first) << name;
    EXPECT_EQ(CatalogueEntry(name).help, promise.second) << name;
    EXPECT_EQ(CatalogueEntry(name).labels, "") << name;
  }
}

TEST(CatalogueTest, NamesFollowTheirTypes) {
  for (const Metric& metric : Catalogue()) {
    const bool total = metric.name.ends_with("_total");
    // Two are promised so; the third is the sum of the first.
    if (metric.name == "buntime_pool_total" || metric.name == "buntime_uptime_seconds") continue;
    if (metric.name == "buntime_fleet_pool_total") continue;
    EXPECT_EQ(total, metric.type == MetricType::kCounter) << metric.name;
  }
}

TEST(CatalogueTest, HasNoLabelThatBelongsToThePrometheusServer) {
  for (const Metric& metric : Catalogue()) {
    for (const char* label : {"instance", "job", "env", "runtime"}) {
      EXPECT_EQ(("," + std::string(metric.labels) + ",").find("," + std::string(label) + ","),
                std::string::npos)
          << metric.name;
    }
  }
}

// What a configuration may not call a label of its own is what the catalogue uses, and no more.
TEST(CatalogueTest, ItsLabelsAreReserved) {
  std::set<std::string> used = {"runtime", "le", "quantile"};
  for (const Metric& metric : Catalogue()) {
    std::istringstream labels{std::string(metric.labels)};
    for (std::string label; std::getline(labels, label, ',');) used.insert(label);
  }
  EXPECT_EQ(used, std::set<std::string>(kReservedLabels.begin(), kReservedLabels.end()));
  EXPECT_TRUE(IsReservedLabel("__name__"));
  EXPECT_TRUE(IsReservedLabel("instance"));
  EXPECT_FALSE(IsReservedLabel("environment"));
}

TEST(CatalogueTest, UnknownNamesAreABug) {
  EXPECT_THROW(CatalogueEntry("buntime_nothing"), std::out_of_range);
}

TEST(CatalogueTest, ListsEveryMetricInBothForms) {
  const std::string markdown = CatalogueAsMarkdown();
  const std::string json = CatalogueAsJson();
  EXPECT_EQ(static_cast<std::size_t>(std::ranges::count(markdown, '\n')), Catalogue().size() + 2);
  for (const Metric& metric : Catalogue()) {
    EXPECT_NE(markdown.find("| `" + std::string(metric.name) + "` |"), std::string::npos);
    EXPECT_NE(json.find("\"name\": \"" + std::string(metric.name) + "\""), std::string::npos);
  }
  EXPECT_NE(json.find(R"("labels": ["app", "version", "state"])"), std::string::npos);
  EXPECT_NE(json.find(R"("labels": []})"), std::string::npos);
}

}  // namespace
}  // namespace buntime
