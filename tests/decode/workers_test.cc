// How workers are read: names, states, numbers, and what is left out.
#include <gtest/gtest.h>

#include <array>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/text.h"
#include "decode/decode_cases.h"
#include "decode/decoder.h"
#include "support/stats_body.h"

namespace buntime {
namespace {

using testing::Anomalies;
using testing::Decoded;
using testing::Names;
using testing::OneWorker;

const Worker& Only(const Snapshot& snapshot) { return snapshot.workers.at(0); }

TEST(DecodeWorkers, ReadsTheDocumentedWords) {
  const Snapshot snapshot =
      Decoded(OneWorker(R"({"id":"w-1","app":"shop@1.2.0","state":"ready","requests":150,"uptime":3600.5,)"
                        R"("memory":{"rss":52428800,"heapUsed":31457280,"external":1}})"));
  Worker worker = Only(snapshot);
  EXPECT_EQ(Names(snapshot), "shop|1.2.0|w-1");
  worker.id = worker.app = worker.version = {};
  Worker expected;
  expected.state = WorkerState::kReady;
  expected.requests = 150;
  expected.uptime_seconds = 3600.5;
  expected.rss_bytes = 52428800;
  expected.heap_used_bytes = 31457280;
  EXPECT_EQ(worker, expected);
  EXPECT_EQ(Anomalies(snapshot), "");
}

TEST(DecodeWorkers, ReadsTheReleasedWords) {
  const Snapshot snapshot = Decoded(
      R"({"pool":{"activeWorkers":1},"workers":{"@team/app@1.2.0":{"ageMs":33909,"avgResponseTimeMs":12.82,)"
      R"("errorCount":6,"idleMs":1419,"requestCount":18,"status":"idle","totalResponseTimeMs":230.76,)"
      R"("lastRequestCount":3,"lastResponseTimeMs":4}}})");
  Worker worker = Only(snapshot);
  EXPECT_EQ(Names(snapshot), "@team/app|1.2.0|@team/app@1.2.0");
  worker.id = worker.app = worker.version = {};
  Worker expected;
  expected.state = WorkerState::kIdle;
  expected.requests = 18;
  expected.errors = 6;
  expected.request_seconds = 0.23076;
  expected.uptime_seconds = 33.909;
  expected.idle_seconds = 1.419;
  EXPECT_EQ(worker, expected);
  EXPECT_EQ(Anomalies(snapshot), "");
}

TEST(DecodeWorkers, AcceptsBothShapesInBothDialects) {
  const Snapshot array = Decoded(R"({"pool":{"hits":1},"workers":[{"id":"a@1","requestCount":4}]})");
  EXPECT_EQ(array.dialect, Dialect::kReleased);
  EXPECT_EQ(Names(array), "a|1|a@1");
  EXPECT_EQ(Only(array).requests, 4);
  const Snapshot object = Decoded(R"({"pool":{"size":1},"workers":{"w1":{"app":"a@1","requests":4}}})");
  EXPECT_EQ(object.dialect, Dialect::kDocumented);
  EXPECT_EQ(Names(object), "a|1|w1");
  EXPECT_EQ(Only(object).requests, 4);
}

TEST(DecodeWorkers, SplitsAppAndVersionAtTheLastAt) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({"id":"w","app":"shop@1.2.0"})", "shop|1.2.0|w"},
      {R"({"id":"w","app":"shop"})", "shop||w"},
      {R"({"id":"w","app":"@team/app@1.2.0"})", "@team/app|1.2.0|w"},
      {R"({"id":"w","app":"@team/app"})", "@team/app||w"},
      {R"({"id":"w","app":"shop@"})", "shop||w"},
      {R"({"id":"w","app":"a@b@c"})", "a@b|c|w"},
      {R"({"id":"w","app":"@"})", "@||w"},
      {R"({"id":"shop@latest"})", "shop|latest|shop@latest"},
      {R"({"id":"shop@latest","app":null})", "shop|latest|shop@latest"},
      {R"({"id":"shop@latest","app":""})", "shop|latest|shop@latest"},
      {R"({"id":"@shop"})", "@shop||@shop"},
      {R"({"id":"shop@"})", "shop||shop@"},
      {R"({"app":"b@2","id":"a@1"})", "b|2|a@1"},
      {R"({"id":"na\u00efve \ud83d\ude00@1"})", "naïve 😀|1|naïve 😀@1"},
  };
  for (const auto& [worker, names] : cases) {
    const Snapshot snapshot = Decoded(OneWorker(worker));
    EXPECT_EQ(Names(snapshot), names) << worker;
    EXPECT_EQ(Anomalies(snapshot), "") << worker;
  }
}

TEST(DecodeWorkers, AnIdInsideAnObjectWinsOnlyAsAString) {
  const auto one = [](const std::string& worker) {
    return Decoded(R"({"pool":{"size":1},"workers":{"key@1":)" + worker + "}}");
  };
  EXPECT_EQ(Names(one(R"({"id":"inner@2"})")), "inner|2|inner@2");
  EXPECT_EQ(Names(one(R"({"id":null})")), "key|1|key@1");
  EXPECT_EQ(Names(one(R"({"id":""})")), "key|1|key@1");
  const Snapshot mistyped = one(R"({"id":7})");
  EXPECT_EQ(Names(mistyped), "key|1|key@1");
  EXPECT_EQ(Anomalies(mistyped), "wrong_type=1");
}

