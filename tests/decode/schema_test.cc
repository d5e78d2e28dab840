// What a body has to be, what is said when it is not, and how pool fields are read.
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <utility>

#include "decode/decode_cases.h"
#include "decode/decoder.h"
#include "support/stats_body.h"

namespace buntime {
namespace {

using testing::Anomalies;
using testing::Decoded;

struct BadBody {
  std::string body;
  Outcome outcome;
  std::string message;
};

void ExpectError(const BadBody& bad, const DecodeLimits& limits = {}) {
  const auto result = DecodeStats(bad.body, limits);
  ASSERT_FALSE(result.ok()) << bad.body;
  EXPECT_EQ(Name(result.error().outcome), Name(bad.outcome)) << bad.body;
  EXPECT_EQ(result.error().message, bad.message) << bad.body;
}

TEST(DecodeStats, RefusesWhatIsNotJson) {
  using namespace std::string_literals;
  const BadBody cases[] = {
      {"", Outcome::kNotJson, "an empty body instead of JSON"},
      {" \r\n\t", Outcome::kNotJson, "an empty body instead of JSON"},
      {"<!DOCTYPE html><html></html>", Outcome::kNotJson, "a web page instead of JSON"},
      {"\n <html>", Outcome::kNotJson, "a web page instead of JSON"},
      {"Bad Gateway", Outcome::kNotJson, "not JSON: invalid value at byte 0"},
      {R"({"pool":{"size":1})", Outcome::kNotJson,
       "not JSON: missing a comma or '}' after an object member at byte 18"},
      {R"({"pool":{"size":1}} x)", Outcome::kNotJson,
       "not JSON: the document root must not be followed by other values at byte 20"},
      {R"({"pool":{"size":1}}{})", Outcome::kNotJson,
       "not JSON: the document root must not be followed by other values at byte 19"},
      {"{\"pool\":{\"size\":1}}\0"s, Outcome::kNotJson, "not JSON: a control character at byte 19"},
      {"{\"po\0ol\":{\"size\":1}}"s, Outcome::kNotJson, "not JSON: a control character at byte 4"},
      {"{\"po\x1Fol\":{\"size\":1}}", Outcome::kNotJson, "not JSON: a control character at byte 4"},
      {"{\"po\nol\":{\"size\":1}}", Outcome::kNotJson,
       "not JSON: invalid escape character in string at byte 4"},
      {"{\"pool\":{\"size\":1},\"x\":\"\xC3(\"}", Outcome::kNotJson, "not JSON: invalid UTF-8 at byte 24"},
      {R"({"pool":{"size":NaN}})", Outcome::kNotJson, "not JSON: invalid value at byte 16"},
      {R"({"pool":{"size":-Infinity}})", Outcome::kNotJson, "not JSON: invalid value at byte 17"},
      {R"({"pool":{"size":1e999}})", Outcome::kNotJson,
       "not JSON: number too big to be stored in double at byte 16"},
      {R"({"pool":{"size":123456e308}})", Outcome::kNotJson, "not JSON: number out of range at byte 16"},
      {R"({"pool":{"size":01}})", Outcome::kNotJson,
       "not JSON: missing a comma or '}' after an object member at byte 17"},
      {R"({"pool":{"size":1,}})", Outcome::kNotJson, "not JSON: missing a name for object member at byte 18"},
      {R"({"pool":{"size":1},"workers":[1,]})", Outcome::kNotJson, "not JSON: invalid value at byte 32"},
  };
  for (const BadBody& bad : cases) ExpectError(bad);
}

TEST(DecodeStats, NamesWhatIsMissingOrOfTheWrongType) {
  const BadBody cases[] = {
      {"[]", Outcome::kSchema, "body: an array instead of an object"},
      {"null", Outcome::kSchema, "body: null instead of an object"},
      {"12", Outcome::kSchema, "body: a number instead of an object"},
      {R"("text")", Outcome::kSchema, "body: a string instead of an object"},
      {"true", Outcome::kSchema, "body: a boolean instead of an object"},
      {"{}", Outcome::kSchema, "pool: missing"},
      {R"({"workers":[{"id":"a"}]})", Outcome::kSchema, "pool: missing"},
      {R"({"error":"Pool not initialized"})", Outcome::kSchema, "pool: missing"},
      {R"({"deeper":{"pool":{"size":1}}})", Outcome::kSchema, "pool: missing"},
      {R"({"pool":null})", Outcome::kSchema, "pool: null instead of an object"},
      {R"({"pool":[]})", Outcome::kSchema, "pool: an array instead of an object"},
      {R"({"pool":3})", Outcome::kSchema, "pool: a number instead of an object"},
      {R"({"pool":"x"})", Outcome::kSchema, "pool: a string instead of an object"},
      {R"({"pool":false})", Outcome::kSchema, "pool: a boolean instead of an object"},
      {R"({"pool":{"size":1},"workers":12})", Outcome::kSchema,
       "workers: a number instead of an array or object"},
      {R"({"pool":{"size":1},"workers":"x"})", Outcome::kSchema,
       "workers: a string instead of an array or object"},
      {R"({"pool":{"size":1},"workers":true})", Outcome::kSchema,
       "workers: a boolean instead of an array or object"},
      {R"({"pool":{"threads":4}})", Outcome::kSchema, "pool: none of the known fields"},
      {R"({"pool":{"threads":4},"workers":[{"id":"a","requests":1}]})", Outcome::kSchema,
       "pool: none of the known fields"},
  };
  for (const BadBody& bad : cases) ExpectError(bad);
}

TEST(DecodeStats, AnEmptyPoolWithoutWorkersIsNotInitialized) {
  const std::string message = "the runtime has no worker pool yet";
  for (const char* body : {R"({"pool":{}})", R"({"pool":{},"workers":{}})", R"({"pool":{},"workers":[]})",
                           R"({"pool":{},"workers":null})", " {\"workers\" : {} , \"pool\" : {} } "}) {
    ExpectError({body, Outcome::kNotInitialized, message});
  }
  // With workers there is a pool, and with fields, if only null ones.
  EXPECT_EQ(Decoded(R"({"pool":{},"workers":[{"id":"a"}]})").workers.size(), 1U);
  EXPECT_EQ(Decoded(R"({"pool":{"size":null},"workers":[]})").pool, Pool{});
}

TEST(DecodeStats, HoldsItsLimits) {
  const auto nested = [](int levels) {  // the root and pool are two more
    return R"({"pool":{"size":1,"x":)" + std::string(static_cast<std::size_t>(levels), '[') +
           std::string(static_cast<std::size_t>(levels), ']') + "}}";
  };
  EXPECT_TRUE(DecodeStats(nested(14)).ok());
  ExpectError({nested(15), Outcome::kTooLarge, "JSON nested more than 16 levels deep"});
  ExpectError({nested(1'000'000), Outcome::kTooLarge, "JSON nested more than 16 levels deep"});

  const DecodeLimits two{.depth = 16, .workers = 2};
  const std::string pool = R"({"pool":{"size":1},"workers":)";
  EXPECT_TRUE(DecodeStats(pool + R"([{"id":"a"},{"id":"b"}]})", two).ok());
  const std::string message = "workers: more than 2 entries";
  ExpectError({pool + R"([{"id":"a"},{"id":"b"},{"id":"c"}]})", Outcome::kTooLarge, message}, two);
  ExpectError({pool + R"([{},null,{}]})", Outcome::kTooLarge, message}, two);
  ExpectError({pool + R"({"a":{},"b":{},"c":{}}})", Outcome::kTooLarge, message}, two);
}

TEST(DecodeStats, ReadsTheDocumentedPool) {
  const Snapshot snapshot =
      Decoded(R"({"pool":{"size":500,"active":12,"idle":3,"creating":1,"total":16,"utilization":0.032}})");
  EXPECT_EQ(snapshot.dialect, Dialect::kDocumented);
  EXPECT_FALSE(snapshot.workers_reported);
  Pool pool;
  pool.size = 500;
  pool.active = 12;
  pool.idle = 3;
  pool.creating = 1;
  pool.total = 16;
  pool.utilization = 0.032;
  EXPECT_EQ(snapshot.pool, pool);
  EXPECT_EQ(Anomalies(snapshot), "");
}

TEST(DecodeStats, ReadsTheReleasedPool) {
  const Snapshot snapshot = Decoded(
      R"({"pool":{"activeWorkers":3,"avgResponseTimeMs":0.81,"ephemeralConcurrency":2,"ephemeralQueueDepth":1,)"
      R"("ephemeralQueueLimit":100,"evictions":9,"hitRate":48.39,"hits":30,"memoryUsageMB":4.5,"misses":32,)"
      R"("requestsPerSecond":3.27,"totalRequests":62,"totalWorkersFailed":4,"totalWorkersCreated":33,)"
      R"("totalWorkersRetired":11,"uptimeMs":33909},"workers":{}})");
  EXPECT_EQ(snapshot.dialect, Dialect::kReleased);
  EXPECT_TRUE(snapshot.workers_reported);
  Pool pool;
  pool.total = 3;
  pool.acquire_mean_seconds = 0.00081;
  pool.ephemeral_concurrency = 2;
  pool.ephemeral_queue_depth = 1;
  pool.ephemeral_queue_limit = 100;
  pool.evictions = 9;
  pool.hits = 30;
  pool.heap_used_bytes = 4718592;
  pool.misses = 32;
  pool.requests = 62;
  pool.workers_failed = 4;
  pool.workers_created = 33;
  pool.workers_retired = 11;
  pool.uptime_seconds = 33.909;
  EXPECT_EQ(snapshot.pool, pool);
  EXPECT_EQ(Anomalies(snapshot), "");
}

TEST(DecodeStats, WorkersReportedMeansPresent) {
  EXPECT_TRUE(Decoded(R"({"pool":{"size":1},"workers":[]})").workers_reported);
  EXPECT_TRUE(Decoded(R"({"pool":{"size":1},"workers":{}})").workers_reported);
  EXPECT_FALSE(Decoded(R"({"pool":{"size":1},"workers":null})").workers_reported);
}

TEST(DecodeStats, FieldsNamesDecideTheDialect) {
  const std::pair<const char*, Dialect> cases[] = {
      {R"({"pool":{"size":1},"workers":{"a":{"requestCount":1,"errorCount":1}}})", Dialect::kDocumented},
      {R"({"pool":{"activeWorkers":1},"workers":[{"id":"a","requests":1}]})", Dialect::kReleased},
      {R"({"pool":{"hitRate":1}})", Dialect::kReleased},
      {R"({"pool":{"hits":null}})", Dialect::kReleased},
      {R"({"pool":{},"workers":[{"id":"a","requestCount":1}]})", Dialect::kReleased},
      {R"({"pool":{},"workers":{"a":{"memory":{}}}})", Dialect::kDocumented},
      {R"({"pool":{},"workers":[{"id":"a"}]})", Dialect::kDocumented},
      {R"({"pool":{"size":1,"hits":2,"misses":3}})", Dialect::kReleased},
  };
  for (const auto& [body, dialect] : cases) EXPECT_EQ(Name(Decoded(body).dialect), Name(dialect)) << body;
  // Whatever the dialect, the other one's fields are not thrown away.
  const Snapshot mixed = Decoded(R"({"pool":{"activeWorkers":4,"hits":1,"size":8}})");
  EXPECT_EQ(mixed.pool.size, 8);
  EXPECT_EQ(mixed.pool.total, 4);
}

TEST(DecodeStats, AbsentNullAndMistypedPoolFieldsHaveNoValue) {
  const std::pair<const char*, const char*> cases[] = {
      {"null", ""},
      {R"("12")", "wrong_type=1"},
      {"true", "wrong_type=1"},
      {"{}", "wrong_type=1"},
      {R"({"active":5,"hits":6})", "wrong_type=1"},
      {"[]", "wrong_type=1"},
      {"[1,[2],{\"idle\":3}]", "wrong_type=1"},
      {"-1", "negative=1"},
      {"-0.5e-3", "negative=1"},
  };
  for (const auto& [value, anomalies] : cases) {
    const Snapshot snapshot = Decoded(R"({"pool":{"size":)" + std::string(value) + R"(,"total":7}})");
    Pool pool;
    pool.total = 7;
    EXPECT_EQ(snapshot.pool, pool) << value;
    EXPECT_EQ(Anomalies(snapshot), anomalies) << value;
  }
}

TEST(DecodeStats, MinusZeroIsZero) {
  const Snapshot snapshot = Decoded(R"({"pool":{"size":-0.0}})");
  ASSERT_TRUE(snapshot.pool.size.has_value());
  EXPECT_FALSE(std::signbit(*snapshot.pool.size));
  EXPECT_EQ(Anomalies(snapshot), "");
}

TEST(DecodeStats, UnknownMembersAreIgnoredWhateverTheyHold) {
  const std::string junk =
      R"({"pool":{"size":9},"workers":[{"id":"x"}],"deep":[[{"a":[null,true,-1e5,"s"]}]]})";
  const Snapshot snapshot =
      Decoded(R"({"a":)" + junk + R"(,"pool":{"size":1,"b":)" + junk + R"(,"idle":2},"workers":[{"c":)" +
              junk + R"(,"id":"w","requests":3}],"d":)" + junk + "}");
  EXPECT_EQ(snapshot.pool.size, 1);
  EXPECT_EQ(snapshot.pool.idle, 2);
  ASSERT_EQ(snapshot.workers.size(), 1U);
  EXPECT_EQ(snapshot.workers[0].requests, 3);
  EXPECT_EQ(Anomalies(snapshot), "");
}

TEST(DecodeStats, TheLastOfEqualMembersCounts) {
  const Snapshot snapshot = Decoded(R"({"pool":{"size":1,"size":2},"pool":{"idle":3}})");
  EXPECT_EQ(snapshot.pool.size, 2);
  EXPECT_EQ(snapshot.pool.idle, 3);
}

TEST(DecodeStats, NamesMayBeEscaped) { EXPECT_EQ(Decoded(R"({"\u0070ool":{"s\u0069ze":5}})").pool.size, 5); }

TEST(DecodeStats, ReadsManyWorkersInBothDialects) {
  for (const Dialect dialect : {Dialect::kDocumented, Dialect::kReleased}) {
    const Snapshot snapshot = Decoded(testing::MakeStatsBody(dialect, 5000));
    EXPECT_EQ(snapshot.dialect, dialect);
    ASSERT_EQ(snapshot.workers.size(), 5000U);
    EXPECT_EQ(Anomalies(snapshot), "");
    EXPECT_EQ(snapshot.Text(snapshot.workers[4999].id),
              dialect == Dialect::kReleased ? "svc-04999@1.1.1" : "worker-004999");
    EXPECT_EQ(snapshot.Text(snapshot.workers[4999].version),
              dialect == Dialect::kReleased ? "1.1.1" : "1.2.0");
    // One buffer for all names, without much slack, and apps that are shared are not repeated.
    EXPECT_LT(snapshot.text.size(), 5000U * 16);
    EXPECT_LT(snapshot.workers.capacity(), 5000U * 5 / 4);
  }
}

}  // namespace
}  // namespace buntime
