// Every recorded answer, read by our decoder and, independently, by RapidJSON's DOM and the C library.
#include <gtest/gtest.h>
#include <rapidjson/document.h>

#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>

#include "decode/decode_cases.h"
#include "decode/decoder.h"
#include "tests_dir.h"

namespace buntime {
namespace {

using testing::Anomalies;
using testing::Decoded;

std::string ReadCapture(const std::string& release, int number) {
  std::array<char, 32> name{};
  std::snprintf(name.data(), name.size(), "/stats-%03d.json", number);
  std::ifstream file(BUNTIME_TESTS_DIR "/fixtures/captures/" + release + name.data(), std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// Numbers stay text in the DOM, so that nothing but strtod converts them.
std::optional<double> Number(const rapidjson::Value& object, const char* name) {
  if (!object.HasMember(name)) return std::nullopt;
  return std::strtod(object[name].GetString(), nullptr);
}

// Milliseconds in hundredths: the nearest double to their decimal form in seconds.
std::optional<double> Seconds(const rapidjson::Value& object, const char* name) {
  const auto number = Number(object, name);
  return number ? std::optional(std::round(*number * 100) / 1e5) : std::nullopt;
}

std::optional<double> Scaled(const rapidjson::Value& object, const char* name, double divisor) {
  const auto number = Number(object, name);
  return number ? std::optional(*number / divisor) : std::nullopt;
}

void ExpectPool(const Pool& pool, const rapidjson::Value& raw) {
  Pool expected;
  expected.total = Number(raw, "activeWorkers");
  expected.uptime_seconds = Seconds(raw, "uptimeMs");
  expected.heap_used_bytes = Scaled(raw, "memoryUsageMB", 1.0 / 1048576);
  expected.acquire_mean_seconds = Seconds(raw, "avgResponseTimeMs");
  expected.requests = Number(raw, "totalRequests");
  expected.hits = Number(raw, "hits");
  expected.misses = Number(raw, "misses");
  expected.evictions = Number(raw, "evictions");
  expected.workers_created = Number(raw, "totalWorkersCreated");
  expected.workers_failed = Number(raw, "totalWorkersFailed");
  expected.workers_retired = Number(raw, "totalWorkersRetired");
  expected.ephemeral_concurrency = Number(raw, "ephemeralConcurrency");
  expected.ephemeral_queue_depth = Number(raw, "ephemeralQueueDepth");
  expected.ephemeral_queue_limit = Number(raw, "ephemeralQueueLimit");
  EXPECT_EQ(pool, expected);
  EXPECT_TRUE(pool.requests.has_value());
}

void ExpectWorker(const Snapshot& snapshot, const Worker& worker, const std::string& key,
                  const rapidjson::Value& raw) {
  EXPECT_EQ(snapshot.Text(worker.id), key);
  EXPECT_EQ(std::string(snapshot.Text(worker.app)) + "@latest", key);
  EXPECT_EQ(snapshot.Text(worker.version), "latest");
  ASSERT_TRUE(worker.state.has_value());
  EXPECT_EQ(Name(*worker.state), raw["status"].GetString());
  EXPECT_EQ(worker.requests, Number(raw, "requestCount"));
  EXPECT_EQ(worker.errors, Number(raw, "errorCount"));
  EXPECT_EQ(worker.request_seconds, Seconds(raw, "totalResponseTimeMs"));
  EXPECT_EQ(worker.uptime_seconds, Seconds(raw, "ageMs"));
  EXPECT_EQ(worker.idle_seconds, Seconds(raw, "idleMs"));
  EXPECT_FALSE(worker.rss_bytes || worker.heap_used_bytes);
}

class Captures : public ::testing::TestWithParam<const char*> {};

TEST_P(Captures, DecodeToWhatTheySay) {
  std::size_t workers = 0;
  for (int number = 1; number <= 40; ++number) {
    SCOPED_TRACE(number);
    const std::string body = ReadCapture(GetParam(), number);
    rapidjson::Document raw;
    raw.Parse<rapidjson::kParseNumbersAsStringsFlag>(body.c_str());
    ASSERT_FALSE(raw.HasParseError());

    const Snapshot snapshot = Decoded(body);
    EXPECT_EQ(snapshot.dialect, Dialect::kReleased);
    EXPECT_EQ(Anomalies(snapshot), "");
    ExpectPool(snapshot.pool, raw["pool"]);
    ASSERT_EQ(snapshot.workers.size(), raw["workers"].MemberCount());
    const rapidjson::Value& raw_workers = raw["workers"];
    std::size_t index = 0;
    // RapidJSON's iterators have no != that clang finds unambiguous, so no range-based for.
    for (auto member = raw_workers.MemberBegin(); !(member == raw_workers.MemberEnd()); ++member) {
      ExpectWorker(snapshot, snapshot.workers[index++], member->name.GetString(), member->value);
    }
    workers += index;
  }
  EXPECT_GT(workers, 200U);
}

INSTANTIATE_TEST_SUITE_P(Releases, Captures, ::testing::Values("0.2.26", "0.5.4"));

}  // namespace
}  // namespace buntime