TEST(DecodeWorkers, LeavesOutWhatHasNoName) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({"requests":1})", "unnamed_worker=1"},
      {R"({"id":"","app":"shop@1"})", "unnamed_worker=1"},
      {R"({"id":null})", "unnamed_worker=1"},
      {R"({"id":7})", "wrong_type=1 unnamed_worker=1"},
      {R"({"id":["a"]})", "wrong_type=1 unnamed_worker=1"},
      {"{}", "unnamed_worker=1"},
      {"null", "wrong_type=1"},
      {"3", "wrong_type=1"},
      {R"("w")", "wrong_type=1"},
      {"false", "wrong_type=1"},
      {R"([{"id":"a"}])", "wrong_type=1"},
  };
  for (const auto& [worker, anomalies] : cases) {
    const Snapshot snapshot = Decoded(OneWorker(std::string(worker) + R"(,{"id":"next","requests":2})"));
    EXPECT_EQ(Names(snapshot), "next||next") << worker;
    EXPECT_EQ(Only(snapshot).requests, 2) << worker;
    EXPECT_EQ(Anomalies(snapshot), anomalies) << worker;
  }
  const Snapshot object = Decoded(R"({"pool":{"size":1},"workers":{"":{},"a":null,"b":{},"c":5}})");
  EXPECT_EQ(Names(object), "b||b");
  EXPECT_EQ(Anomalies(object), "wrong_type=2 unnamed_worker=1");
}

TEST(DecodeWorkers, AKeyNamesOnlyItsOwnWorker) {
  const Snapshot snapshot = Decoded(R"({"pool":{"size":1},"workers":{"a":1},"workers":[{"requests":1}]})");
  EXPECT_EQ(Names(snapshot), "");
  EXPECT_EQ(Anomalies(snapshot), "wrong_type=1 unnamed_worker=1");
}

TEST(DecodeWorkers, TheFirstOfEqualIdsCounts) {
  const Snapshot array = Decoded(OneWorker(R"({"id":"a","requests":1},{"id":"b"},{"id":"a","requests":2})"));
  EXPECT_EQ(Names(array), "a||a b||b");
  EXPECT_EQ(Only(array).requests, 1);
  EXPECT_EQ(Anomalies(array), "duplicate_worker=1");
  const Snapshot object =
      Decoded(R"({"pool":{"size":1},"workers":{"a":{"requests":1},"a":{"requests":2},"a":{}}})");
  EXPECT_EQ(Names(object), "a||a");
  EXPECT_EQ(Only(object).requests, 1);
  EXPECT_EQ(Anomalies(object), "duplicate_worker=2");
}

TEST(DecodeWorkers, FindsDuplicatesAmongMany) {
  std::string workers;
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 3000; ++i) {
      if (!workers.empty()) workers += ',';
      workers += R"({"id":"w)" + std::to_string(i) + R"(","requests":)" + std::to_string(round) + "}";
    }
  }
  const Snapshot snapshot = Decoded(OneWorker(workers));
  ASSERT_EQ(snapshot.workers.size(), 3000U);
  EXPECT_EQ(Anomalies(snapshot), "duplicate_worker=3000");
  for (std::size_t i = 0; i < snapshot.workers.size(); ++i) {
    EXPECT_EQ(snapshot.Text(snapshot.workers[i].id), "w" + std::to_string(i));
    EXPECT_EQ(snapshot.workers[i].requests, 0);
  }
}

// Ids are found by a hash that differs from place to place, and apps are shared. Neither may show.
TEST(DecodeWorkers, TheSameBodyGivesTheSameSnapshotOnEveryThread) {
  const std::string body = testing::MakeStatsBody(Dialect::kDocumented, 5000);
  const Snapshot expected = Decoded(body);
  std::array<Snapshot, 16> snapshots;  // each thread has its decoder at another address
  std::vector<std::thread> threads;
  for (Snapshot& snapshot : snapshots) threads.emplace_back([&] { snapshot = Decoded(body); });
  for (std::thread& thread : threads) thread.join();
  for (const Snapshot& snapshot : snapshots) EXPECT_EQ(snapshot, expected);
}

