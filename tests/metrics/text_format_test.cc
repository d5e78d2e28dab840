#include "metrics/text_format.h"

#include <gtest/gtest.h>
#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include <cmath>
#include <string>
#include <utility>
#include <vector>

namespace buntime {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricType;

class Fixed final : public prometheus::Collectable {
 public:
  Fixed(MetricType type, std::vector<ClientMetric> metrics) : family_{"m", "a\\b\nc \"d\"", type, metrics} {}
  std::vector<prometheus::MetricFamily> Collect() const override { return {family_}; }

 private:
  const prometheus::MetricFamily family_;
};

std::string Text(MetricType type, const ClientMetric& metric) {
  std::string text;
  AppendCollected(text, Fixed(type, {metric}));
  const std::string help = "# HELP m a\\\\b\\nc \"d\"\n# TYPE m ";
  EXPECT_TRUE(text.starts_with(help)) << text;
  return text.substr(help.size());
}

TEST(TextFormatTest, WritesEveryTypeThatPrometheusCppHas) {
  ClientMetric metric;
  metric.label = {{"a", "x\"y\\z\n"}};
  metric.counter.value = 1;
  metric.gauge.value = 0.1;
  metric.untyped.value = -3;
  EXPECT_EQ(Text(MetricType::Counter, metric), "counter\nm{a=\"x\\\"y\\\\z\\n\"} 1\n");
  metric.label.clear();
  EXPECT_EQ(Text(MetricType::Gauge, metric), "gauge\nm 0.1\n");
  EXPECT_EQ(Text(MetricType::Untyped, metric), "untyped\nm -3\n");

  metric.summary = {3, 0.75, {{0.5, 0.2}}};
  EXPECT_EQ(Text(MetricType::Summary, metric), "summary\nm{quantile=\"0.5\"} 0.2\nm_sum 0.75\nm_count 3\n");

  metric.label = {{"a", "b"}};
  metric.histogram = {2, 0.5, {{1, 0.25}, {2, INFINITY}}};
  EXPECT_EQ(Text(MetricType::Histogram, metric),
            "histogram\nm_bucket{a=\"b\",le=\"0.25\"} 1\nm_bucket{a=\"b\",le=\"+Inf\"} 2\n"
            "m_sum{a=\"b\"} 0.5\nm_count{a=\"b\"} 2\n");
}

TEST(TextFormatTest, AFamilyWithoutSamplesIsLeftOut) {
  std::string text;
  AppendCollected(text, Fixed(MetricType::Gauge, {}));
  EXPECT_EQ(text, "");
}

}  // namespace
}  // namespace buntime
