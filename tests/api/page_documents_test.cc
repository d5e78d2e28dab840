#include "api/page_documents.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "api/json.h"
#include "support/fleets.h"
#include "support/snapshots.h"

namespace buntime {
namespace {

using testing::At;
using testing::Parse;

const ExporterFacts kFacts = {"1.2.3", "abc", "/metrics"};

TEST(ViewDocumentTest, HasEveryQuantityOfThePool) {
  const Fleet fleet = FullFleet();
  const auto view = Parse(ViewDocument(fleet, *fleet.runtimes[1], kFacts, 1.7e9 + 5));
  const Pool& pool = fleet.runtimes[1]->reading->snapshot.pool;
  const auto same = [&](const char* path, const std::optional<double>& value) {
    EXPECT_EQ(At(view, path).GetDouble(), *value) << path;
  };
  same("/pool/size", pool.size);
  same("/pool/active", pool.active);
  same("/pool/idle", pool.idle);
  same("/pool/creating", pool.creating);
  same("/pool/total", pool.total);
  same("/pool/utilization", pool.utilization);
  same("/pool/uptime_seconds", pool.uptime_seconds);
  same("/pool/heap_used_bytes", pool.heap_used_bytes);
  same("/pool/acquire_mean_seconds", pool.acquire_mean_seconds);
  same("/pool/requests", pool.requests);
  same("/pool/hits", pool.hits);
  same("/pool/misses", pool.misses);
  same("/pool/evictions", pool.evictions);
  same("/pool/workers_created", pool.workers_created);
  same("/pool/workers_failed", pool.workers_failed);
  same("/pool/workers_retired", pool.workers_retired);
  same("/pool/unserved_requests", pool.unserved_requests);
  const App& app = fleet.runtimes[1]->reading->apps[0];
  for (const char* const owner : {"/pool", "/apps/0"}) {
    same((std::string(owner) + "/estimated_requests").c_str(), app.estimated_requests);
    same((std::string(owner) + "/discarded_workers").c_str(), app.discarded_workers);
  }
  same("/apps/0/request_seconds", app.request_seconds);
  same("/apps/0/memory_bytes", app.heap_used_bytes);
  same("/pool/ephemeral_concurrency", pool.ephemeral_concurrency);
  same("/pool/ephemeral_queue_depth", pool.ephemeral_queue_depth);
  same("/pool/ephemeral_queue_limit", pool.ephemeral_queue_limit);
  same("/pool/errors", fleet.runtimes[1]->reading->apps[0].errors);
  EXPECT_STREQ(At(view, "/exporter/version").GetString(), "1.2.3");
  EXPECT_EQ(At(view, "/exporter/now").GetDouble(), 1.7e9 + 5);
  EXPECT_STREQ(At(view, "/exporter/metrics_path").GetString(), "/metrics");
  EXPECT_STREQ(At(view, "/runtimes/1/name").GetString(), "green");
  EXPECT_STREQ(At(view, "/runtime/name").GetString(), "green");
  EXPECT_STREQ(At(view, "/runtime/dialect").GetString(), "released");
  EXPECT_STREQ(At(view, "/apps/0/app").GetString(), "shop");
  EXPECT_EQ(At(view, "/apps/0/workers").GetInt(), 1);
  EXPECT_EQ(At(view, "/workers_total").GetInt(), 1);
  EXPECT_EQ(At(view, "/workers_by_state/active").GetInt(), 1);
}

TEST(ViewDocumentTest, TellsRatesWhereThereAreAny) {
  auto reading = std::make_shared<Reading>();
  reading->rates = {12.5, std::nullopt};
  reading->apps.resize(1);
  reading->apps[0].rates = {2, 0.5};
  auto runtime = std::make_shared<Runtime>();
  runtime->reading = reading;
  const auto view = Parse(ViewDocument({1, {runtime}}, *runtime, kFacts, 0));
  EXPECT_EQ(At(view, "/pool/requests_per_second").GetDouble(), 12.5);
  EXPECT_TRUE(At(view, "/pool/errors_per_second").IsNull());
  EXPECT_EQ(At(view, "/apps/0/requests_per_second").GetDouble(), 2);
  EXPECT_EQ(At(view, "/apps/0/errors_per_second").GetDouble(), 0.5);
}

TEST(ViewDocumentTest, KnowsNothingOfARuntimeThatWasNeverRead) {
  auto runtime = std::make_shared<Runtime>();
  runtime->interval = std::chrono::seconds(5);
  runtime->stale_after = std::chrono::seconds(13);
  const auto view = Parse(ViewDocument({1, {runtime}}, *runtime, kFacts, 0));
  for (const char* const path :
       {"/pool", "/workers_total", "/workers_by_state", "/runtime/outcome", "/runtime/layout",
        "/runtime/dialect", "/runtime/version", "/runtime/last_success", "/runtime/down_since"}) {
    EXPECT_TRUE(At(view, path).IsNull()) << path;
  }
  EXPECT_FALSE(At(view, "/runtime/tried").GetBool());
  EXPECT_EQ(At(view, "/apps").Size(), 0U);
  EXPECT_EQ(At(view, "/runtime/interval_seconds").GetDouble(), 5);
  EXPECT_EQ(At(view, "/runtime/stale_after_seconds").GetDouble(), 13);
}

TEST(ViewDocumentTest, SaysWhenAndWhyARuntimeIsDownAndThatItsNumbersAreOld) {
  const Fleet fleet = FullFleet();
  Runtime down = *fleet.runtimes[0];
  down.up = false;
  down.outcome = Outcome::kConnect;
  down.error = "refused the connection";
  down.down_since_unix_seconds = 1.7e9 + 1;
  auto view = Parse(ViewDocument(fleet, down, kFacts, 0));
  EXPECT_TRUE(At(view, "/runtime/stale").GetBool());
  EXPECT_STREQ(At(view, "/runtime/outcome").GetString(), "connect");
  EXPECT_STREQ(At(view, "/runtime/error").GetString(), "refused the connection");
  EXPECT_EQ(At(view, "/runtime/down_since").GetDouble(), 1.7e9 + 1);
  EXPECT_TRUE(At(view, "/pool").IsObject());
  down.reading = nullptr;
  view = Parse(ViewDocument(fleet, down, kFacts, 0));
  EXPECT_FALSE(At(view, "/runtime/stale").GetBool()) << "nothing is shown, so nothing is old";
}

TEST(WorkersDocumentTest, HasEveryWorkerAndQuantity) {
  auto reading = std::make_shared<Reading>();
  Worker& worker = AddWorker(reading->snapshot, "w1", "@team/shop", "1.0");
  worker.state = WorkerState::kEphemeral;
  worker.requests = 1;
  worker.requests_per_second = 0.25F;
  worker.errors = 2;
  worker.uptime_seconds = 3;
  worker.idle_seconds = 4;
  worker.heap_used_bytes = 5;
  worker.rss_bytes = 7;
  worker.request_seconds = 6;
  AddWorker(reading->snapshot, "<b>", "");
  reading->shown = {};  // series are limited, the table is not
  Runtime runtime;
  runtime.name = "blue";
  runtime.reading = reading;
  EXPECT_EQ(
      WorkersDocument(runtime),
      R"({"runtime":"blue","workers":[{"id":"w1","app":"@team/shop","version":"1.0","state":"ephemeral",)"
      R"("requests":1,"requests_per_second":0.25,"errors":2,"uptime_seconds":3,"idle_seconds":4,)"
      R"("memory_bytes":5,"rss_bytes":7,"request_seconds":6},)"
      R"({"id":"<b>","app":"","version":null,"state":null,"requests":null,"requests_per_second":null,)"
      R"("errors":null,"uptime_seconds":null,"idle_seconds":null,"memory_bytes":null,)"
      R"("rss_bytes":null,"request_seconds":null}]})");
  EXPECT_EQ(WorkersDocument(Runtime()), R"({"runtime":"","workers":[]})");

  const auto ids = [&runtime](const WorkerFilter& filter) {
    std::string all;
    const auto document = Parse(WorkersDocument(runtime, filter));
    for (const auto& one : document["workers"].GetArray()) all += one["id"].GetString();
    return all;
  };
  EXPECT_EQ(ids({.id = "<b>"}), "<b>");
  EXPECT_EQ(ids({.app = "@team/shop", .version = "1.0"}), "w1");
  EXPECT_EQ(ids({.app = "@team/shop"}), "") << "of no version";
  EXPECT_EQ(ids({.id = "no-such-worker"}), "");
}

}  // namespace
}  // namespace buntime
