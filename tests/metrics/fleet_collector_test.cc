// The fleet as text and the fleet as prometheus-cpp's values, serialized by prometheus-cpp: the same
// families, types, HELP texts, label sets and values.
#include "metrics/fleet_collector.h"

#include <gtest/gtest.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>

#include "metrics/catalogue.h"
#include "metrics/process_stats.h"
#include "metrics/self_metrics.h"
#include "support/exposition_families.h"
#include "support/fleets.h"
#include "support/random_stats.h"
#include "support/snapshots.h"

namespace buntime {
namespace {

FleetCollector CollectorOf(const Fleet& fleet) {
  return FleetCollector([fleet = std::make_shared<const Fleet>(fleet)] { return fleet; });
}

// As an Exposer takes it: through the interface alone.
std::string Serialized(const prometheus::Collectable& collectable) {
  return prometheus::TextSerializer().Serialize(collectable.Collect());
}

// prometheus-cpp 1.0.1 prints sixteen digits where seventeen may be needed.
bool SameValue(double a, double b) {
  return a == b || std::abs(a - b) <= 1e-15 * std::max(std::abs(a), std::abs(b));
}

void ExpectSame(const Families& ours, const Families& theirs) {
  std::set<std::string> names;
  for (const auto* families : {&ours, &theirs}) {
    for (const auto& [name, family] : *families) names.insert(name);
  }
  for (const std::string& name : names) {
    ASSERT_TRUE(ours.contains(name)) << name;
    ASSERT_TRUE(theirs.contains(name)) << name;
    const FamilyText& our = ours.at(name);
    const FamilyText& their = theirs.at(name);
    EXPECT_EQ(our.type, their.type) << name;
    EXPECT_EQ(our.help, their.help) << name;
    for (const auto& [key, value] : our.samples) {
      const auto found = their.samples.find(key);
      if (found == their.samples.end()) {
        ADD_FAILURE() << "only in our text: " << key;
      } else {
        EXPECT_TRUE(SameValue(value, found->second)) << key << ": " << value << " and " << found->second;
      }
    }
    for (const auto& [key, value] : their.samples)
      EXPECT_TRUE(our.samples.contains(key)) << "missing: " << key;
  }
}

void ExpectTextIsWhatIsCollected(const Fleet& fleet) {
  const FleetCollector collector = CollectorOf(fleet);
  std::string text;
  collector.Write(*collector.Latest(), text, {});
  ExpectSame(FamiliesReader(text, HelpIs::kEscaped).Read(),
             FamiliesReader(Serialized(collector), HelpIs::kRaw).Read());
}

// Any subset of the fields, names that need escapes, one to three runtimes in any state.
class RandomFleet {
 public:
  explicit RandomFleet(std::uint64_t seed) : seed_(seed), random_(seed) {}

  Fleet Make() {
    Fleet fleet;
    fleet.revision = 1;
    const std::uint64_t count = 1 + Below(3);
    for (std::uint64_t i = 0; i < count; ++i) {
      auto runtime = std::make_shared<Runtime>();
      if (count > 1) runtime->name = Odd("runtime-" + std::to_string(i));
      // Sets of labels that differ from runtime to runtime are legal in one family.
      if (Chance(2)) runtime->labels["team"] = Odd("shop");
      if (Chance(3)) runtime->labels["environment"] = "prod-" + std::to_string(i);
      runtime->tried = !Chance(5);
      runtime->up = runtime->tried && Chance(2);
      runtime->outcome = static_cast<Outcome>(Below(kOutcomeNames.size()));
      runtime->poll_seconds = Value();
      runtime->last_success_unix_seconds = Value();
      if (Chance(2)) runtime->version = Odd("1.4.0");
      if (!Chance(5)) runtime->reading = MakeReading(seed_ * 3 + i);
      fleet.runtimes.push_back(std::move(runtime));
    }
    return fleet;
  }

 private:
  std::uint64_t Below(std::uint64_t limit) { return random_() % limit; }
  bool Chance(std::uint64_t one_in) { return Below(one_in) == 0; }
  std::optional<double> Value() {
    if (Chance(4)) return std::nullopt;
    return Chance(2) ? static_cast<double>(Below(1000))
                     : std::uniform_real_distribution<double>(0, 1e9)(random_);
  }
  std::string Odd(std::string name) { return Chance(6) ? name + "\\ \"é\"\n" : name; }

  std::shared_ptr<const Reading> MakeReading(std::uint64_t seed) {
    const auto stats = testing::MakeRandomStats(seed);
    auto reading = std::make_shared<Reading>();
    reading->layout = Chance(2) ? Layout::kAdmin : Layout::kDocumented;
    reading->peaks = {Value(), Value(), Value()};
    reading->workers_dropped = Below(3);
    Snapshot& snapshot = reading->snapshot;
    snapshot.dialect = stats.dialect;
    snapshot.pool = stats.pool;
    for (const auto& worker : stats.workers) {
      const Worker named = AddWorker(snapshot, Odd(worker.id), worker.app, worker.version);
      Worker& added = snapshot.workers.back();
      added = worker.values;
      added.id = named.id;
      added.app = named.app;
      added.version = named.version;
      // As where an id comes twice, the first of a name counts; those with odd ends may be two of one.
      const bool twice = std::ranges::any_of(reading->shown, [&](std::uint32_t other) {
        return snapshot.Text(snapshot.workers[other].id) == snapshot.Text(named.id);
      });
      if (!twice && !Chance(10))
        reading->shown.push_back(static_cast<std::uint32_t>(snapshot.workers.size() - 1));
    }
    const std::uint64_t apps = Below(6);
    for (std::uint64_t i = 0; i < apps; ++i) {
      App app;
      app.name = Odd("app-" + std::to_string(i));
      if (Chance(2)) app.version = Odd("2.0");
      for (auto& workers : app.workers) workers = static_cast<std::uint32_t>(Below(3));
      app.requests = Value().value_or(0);
      app.errors = Value();
      app.request_seconds = Value();
      app.heap_used_bytes = Value();
      reading->apps.push_back(std::move(app));
    }
    return reading;
  }

