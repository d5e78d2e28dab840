// Buntime's documented shapes, from either dialect.
#include "api/documented.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "api/json.h"
#include "support/fleets.h"
#include "support/snapshots.h"

namespace buntime {
namespace {

using testing::At;
using testing::Parse;

TEST(DocumentedTest, SummaryIsWhatTheDocumentsShow) {
  auto reading = std::make_shared<Reading>();
  Pool& pool = reading->snapshot.pool;
  pool.size = 500;
  pool.active = 12;
  pool.idle = 3;
  pool.creating = 0;
  pool.total = 15;
  pool.utilization = 0.03;
  pool.uptime_seconds = 86400;
  pool.hits = 7;  // the documented API knows no such thing
  Runtime runtime;
  runtime.reading = reading;
  runtime.last_success_unix_seconds = 1706005800;
  EXPECT_EQ(SummaryDocument(runtime),
            R"({"pool":{"size":500,"active":12,"idle":3,"creating":0,"total":15,"utilization":0.03},)"
            R"("uptime":86400,"timestamp":"2024-01-23T10:30:00.000Z"})");
}

TEST(DocumentedTest, TimestampsHaveMilliseconds) {
  Runtime runtime;
  const std::vector<std::pair<double, std::string>> times = {{0, "1970-01-01T00:00:00.000Z"},
                                                             {1706005800.0625, "2024-01-23T10:30:00.062Z"},
                                                             {951827696.9999, "2000-02-29T12:34:56.999Z"}};
  for (const auto& [seconds, text] : times) {
    runtime.last_success_unix_seconds = seconds;
    EXPECT_EQ(At(Parse(SummaryDocument(runtime)), "/timestamp").GetString(), text);
  }
}

TEST(DocumentedTest, StatsAreWhatTheDocumentsShow) {
  auto reading = std::make_shared<Reading>();
  Worker& worker = AddWorker(reading->snapshot, "worker-abc-123", "my-app", "latest");
  worker.state = WorkerState::kActive;
  worker.requests = 1542;
  worker.uptime_seconds = 3600;
  worker.rss_bytes = 52428800;
  worker.heap_used_bytes = 31457280;
  Runtime runtime;
  runtime.reading = reading;
  const std::string text = StatsDocument(runtime);
  EXPECT_NE(text.find(R"("workers":[{"id":"worker-abc-123","app":"my-app@latest","state":"active",)"
                      R"("requests":1542,"uptime":3600,"memory":{"rss":52428800,"heapUsed":31457280}}])"),
            text.npos)
      << text;
}

TEST(DocumentedTest, WhatIsNotReportedIsNull) {
  const auto summary = Parse(SummaryDocument(Runtime()));
  for (const char* const path : {"/pool/size", "/pool/active", "/pool/idle", "/pool/creating", "/pool/total",
                                 "/pool/utilization", "/uptime", "/timestamp"}) {
    EXPECT_TRUE(At(summary, path).IsNull()) << path;
  }
  EXPECT_TRUE(At(Parse(StatsDocument(Runtime())), "/workers").IsNull());

  auto reading = std::make_shared<Reading>();
  Runtime runtime;
  runtime.reading = reading;
  EXPECT_TRUE(At(Parse(StatsDocument(runtime)), "/workers").IsNull()) << "it said nothing about workers";
  AddWorker(reading->snapshot, "w", "");
  const auto stats = Parse(StatsDocument(runtime));
  for (const char* const path :
       {"/workers/0/app", "/workers/0/state", "/workers/0/requests", "/workers/0/uptime",
        "/workers/0/memory/rss", "/workers/0/memory/heapUsed"}) {
    EXPECT_TRUE(At(stats, path).IsNull()) << path;
  }
}

TEST(DocumentedTest, OtherStatesAreSaidInTheWordsOfTheDocuments) {
  const std::vector<std::pair<WorkerState, std::string>> words = {
      {WorkerState::kCreating, "creating"},     {WorkerState::kReady, "ready"},
      {WorkerState::kActive, "active"},         {WorkerState::kIdle, "idle"},
      {WorkerState::kTerminated, "terminated"}, {WorkerState::kEphemeral, "terminated"},
      {WorkerState::kOffline, "terminated"}};
  auto reading = std::make_shared<Reading>();
  for (const auto& [state, word] : words) AddWorker(reading->snapshot, word, "a").state = state;
  AddWorker(reading->snapshot, "w", "a").state = WorkerState::kUnknown;
  Runtime runtime;
  runtime.reading = reading;
  const auto stats = Parse(StatsDocument(runtime));
  for (unsigned i = 0; i < words.size(); ++i) {
    EXPECT_EQ(At(stats, "/workers")[i]["state"].GetString(), words[i].second) << i;
  }
  EXPECT_TRUE(At(stats, "/workers/7/state").IsNull());
}

TEST(DocumentedTest, RuntimesTellNamesAndReasons) {
  Fleet fleet = FullFleet();
  auto down = std::make_shared<Runtime>();
  down->url = "http://c:8000/metrics";
  down->error = "refused";
  fleet.runtimes.push_back(down);
  EXPECT_EQ(RuntimesDocument(fleet),
            R"({"runtimes":[{"name":"blue","url":"http://blue:8000/metrics","up":true,"error":null},)"
            R"({"name":"green","url":"http://green:8000/metrics","up":true,"error":null},)"
            R"({"name":null,"url":"http://c:8000/metrics","up":false,"error":"refused"}]})");
}

}  // namespace
}  // namespace buntime
