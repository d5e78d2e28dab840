// Every fault, seen by a client that looks at the bytes.
#include "simulator/faults.h"

#include <gtest/gtest.h>
#include <rapidjson/document.h>
#include <zlib.h>

#include <functional>
#include <map>

#include "base/text.h"
#include "simulator/gzip.h"
#include "simulator/test_client.h"

namespace buntime::simulator {
namespace {

constexpr const char* kStats = "/metrics/api/stats";
using std::chrono::milliseconds;
using std::chrono::seconds;

bool IsJson(const std::string& text) {
  rapidjson::Document document;
  document.Parse<rapidjson::kParseValidateEncodingFlag | rapidjson::kParseIterativeFlag>(text.c_str(),
                                                                                         text.size());
  return !document.HasParseError();
}

bool Contains(const std::string& text, std::string_view piece) {
  return text.find(piece) != std::string::npos;
}

// What each fault looks like. `honest` is the answer without it.
using Look = std::function<void(const RunningSimulation& simulation, const Answer& honest)>;

Answer Patiently(const RunningSimulation& simulation, std::size_t enough = 0) {
  return Ask(simulation.url(), std::string("GET ") + kStats, "", enough, seconds(20));
}

// A whole answer with status 200 and the usual type, whose body `check` likes.
Look Body(std::function<bool(const std::string&)> check) {
  return [check = std::move(check)](const RunningSimulation& simulation, const Answer&) {
    const Answer answer = Patiently(simulation);
    EXPECT_EQ(answer.Status(), 200);
    EXPECT_EQ(answer.Field("Content-Type"), "application/json");
    EXPECT_TRUE(answer.Whole());
    EXPECT_TRUE(check(answer.Body())) << answer.Body().substr(0, 400);
  };
}

Look ValidBody(std::string piece) {
  return Body(
      [piece = std::move(piece)](const std::string& body) { return IsJson(body) && Contains(body, piece); });
}

Look BadBody(std::string piece) {
  return Body(
      [piece = std::move(piece)](const std::string& body) { return !IsJson(body) && Contains(body, piece); });
}

Look Ends(End end, const std::string& begins_with) {
  return [=](const RunningSimulation& simulation, const Answer&) {
    const Answer answer = simulation.Get(kStats);
    EXPECT_EQ(answer.end, end);
    EXPECT_EQ(answer.bytes, begins_with);
  };
}

// The header promises the whole body, half of it comes.
Look HalfThen(End end) {
  return [=](const RunningSimulation& simulation, const Answer& honest) {
    const Answer answer = simulation.Get(kStats);
    EXPECT_EQ(answer.end, end);
    EXPECT_EQ(answer.Field("Content-Length"), honest.Field("Content-Length"));
    EXPECT_EQ(answer.Body(), honest.Body().substr(0, honest.Body().size() / 2));
  };
}

void Drips(const RunningSimulation& simulation, const Answer& honest) {
  const Answer answer = simulation.Get(kStats);
  EXPECT_EQ(answer.end, End::kWaiting);
  EXPECT_EQ(answer.Head(), honest.Head());
  EXPECT_EQ(answer.Body(), "{");
}

void SlowHeader(const RunningSimulation& simulation, const Answer&) {
  const Answer answer = simulation.Get(kStats);
  EXPECT_EQ(answer.end, End::kWaiting);
  EXPECT_EQ(answer.bytes, "H");
}

void ShortLength(const RunningSimulation& simulation, const Answer& honest) {
  const Answer answer = Patiently(simulation, honest.bytes.size() - 1);
  EXPECT_EQ(answer.Field("Content-Length"), std::to_string(honest.Body().size() / 2));
  EXPECT_EQ(answer.Body(), honest.Body());
}

void LongLength(const RunningSimulation& simulation, const Answer& honest) {
  const Answer answer = simulation.Get(kStats);
  EXPECT_EQ(answer.end, End::kClosed);
  EXPECT_EQ(answer.Field("Content-Length"), std::to_string(1024ULL << 30U));
  EXPECT_EQ(answer.Body(), honest.Body());
}

void EndlessHeader(const RunningSimulation& simulation, const Answer&) {
  const Answer answer = Patiently(simulation, 5'000'000);
  EXPECT_EQ(answer.Status(), 200);
  EXPECT_FALSE(Contains(answer.bytes, "\r\n\r\n"));
}

void EndlessBody(const RunningSimulation& simulation, const Answer&) {
  const Answer answer = Patiently(simulation, 5'000'000);
  EXPECT_EQ(answer.Field("Content-Length"), "");
  EXPECT_TRUE(answer.Body().starts_with("{\"padding\":\"aaaa"));
}

void BigAndValid(const RunningSimulation& simulation, const Answer& honest) {
  const Answer answer = Patiently(simulation);
  EXPECT_TRUE(answer.Whole());
  EXPECT_GT(answer.Body().size(), 4U << 20U);
  EXPECT_TRUE(IsJson(answer.Body()));
  EXPECT_TRUE(answer.Body().ends_with(honest.Body().substr(1)));
}

std::uint64_t InflatedSize(const std::string& bytes, int& result) {
  z_stream stream{};
  inflateInit2(&stream, MAX_WBITS + 16);
  std::string input = bytes;
  std::string out(1U << 20U, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(input.data());
  stream.avail_in = static_cast<uInt>(input.size());
  do {
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    result = inflate(&stream, Z_NO_FLUSH);
  } while (result == Z_OK);
  const std::uint64_t size = stream.total_out;
  inflateEnd(&stream);
  return size;
}

void Bomb(const RunningSimulation& simulation, const Answer&) {
  const Answer answer = Patiently(simulation);
  EXPECT_EQ(answer.Field("Content-Encoding"), "gzip");
  EXPECT_LT(answer.Body().size(), 256U << 10U);
  int result = 0;
  EXPECT_GE(InflatedSize(answer.Body(), result), 64U << 20U);
  EXPECT_EQ(result, Z_STREAM_END);  // checksum and length are right
}

void BadGzip(const RunningSimulation& simulation, const Answer& honest) {
  const Answer answer = simulation.Get(kStats);
  EXPECT_EQ(answer.Field("Content-Encoding"), "gzip");
  EXPECT_EQ(answer.Body(), honest.Body());
}

void Unavailable(const RunningSimulation& simulation, const Answer&) {
  const Answer answer = simulation.Get(kStats);
  EXPECT_EQ(answer.Status(), 503);
  EXPECT_EQ(answer.Field("Content-Type"), "text/html");
  EXPECT_EQ(answer.Field("Retry-After"), "30");
  EXPECT_TRUE(Contains(answer.Body(), "503 Service Unavailable"));
}

Look Typed(const std::string& type, bool valid) {
  return [=](const RunningSimulation& simulation, const Answer&) {
    const Answer answer = simulation.Get(kStats);
    EXPECT_EQ(answer.Status(), 200);
    EXPECT_EQ(answer.Field("Content-Type"), type);
    EXPECT_EQ(IsJson(answer.Body()), valid);
  };
}

Look Redirects(const std::string& where) {
  return [=](const RunningSimulation& simulation, const Answer&) {
    const Answer answer = simulation.Get(kStats);
    EXPECT_EQ(answer.Status(), 302);
    EXPECT_EQ(answer.Field("Location"), where);
  };
}

void NotInitialised(const RunningSimulation& simulation, const Answer&) {
  EXPECT_EQ(simulation.Get(kStats).Body(), R"({"pool":{},"workers":{}})");
  const Answer summary = simulation.Get("/metrics/api");
  EXPECT_EQ(summary.Status(), 503);
  EXPECT_EQ(summary.Body(), R"({"error":"Pool not initialized"})");
}

const std::map<std::string, Look>& Looks() {
  static const std::map<std::string, Look> looks = {
      {"refuse", Ends(End::kRefused, "")},
      {"reset", Ends(End::kReset, "")},
      {"close", Ends(End::kClosed, "")},
      {"not-http", Ends(End::kClosed, "SSH-2.0-OpenSSH_9.2p1\r\n")},
      {"reset-body", HalfThen(End::kReset)},
      {"drip", Drips},
      {"slow-header", SlowHeader},
      {"stall", Ends(End::kWaiting, "")},
      {"stall-body", HalfThen(End::kWaiting)},
      {"truncate", HalfThen(End::kClosed)},
      {"short-length", ShortLength},
      {"long-length", LongLength},
      {"endless-header", EndlessHeader},
      {"endless-body", EndlessBody},
      {"huge-body", BigAndValid},
      {"gzip-bomb", Bomb},
      {"bad-gzip", BadGzip},
      {"status", Unavailable},
      {"html", Typed("text/html; charset=utf-8", false)},
      {"wrong-type", Typed("text/plain", true)},
      {"no-type", Typed("", true)},
      {"redirect-loop", Redirects(kStats)},
      {"redirect-away", Redirects("http://127.0.0.2:9/stolen")},
      {"empty-body", Body([](const std::string& body) { return body.empty(); })},
      {"not-json", BadBody("upstream connect error")},
      {"array-root", Body([](const std::string& body) { return body == "[]"; })},
      {"null-pool", Body([](const std::string& body) { return body == R"({"pool":null,"workers":null})"; })},
      {"deep", ValidBody(std::string(100'000, '['))},
      {"bom",
       Body([](const std::string& b) { return b.starts_with("\xEF\xBB\xBF{") && IsJson(b.substr(3)); })},
      {"trailing", BadBody("}}{\"pool\"")},
      {"nan", BadBody("\"activeWorkers\":NaN,")},
      {"overflow", BadBody("\"activeWorkers\":1e999,")},
      {"negative", ValidBody("\"ephemeralQueueLimit\":-100,")},
      {"strings", ValidBody("\"ephemeralQueueLimit\":\"100\",")},
      {"null", Body([](const std::string& body) {
         return IsJson(body) && Contains(body, "\"status\":null") &&
                body.find_first_of("0123456789") > body.find("workers") &&
                !Contains(body, "\"requestCount\":0");
       })},
      {"missing-pool",
       Body([](const std::string& b) { return b.starts_with("{\"workers\":{\"") && IsJson(b); })},
      {"invalid-utf8",
       Body([](const std::string& b) { return !IsUtf8(b) && !IsJson(b) && Contains(b, "\xff\xfe"); })},
      {"not-initialised", NotInitialised},
      {"unknown-states", Body([](const std::string& body) {
         return IsJson(body) && Contains(body, "\"status\":\"hibernating\"") && !Contains(body, "\"active\"");
       })},
      {"duplicate-ids", Body([](const std::string& body) {
         const std::string name = body.substr(body.find("workers\":{") + 10, 12);
         return IsJson(body) && body.find(name) != body.rfind(name);
       })},
      {"hostile-names", Body([](const std::string& body) {
         return IsJson(body) && Contains(body, "quo\\\"te@1") && Contains(body, "<script>") &&
                Contains(body, "\xE2\x80\xAE") && Contains(body, std::string(10'000, 'x'));
       })},
      {"long-ids", ValidBody(std::string(64 * 1024, 'n'))},
      {"too-many-workers",
       Body([](const std::string& body) { return IsJson(body) && Contains(body, "\"extra-19999@1.0.0\""); })},
  };
  return looks;
}

class FaultTest : public testing::TestWithParam<std::string_view> {};

std::vector<std::string_view> Names() {
  std::vector<std::string_view> names;
  for (const FaultInfo& info : AllFaults()) names.push_back(info.name);
  return names;
}

INSTANTIATE_TEST_SUITE_P(All, FaultTest, testing::ValuesIn(Names()), [](const auto& param) {
  std::string name(param.param);
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

// The same faults with values that a sanitizer gets through in a moment.
std::string Affordable(const std::string& name) {
  if (name == "huge-body") return "huge-body=4MiB";
  if (name == "gzip-bomb") return "gzip-bomb=64MiB";
  if (name == "too-many-workers") return "too-many-workers=20000";
  return name;
}

TEST_P(FaultTest, IsSeenAndEnds) {
  const std::string name(GetParam());
  const auto look = Looks().find(name);
  ASSERT_NE(look, Looks().end()) << "no test knows what " << name << " looks like";
  const RunningSimulation simulation;
  const Answer honest = simulation.Get(kStats);
  ASSERT_TRUE(honest.Whole());
  ASSERT_TRUE(IsJson(honest.Body()));

  simulation.Post("/control/fault?name=" + Affordable(name));
  look->second(simulation, honest);
  simulation.Post("/control/clear");
  EXPECT_EQ(simulation.Get(kStats).bytes, honest.bytes);
}

TEST(FaultScopeTest, APathLimitsIt) {
  const RunningSimulation simulation(QuietOptions("documented"));
  simulation.Post("/control/fault?name=status=429&path=/stats");
  EXPECT_EQ(simulation.Get("/metrics/api/metrics/stats").Status(), 429);
  EXPECT_EQ(simulation.Get("/metrics/api/metrics/").Status(), 200);
}

TEST(FaultScopeTest, ACountEndsIt) {
  const RunningSimulation simulation;
  simulation.Post("/control/fault?name=status=500&count=2");
  EXPECT_EQ(simulation.Get(kStats).Status(), 500);
  EXPECT_EQ(simulation.Get(kStats).Status(), 500);
  EXPECT_EQ(simulation.Get(kStats).Status(), 200);
}

TEST(FaultScopeTest, TimeEndsIt) {
  const RunningSimulation simulation;
  simulation.Post("/control/fault?name=refuse&for=10s");
  simulation.Post("/control/step?seconds=9");
  EXPECT_EQ(simulation.Get(kStats).end, End::kRefused);
  simulation.Post("/control/step?seconds=1");
  EXPECT_EQ(simulation.Get(kStats).Status(), 200);
}

TEST(FaultScopeTest, OneRuntimeAloneIsHit) {
  Options options = QuietOptions();
  options.runtimes = 3;
  const RunningSimulation simulation(options);
  simulation.Post("/control/fault?name=refuse&runtime=1-2");
  EXPECT_EQ(Ask(simulation.url(0), std::string("GET ") + kStats).Status(), 200);
  EXPECT_EQ(Ask(simulation.url(1), std::string("GET ") + kStats).end, End::kRefused);
  EXPECT_EQ(Ask(simulation.url(2), std::string("GET ") + kStats).end, End::kRefused);
}

TEST(FaultScopeTest, ARefusedRuntimeKeepsItsPort) {
  const RunningSimulation simulation;
  simulation.Post("/control/fault?name=refuse");
  const RunningSimulation other;  // wants a free port meanwhile
  EXPECT_NE(other.url(), simulation.url());
  simulation.Post("/control/clear");
  EXPECT_EQ(simulation.Get(kStats).Status(), 200);
}

TEST(ParseFaultTest, TakesValuesWithinReason) {
  EXPECT_EQ(ParseFault("status=429")->number, 429);
  EXPECT_EQ(ParseFault("huge-body=1KiB")->size, 1024U);
  EXPECT_EQ(ParseFault("drip")->number, 1);
  EXPECT_EQ(ParseFault("redirect-away=http://h/?a=b")->text, "http://h/?a=b");
  for (const char* bad : {"", "nonsense", "stall=1", "status=42", "status=abc", "drip=0", "drip=-1",
                          "deep=1e99", "huge-body=lots", "drip=nan"}) {
    EXPECT_FALSE(ParseFault(bad).ok()) << bad;
  }
  EXPECT_NE(ParseFault("nonsense").error().message.find("gzip-bomb"), std::string::npos);
}

TEST(GzipTest, RoundTripsAndBombsOfEverySizeAreValid) {
  int result = 0;
  EXPECT_EQ(InflatedSize(Gzip("hello"), result), 5U);
  EXPECT_EQ(result, Z_STREAM_END);
  for (const std::uint64_t size : {0ULL, 1ULL, 5ULL << 20U}) {
    EXPECT_GE(InflatedSize(GzipBomb("{", size), result), std::max<std::uint64_t>(1, size));
    EXPECT_EQ(result, Z_STREAM_END);
  }
}

}  // namespace
}  // namespace buntime::simulator
