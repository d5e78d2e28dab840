// Under the load of each recording of a released runtime, a world shows what that runtime showed.
#include <gtest/gtest.h>
#include <rapidjson/document.h>

#include <cmath>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "simulator/live_world.h"
#include "tests_dir.h"

namespace buntime::simulator {
namespace {

using rapidjson::Document;
using rapidjson::Value;

struct Pool {
  double hits = 0;
  double misses = 0;
  double evictions = 0;
  double failed = 0;
  double retired = 0;
};

// Of one key, over all answers.
struct Key {
  std::uint64_t last = 0;    // what the latest answer shows
  std::uint64_t falls = 0;   // answers that show less than the one before: a worker was dropped
  std::uint64_t errors = 0;  // what the latest answer shows
  double most = 0;           // the highest count that an answer shows
  double young = 0;          // answers in which the worker is younger than two seconds
  double age_seconds = 0;    // mean over the answers in which it is alive
  std::uint64_t alive = 0;

  void Add(std::uint64_t requests, std::uint64_t error_count, bool lives, double age_ms) {
    if (requests < last) ++falls;
    last = requests;
    errors = error_count;
    most = std::fmax(most, static_cast<double>(requests));
    if (!lives) return;
    ++alive;
    age_seconds += (age_ms / 1000 - age_seconds) / static_cast<double>(alive);
    if (age_ms < 2'000) ++young;
  }
};

struct Shape {
  Pool pool;
  std::map<std::string, Key> keys;
  std::size_t alive = 0;  // in the latest answer
  std::size_t most_alive = 0;
  double answered_ttl0 = 0;

