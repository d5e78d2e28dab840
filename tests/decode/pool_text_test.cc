// The text at which a runtime serves its pool without a key.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>

#include "decode/decode_cases.h"
#include "decode/decoder.h"
#include "tests_dir.h"

namespace buntime {
namespace {

using testing::Anomalies;

std::string Capture(const std::string& name) {
  std::ifstream file(BUNTIME_TESTS_DIR "/fixtures/captures/0.5.4/" + name, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

Snapshot DecodedText(const std::string& text) {
  auto result = DecodePoolText(text);
  if (result) return *std::move(result);
  ADD_FAILURE() << result.error().message;
  return {};
}

PollError Refused(const std::string& text, const TextLimits& limits = {}) {
  const auto result = DecodePoolText(text, limits);
  return result ? PollError{Outcome::kOk, "decoded"} : result.error();
}

TEST(PoolTextTest, ARecordedTextHoldsWhatTheSummaryHolds) {
  const std::string text = Capture("prometheus.txt");
  const Snapshot snapshot = DecodedText(text);
  Pool expected;
  expected.total = 3;
  ASSERT_TRUE(snapshot.pool.acquire_mean_seconds.has_value());
  EXPECT_DOUBLE_EQ(*snapshot.pool.acquire_mean_seconds, 0.00071);
  expected.acquire_mean_seconds = snapshot.pool.acquire_mean_seconds;
  expected.ephemeral_concurrency = 2;
  expected.ephemeral_queue_depth = 0;
  expected.ephemeral_queue_limit = 100;
  expected.evictions = 27;
  expected.hits = 50;
  expected.heap_used_bytes = 5.01 * 1048576;
  expected.misses = 65;
  expected.requests = 115;
  expected.workers_failed = 0;
  expected.workers_created = 65;
  expected.workers_retired = 32;
  expected.uptime_seconds = 34.471;
  EXPECT_EQ(snapshot.pool, expected);
  EXPECT_EQ(snapshot.dialect, Dialect::kReleased);
  EXPECT_FALSE(snapshot.workers_reported);
  EXPECT_EQ(Anomalies(snapshot), "");
}

TEST(PoolTextTest, ReadsTheWholeFormat) {
  const Snapshot snapshot = DecodedText(
      "# HELP buntime_hits \\ anything {\n"
      "\n"
      " \tbuntime_hits\t1e+06  1700000000000 \n"
      "buntime_misses{} 2 -1\n"
      "buntime_evictions{app=\"a\\\"\\\\\\n}\",b=\"\",} 3\n"
      "other_metric{ x = \"1\" , y = \"2\" } NaN\n"
      "buntime_pool_size 7\n");
  EXPECT_EQ(snapshot.pool.hits, 1000000);
  EXPECT_EQ(snapshot.pool.misses, 2);
  EXPECT_EQ(snapshot.pool.evictions, std::nullopt) << "of an app, not of the pool";
  EXPECT_EQ(snapshot.pool.size, std::nullopt);
}

TEST(PoolTextTest, WhatIsNoNumberOfAPoolIsAnAnomaly) {
  const Snapshot snapshot =
      DecodedText("buntime_hits NaN\nbuntime_misses +Inf\nbuntime_evictions -3\nbuntime_total_requests 4\n");
  EXPECT_EQ(snapshot.pool.hits, std::nullopt);
  EXPECT_EQ(snapshot.pool.misses, std::nullopt);
  EXPECT_EQ(snapshot.pool.evictions, std::nullopt);
  EXPECT_EQ(snapshot.pool.requests, 4);
  EXPECT_EQ(Anomalies(snapshot), "wrong_type=2 negative=1");
}

TEST(PoolTextTest, NamesTheLineThatIsMalformed) {
  const auto malformed = [](const std::string& what, int line) {
    return PollError{Outcome::kNotJson, "not Prometheus text: " + what + " in line " + std::to_string(line)};
  };
  EXPECT_EQ(Refused("buntime_hits 1\n1st 2"), malformed("no metric name", 2));
  EXPECT_EQ(Refused("{\"pool\":{}}"), malformed("no metric name", 1));
  for (const char* value : {"", "x", "1.", ".5", "+5", "01", "0x1", "1e", "--1", "1,5", "inf", "nan"}) {
    EXPECT_EQ(Refused(std::string("buntime_hits ") + value), malformed("no number", 1)) << value;
  }
  for (const char* labels : {"{", "{a}", "{a=}", "{a=1}", "{a=\"}", "{a=\"\\x\"}", "{a=\"1\" b=\"2\"}", "{,}",
                             "{1=\"a\"}", "{a=\"1\",,}"}) {
    EXPECT_EQ(Refused(std::string("buntime_hits") + labels + " 1").outcome, Outcome::kNotJson) << labels;
  }
  EXPECT_EQ(Refused("buntime_hits 1 soon"),
            malformed("something other than a timestamp behind the value", 1));
  EXPECT_EQ(Refused("buntime_hits 1 2 3"), malformed("something other than a timestamp behind the value", 1));
  EXPECT_EQ(Refused("buntime_hits 1\nbuntime_hits 2"), malformed("buntime_hits a second time", 2));
  EXPECT_EQ(Refused(std::string("buntime_hits 1\0", 15)).message,
            "not Prometheus text: a control character at byte 14");
  EXPECT_EQ(Refused("buntime_hits 1\n# \xff").message, "not Prometheus text: invalid UTF-8 at byte 17");
  EXPECT_EQ(Refused("buntime_hits 1\r\n").outcome, Outcome::kNotJson);
}

TEST(PoolTextTest, TextWithoutAnyNumberOfThePoolIsNoPool) {
  EXPECT_EQ(Refused("").outcome, Outcome::kNotInitialized);
  EXPECT_EQ(Refused("up 1\n").outcome, Outcome::kNotInitialized);
}

TEST(PoolTextTest, HasLimits) {
  EXPECT_EQ(Refused("buntime_hits 1\n", {.bytes = 14}).message, "a text of more than 14 bytes");
  EXPECT_EQ(Refused("\nbuntime_hits 1\n", {.line = 13}).message, "line 2 of the text has more than 13 bytes");
  EXPECT_EQ(Refused("a{b=\"\",c=\"\"} 1\n", {.labels = 1}).outcome, Outcome::kNotJson);
  EXPECT_EQ(Refused(std::string(2 << 20, '\n')).outcome, Outcome::kTooLarge);
}

TEST(PoolTextTest, APrefixOfAGoodTextIsReadOrRefusedAndNeverMore) {
  const std::string text = Capture("prometheus.txt");
  for (std::size_t size = 0; size < text.size(); ++size) {
    const auto result = DecodePoolText(text.substr(0, size));
    if (result && result->pool.hits) {
      EXPECT_TRUE(result->pool.hits == 50 || result->pool.hits == 5) << size;
    }
  }
}

}  // namespace
}  // namespace buntime