TEST(DecodeWorkers, CutsLongNamesBetweenCharacters) {
  const std::string fits(kMaxLabelBytes, 'x');
  const Snapshot whole = Decoded(OneWorker(R"({"id":")" + fits + R"("})"));
  EXPECT_EQ(whole.Text(Only(whole).id), fits);
  EXPECT_EQ(Anomalies(whole), "");

  // 255 bytes and a euro sign (3 bytes): the sign goes as a whole.
  const std::string before(kMaxLabelBytes - 1, 'x');
  const Snapshot cut = Decoded(OneWorker(R"({"id":"w","app":")" + before + R"(€uro@)" + fits + R"(y"})"));
  EXPECT_EQ(cut.Text(Only(cut).app), before);
  EXPECT_EQ(cut.Text(Only(cut).version), fits);
  EXPECT_EQ(Anomalies(cut), "truncated_label=2");

  // Parts that fit stay whole although the id does not.
  const std::string half(200, 'h');
  const Snapshot id = Decoded(OneWorker(R"({"id":")" + half + "@" + half + R"("})"));
  EXPECT_EQ(id.Text(Only(id).id), half + "@" + half.substr(0, 55));
  EXPECT_EQ(id.Text(Only(id).app), half);
  EXPECT_EQ(id.Text(Only(id).version), half);
  EXPECT_EQ(Anomalies(id), "truncated_label=1");
}

TEST(DecodeWorkers, IdsThatACutMakesEqualAreDuplicates) {
  const std::string fits(kMaxLabelBytes, 'x');
  const Snapshot snapshot =
      Decoded(OneWorker(R"({"id":")" + fits + R"(1","requests":1},{"id":")" + fits + R"(2","requests":2})"));
  ASSERT_EQ(snapshot.workers.size(), 1U);
  EXPECT_EQ(Only(snapshot).requests, 1);
  // The first one's id and app; the second one's id.
  EXPECT_EQ(Anomalies(snapshot), "duplicate_worker=1 truncated_label=3");
}

TEST(DecodeWorkers, KnowsTheStatesOfBothDialects) {
  for (const char* field : {"state", "status"}) {
    for (std::size_t i = 0; i < kWorkerStateNames.size(); ++i) {
      const Snapshot snapshot = Decoded(OneWorker(R"({"id":"w",")" + std::string(field) + R"(":")" +
                                                  std::string(kWorkerStateNames[i]) + R"("})"));
      EXPECT_EQ(Only(snapshot).state, static_cast<WorkerState>(i));
      const bool unknown = static_cast<WorkerState>(i) == WorkerState::kUnknown;
      EXPECT_EQ(Anomalies(snapshot), unknown ? "unknown_state=1" : "");
    }
  }
  const Snapshot odd = Decoded(OneWorker(R"({"id":"w","state":"Active"})"));
  EXPECT_EQ(Only(odd).state, WorkerState::kUnknown);
  EXPECT_EQ(Anomalies(odd), "unknown_state=1");
  for (const char* none : {R"({"id":"w"})", R"({"id":"w","state":null})"}) {
    const Snapshot snapshot = Decoded(OneWorker(none));
    EXPECT_FALSE(Only(snapshot).state.has_value());
    EXPECT_EQ(Anomalies(snapshot), "");
  }
  const Snapshot mistyped = Decoded(OneWorker(R"({"id":"w","state":1})"));
  EXPECT_FALSE(Only(mistyped).state.has_value());
  EXPECT_EQ(Anomalies(mistyped), "wrong_type=1");
}

TEST(DecodeWorkers, MistypedFieldsHaveNoValue) {
  const std::pair<const char*, const char*> cases[] = {
      {R"("requests":"12")", "wrong_type=1"},
      {R"("requests":-3)", "negative=1"},
      {R"("requests":null)", ""},
      {R"("requests":[1])", "wrong_type=1"},
      {R"("memory":null)", ""},
      {R"("memory":5)", "wrong_type=1"},
      {R"("memory":[{"rss":5}])", "wrong_type=1"},
      {R"("memory":{"rss":"5","heapUsed":-1})", "wrong_type=1 negative=1"},
      {R"("memory":{"rss":null,"heapUsed":{"rss":1}})", "wrong_type=1"},
      {R"("app":5)", "wrong_type=1"},
      {R"("app":{"name":"x"})", "wrong_type=1"},
      {R"("avgResponseTimeMs":"fast")", ""},  // ignored fields may hold anything
  };
  for (const auto& [field, anomalies] : cases) {
    const Snapshot snapshot = Decoded(OneWorker(R"({"id":"w",)" + std::string(field) + R"(,"uptime":8})"));
    Worker worker = Only(snapshot);
    EXPECT_EQ(Names(snapshot), "w||w") << field;
    worker.id = worker.app = {};
    Worker expected;
    expected.uptime_seconds = 8;
    EXPECT_EQ(worker, expected) << field;
    EXPECT_EQ(Anomalies(snapshot), anomalies) << field;
  }
}

TEST(DecodeWorkers, HalfASurrogatePairIsAReplacementCharacter) {
  const Snapshot snapshot = Decoded(
      R"({"pool":{"hits":1},"workers":{"sh\ud800op@1.0.0":{"requestCount":1},"\ud83d\ude00\udc00@2":{}}})");
  EXPECT_EQ(Names(snapshot), "sh\uFFFDop|1.0.0|sh\uFFFDop@1.0.0 \U0001F600\uFFFD|2|\U0001F600\uFFFD@2");
  EXPECT_EQ(Anomalies(snapshot), "lone_surrogate=2");
}

}  // namespace
}  // namespace buntime