  // Workers that were neither retired nor are alive nor had a single request to do.
  double Dropped() const {
    return pool.misses - pool.retired - pool.failed - answered_ttl0 - static_cast<double>(alive);
  }
  double MeanAge() const {
    double sum = 0;
    double count = 0;
    for (const auto& [name, key] : keys) {
      sum += key.age_seconds * static_cast<double>(key.alive);
      count += static_cast<double>(key.alive);
    }
    return sum / count;
  }
};

struct Line {
  std::map<std::string, double> sent;  // by app
  Document document;
};

std::vector<Line> Load(const std::string& name) {
  std::ifstream file(std::string(BUNTIME_TESTS_DIR) + "/fixtures/live/" + name + ".jsonl");
  EXPECT_TRUE(file.is_open()) << name;
  std::vector<Line> lines;
  for (std::string text; std::getline(file, text);) {
    Line line;
    line.document.Parse(text.c_str(), text.size());
    EXPECT_FALSE(line.document.HasParseError()) << name;
    const Value& truth = line.document["truth"];
    for (auto it = truth.MemberBegin(); !(it == truth.MemberEnd()); ++it) {
      const std::string path = it->name.GetString();
      line.sent[path.substr(0, path.find('/'))] += it->value["sent"].GetDouble();
    }
    lines.push_back(std::move(line));
  }
  return lines;
}

Shape Recorded(const std::vector<Line>& lines) {
  Shape shape;
  for (const Line& line : lines) {
    const Value& pool = line.document["stats"]["pool"];
    const Value& workers = line.document["stats"]["workers"];
    shape.alive = 0;
    shape.answered_ttl0 = 0;
    for (auto it = workers.MemberBegin(); !(it == workers.MemberEnd()); ++it) {
      const Value& worker = it->value;
      const std::string status = worker["status"].GetString();
      const bool lives = status == "active" || status == "idle";
      shape.alive += lives ? 1U : 0U;
      shape.keys[it->name.GetString()].Add(worker["requestCount"].GetUint64(),
                                           worker["errorCount"].GetUint64(), lives,
                                           worker["ageMs"].GetDouble());
      if (status == "ephemeral") shape.answered_ttl0 += worker["requestCount"].GetDouble();
    }
    shape.most_alive = std::max(shape.most_alive, shape.alive);
    shape.pool = {pool["hits"].GetDouble(), pool["misses"].GetDouble(), pool["evictions"].GetDouble(),
                  pool["totalWorkersFailed"].GetDouble(), pool["totalWorkersRetired"].GetDouble()};
  }
  return shape;
}

// The load ends three seconds before its recording.
constexpr std::size_t kWindow = 4;

// A world is sent what the recorded clients sent, in the mean of four seconds: of less than one request a
// second a single second shows all or nothing.
Shape Simulated(const std::vector<Line>& lines, std::size_t pool_size, const std::vector<const char*>& apps) {
  WorldOptions options;
  options.apps = options.ephemeral_apps = 0;
  options.pool_size = pool_size;
  for (const char* app : apps) options.own.push_back(*ParseAppSpec(app));
  Knobs knobs;
  knobs.rps = knobs.ephemeral_rps = 0;
  LiveWorld world(options, knobs);
  world.AdvanceTo(5'000);
  Shape shape;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (i > 0) {
      for (const auto& [app, sent] : lines[i].sent) {
        const double before = lines[i - std::min(i, kWindow)].sent.at(app);
        const double rps = (sent - before) / static_cast<double>(kWindow);
        EXPECT_FALSE(world.SetApp({app, {{"rps", std::to_string(rps)}}}));
      }
      world.AdvanceTo(5'000 + static_cast<std::int64_t>(i) * 1'000);
    }
    const View& view = world.Describe();
    shape.answered_ttl0 = 0;
    for (const WorkerRow& row : view.rows) {
      const bool lives = row.state == RowState::kActive || row.state == RowState::kIdle;
      shape.keys[row.key].Add(row.tally.requests, row.tally.errors, lives, static_cast<double>(row.age_ms));
      if (row.state == RowState::kEphemeral) shape.answered_ttl0 += static_cast<double>(row.tally.requests);
    }
    shape.alive = view.Count(RowState::kActive) + view.Count(RowState::kIdle);
    shape.most_alive = std::max(shape.most_alive, shape.alive);
    const PoolCounters& c = view.counters;
    shape.pool = {static_cast<double>(c.hits), static_cast<double>(c.misses),
                  static_cast<double>(c.evictions), static_cast<double>(c.failed),
                  static_cast<double>(c.retired)};
  }
  double dropped = 0;
  for (const AppTruth& app : world.GetTruth().apps) dropped += static_cast<double>(app.drops);
  EXPECT_EQ(shape.Dropped(), dropped);
  return shape;
}

void ExpectSame(const char* what, double ours, double real, double share, double slack) {
  EXPECT_NEAR(ours, real, share * real + slack) << what;
}

struct Recording {
  const char* name;
  std::size_t pool_size;
  std::vector<const char*> apps;
  double share;  // by which counts may differ: what is evicted depends on milliseconds
};

class RecordingTest : public testing::TestWithParam<Recording> {};
INSTANTIATE_TEST_SUITE_P(
    All, RecordingTest,
    testing::Values(Recording{"busy-0.5.4", 10, {"a", "b", "throws,throws=5", "eph,ttl=0"}, 0.01},
                    Recording{"hot2-0.5.4", 10, {"a", "b", "c"}, 0.01},
                    Recording{"broken-0.5.4",
                              10,
                              {"a", "noboot,boots=no,boot=30ms", "tmo,hangs=1s", "throws,throws=2",
                               "eph,ttl=0", "ephthrow,ttl=0,throws=1"},
                              0.02},
                    Recording{"churn-0.2.26",
                              3,
                              {"a,boot=50ms", "b,boot=50ms", "c,boot=50ms", "d,boot=50ms", "e,boot=50ms",
                               "f,boot=50ms", "g,boot=50ms", "short,boot=50ms,ttl=4s"},
                              0.3}),
    [](const auto& param) {
      const std::string name = param.param.name;
      return name.substr(0, name.find('-'));
    });

TEST_P(RecordingTest, TheWorldHasTheRecordedShape) {
  const Recording& recording = GetParam();
  const std::vector<Line> lines = Load(recording.name);
  ASSERT_GT(lines.size(), 90U);
  const Shape real = Recorded(lines);
  const Shape ours = Simulated(lines, recording.pool_size, recording.apps);
  const double share = recording.share;
  ExpectSame("requests", ours.pool.hits + ours.pool.misses, real.pool.hits + real.pool.misses, 0.01, 3);
  ExpectSame("hits", ours.pool.hits, real.pool.hits, share, 3);
  ExpectSame("misses", ours.pool.misses, real.pool.misses, share, 3);
  ExpectSame("evictions", ours.pool.evictions, real.pool.evictions, share, 0);
  ExpectSame("retired", ours.pool.retired, real.pool.retired, share, 0);
  ExpectSame("failed", ours.pool.failed, real.pool.failed, 0, 1);
  ExpectSame("dropped", ours.Dropped(), real.Dropped(), 0.02, 3);
  ExpectSame("mean age", ours.MeanAge(), real.MeanAge(), share + 0.02, 0.25);
  EXPECT_EQ(ours.most_alive, real.most_alive);
  ASSERT_EQ(ours.keys.size(), real.keys.size());
  for (const auto& [name, expected] : real.keys) {
    const Key& key = ours.keys.at(name);
    const auto count = [](auto value) { return static_cast<double>(value); };
    const char* what = name.c_str();
    // Each replaced worker may show up to the requests of a second less.
    ExpectSame(what, count(key.falls), count(expected.falls), 0.05, 2);
    ExpectSame(what, key.most, expected.most, 0.15, 3);
    if (real.pool.evictions > 0) continue;  // which app they hit depends on milliseconds
    ExpectSame(what, key.age_seconds, expected.age_seconds, share + 0.1, 0.5);
    ExpectSame(what, key.young / count(lines.size()), expected.young / count(lines.size()), 0, 0.15);
  }
}

}  // namespace
}  // namespace buntime::simulator