  const std::uint64_t seed_;
  std::mt19937_64 random_;
};

TEST(FleetCollectorTest, TheTextIsWhatIsCollectedFromAFullFleet) { ExpectTextIsWhatIsCollected(FullFleet()); }

TEST(FleetCollectorTest, TheTextIsWhatIsCollectedFromALargeFleet) {
  ExpectTextIsWhatIsCollected(LargeFleet(5000));
}

TEST(FleetCollectorTest, TheTextIsWhatIsCollectedFromAnyFleet) {
  ExpectTextIsWhatIsCollected({});
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE(seed);
    ExpectTextIsWhatIsCollected(RandomFleet(seed).Make());
    if (HasFailure()) break;
  }
}

TEST(FleetCollectorTest, CollectsTypedValues) {
  std::map<std::string, prometheus::MetricFamily> families;
  for (auto& family : CollectorOf(FullFleet()).Collect()) families[family.name] = family;
  const auto& hits = families.at("buntime_pool_hits_total");
  EXPECT_EQ(hits.type, prometheus::MetricType::Counter);
  EXPECT_EQ(hits.metric.at(0).counter.value, 11);
  EXPECT_EQ(hits.metric.at(0).label, (std::vector<prometheus::ClientMetric::Label>{{"runtime", "blue"}}));
  const auto& active = families.at("buntime_pool_active");
  EXPECT_EQ(active.type, prometheus::MetricType::Gauge);
  EXPECT_EQ(active.metric.at(1).gauge.value, 2);
  const auto& seconds = families.at("buntime_app_request_duration_seconds");
  EXPECT_EQ(seconds.type, prometheus::MetricType::Summary);
  EXPECT_EQ(seconds.metric.at(0).summary.sample_sum, 0.25);
  EXPECT_EQ(seconds.metric.at(0).summary.sample_count, 3U);
}

TEST(FleetCollectorTest, ConfiguredLabelsAreOnEverySeriesOfTheirRuntimeAlone) {
  Fleet fleet = FullFleet();
  auto runtime = std::make_shared<Runtime>(*fleet.runtimes[0]);
  runtime->labels = {{"environment", "prod"}, {"team", "a\"b"}};
  fleet.runtimes[0] = runtime;
  ExpectTextIsWhatIsCollected(fleet);
  std::size_t labelled = 0;
  for (const auto& family : CollectorOf(fleet).Collect()) {
    for (const auto& metric : family.metric) {
      std::map<std::string, std::string> labels;
      for (const auto& label : metric.label) EXPECT_TRUE(labels.emplace(label.name, label.value).second);
      const bool first = labels.contains("runtime") && labels["runtime"] == runtime->name;
      EXPECT_EQ(labels.contains("environment"), first) << family.name;
      EXPECT_EQ(labels.contains("team"), first) << family.name;
      if (first) {
        EXPECT_EQ(labels["team"], "a\"b");
      }
      labelled += first ? 1 : 0;
    }
  }
  EXPECT_GT(labelled, 40U);
  EXPECT_NE(RenderAlone(*runtime).find("buntime_up{environment=\"prod\",team=\"a\\\"b\"} "),
            std::string::npos);
}

TEST(FleetCollectorTest, CountsOfSummariesAreWhole) {
  Fleet fleet = FullFleet();
  auto reading = std::make_shared<Reading>(*fleet.runtimes[0]->reading);
  reading->apps[0].requests = 41.6;
  auto runtime = std::make_shared<Runtime>(*fleet.runtimes[0]);
  runtime->name.clear();
  runtime->reading = reading;
  const std::string series = "buntime_app_request_duration_seconds_count{app=\"shop\",version=\"1.2.0\"} ";
  EXPECT_NE(RenderAlone(*runtime).find(series + "42\n"), std::string::npos);
  reading->apps[0].requests = 1e300;
  EXPECT_NE(RenderAlone(*runtime).find(series + "9007199254740992\n"), std::string::npos);
  reading->apps[0].requests = -5;
  EXPECT_NE(RenderAlone(*runtime).find(series + "0\n"), std::string::npos);
}

// What the page is made of has the catalogue's families, each once over all collectables.
TEST(FleetCollectorTest, CollectablesTogetherHaveEachFamilyOfTheCatalogueOnce) {
  const FleetCollector fleet = CollectorOf(FullFleet());
  SelfMetrics self({"1.2.3", "abc", "g++"}, {""});
  self.CountRequest("/metrics", 200, 0.001);
  self.SetCertificateExpiry(1.8e9);
  self.SetModules({"default"});
  const auto registry = self.registry();
  const ProcessCollector process;
  std::set<std::string_view> names;
  for (const prometheus::Collectable* collectable :
       std::initializer_list<const prometheus::Collectable*>{&fleet, registry.get(), &process}) {
    for (const auto& family : collectable->Collect()) {
      EXPECT_TRUE(names.insert(CatalogueEntry(family.name).name).second) << family.name << " twice";
    }
  }
  EXPECT_EQ(names.size(), Catalogue().size());
}

}  // namespace
}  // namespace buntime
