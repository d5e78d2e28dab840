#include "api/page_documents.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace buntime {
namespace {

using StateCounts = std::array<std::uint32_t, kWorkerStateNames.size()>;

void WriteExporter(JsonWriter& json, const ExporterFacts& exporter, double now) {
  json.Key("exporter").BeginObject();
  json.Key("version").String(exporter.version);
  json.Key("revision").String(exporter.revision);
  json.Key("now").Number(now);
  json.Key("metrics_path").String(exporter.metrics_path);
  json.EndObject();
}

void WriteRuntimes(JsonWriter& json, const Fleet& fleet) {
  json.Key("runtimes").BeginArray();
  for (const auto& runtime : fleet.runtimes) {
    json.BeginObject();
    json.Key("name").String(runtime->name);
    json.Key("up").Bool(runtime->up);
    json.Key("tried").Bool(runtime->tried);
    json.EndObject();
  }
  json.EndArray();
}

void WriteRuntime(JsonWriter& json, const Runtime& runtime) {
  const Reading* const reading = runtime.reading.get();
  json.Key("runtime").BeginObject();
  json.Key("name").String(runtime.name);
  json.Key("url").String(runtime.url);
  json.Key("tried").Bool(runtime.tried);
  json.Key("up").Bool(runtime.up);
  json.Key("outcome").StringOrNull(runtime.tried ? Name(runtime.outcome) : "");
  json.Key("error").String(runtime.error);
  json.Key("down_since").Number(runtime.down_since_unix_seconds);
  json.Key("last_success").Number(runtime.last_success_unix_seconds);
  // What is shown is of an earlier poll than the latest.
  json.Key("stale").Bool(reading != nullptr && !runtime.up && !runtime.read_without_key);
  json.Key("poll_seconds").Number(runtime.poll_seconds);
  json.Key("layout").StringOrNull(reading != nullptr ? Name(reading->layout) : "");
  json.Key("dialect").StringOrNull(reading != nullptr ? Name(reading->snapshot.dialect) : "");
  json.Key("version").StringOrNull(runtime.version);
  json.Key("interval_seconds").Number(Seconds(runtime.interval));
  json.Key("stale_after_seconds").Number(Seconds(runtime.stale_after));
  json.EndObject();
}

// What is counted by app alone, over those that report it.
std::optional<double> Sum(const std::vector<App>& apps, std::optional<double> App::*field) {
  std::optional<double> sum;
  for (const App& app : apps) {
    if (app.*field) sum = sum.value_or(0) + *(app.*field);
  }
  return sum;
}

// Workers are threads of one process, so each of them reports the same; samples of different moments may
// differ.
std::optional<double> ProcessRss(const Snapshot& snapshot) {
  std::optional<double> most;
  for (const Worker& worker : snapshot.workers) {
    if (worker.rss_bytes) most = std::max(most.value_or(0), *worker.rss_bytes);
  }
  return most;
}

void WritePool(JsonWriter& json, const Reading* reading) {
  json.Key("pool");
  if (reading == nullptr) return json.Null();
  const Pool& pool = reading->snapshot.pool;
  json.BeginObject();
  json.Key("size").Number(pool.size);
  json.Key("active").Number(pool.active);
  json.Key("idle").Number(pool.idle);
  json.Key("creating").Number(pool.creating);
  json.Key("total").Number(pool.total);
  json.Key("utilization").Number(pool.utilization);
  json.Key("uptime_seconds").Number(pool.uptime_seconds);
  json.Key("requests").Number(pool.requests);
  json.Key("estimated_requests").Number(Sum(reading->apps, &App::estimated_requests));
  json.Key("unserved_requests").Number(pool.unserved_requests);
  json.Key("errors").Number(Sum(reading->apps, &App::errors));
  json.Key("hits").Number(pool.hits);
  json.Key("misses").Number(pool.misses);
  json.Key("evictions").Number(pool.evictions);
  json.Key("workers_created").Number(pool.workers_created);
  json.Key("workers_failed").Number(pool.workers_failed);
  json.Key("workers_retired").Number(pool.workers_retired);
  json.Key("discarded_workers").Number(Sum(reading->apps, &App::discarded_workers));
  json.Key("heap_used_bytes").Number(pool.heap_used_bytes);
  json.Key("workers_heap_bytes").Number(Sum(reading->apps, &App::heap_used_bytes));
  json.Key("rss_bytes").Number(ProcessRss(reading->snapshot));
  json.Key("acquire_mean_seconds").Number(pool.acquire_mean_seconds);
  json.Key("ephemeral_concurrency").Number(pool.ephemeral_concurrency);
  json.Key("ephemeral_queue_depth").Number(pool.ephemeral_queue_depth);
  json.Key("ephemeral_queue_limit").Number(pool.ephemeral_queue_limit);
  json.Key("requests_per_second").Number(reading->rates.requests_per_second);
  json.Key("errors_per_second").Number(reading->rates.errors_per_second);
  json.EndObject();
}

std::uint32_t CountAlive(const StateCounts& workers) {
  std::uint32_t alive = 0;
  for (std::size_t i = 0; i < workers.size(); ++i) {
    if (IsAlive(static_cast<WorkerState>(i))) alive += workers[i];
  }
  return alive;
}

void WriteApps(JsonWriter& json, const Reading* reading) {
  json.Key("apps").BeginArray();
  if (reading != nullptr) {
    for (const App& app : reading->apps) {
      json.BeginObject();
      json.Key("app").String(app.name);
      json.Key("version").StringOrNull(app.version);
      json.Key("workers").Number(CountAlive(app.workers));
      json.Key("requests").Number(app.requests);
      json.Key("estimated_requests").Number(app.estimated_requests);
      json.Key("discarded_workers").Number(app.discarded_workers);
      json.Key("errors").Number(app.errors);
      json.Key("request_seconds").Number(app.request_seconds);
      json.Key("memory_bytes").Number(app.heap_used_bytes);
      json.Key("requests_per_second").Number(app.rates.requests_per_second);
      json.Key("errors_per_second").Number(app.rates.errors_per_second);
      json.EndObject();
    }
  }
  json.EndArray();
}

void WriteWorkerCounts(JsonWriter& json, const Reading* reading) {
  const bool known = reading != nullptr && reading->snapshot.workers_reported;
  json.Key("workers_total");
  known ? json.Number(static_cast<double>(reading->snapshot.workers.size())) : json.Null();
  json.Key("workers_by_state");
  if (!known) return json.Null();
  StateCounts count{};
  for (const Worker& worker : reading->snapshot.workers) {
    ++count[Index(worker.state.value_or(WorkerState::kUnknown))];
  }
  json.BeginObject();
  for (std::size_t i = 0; i < count.size(); ++i) {
    if (count[i] > 0) json.Key(kWorkerStateNames[i]).Number(count[i]);
  }
  json.EndObject();
}

bool IsMeant(const Snapshot& snapshot, const Worker& worker, const WorkerFilter& filter) {
  if (filter.id && snapshot.Text(worker.id) != *filter.id) return false;
  return !filter.app ||
         (snapshot.Text(worker.app) == *filter.app && snapshot.Text(worker.version) == filter.version);
}

void WriteWorker(JsonWriter& json, const Snapshot& snapshot, const Worker& worker) {
  json.BeginObject();
  json.Key("id").String(snapshot.Text(worker.id));
  json.Key("app").String(snapshot.Text(worker.app));
  json.Key("version").StringOrNull(snapshot.Text(worker.version));
  json.Key("state").StringOrNull(worker.state ? Name(*worker.state) : "");
  json.Key("requests").Number(worker.requests);
  json.Key("requests_per_second").Short(worker.requests_per_second);
  json.Key("errors").Number(worker.errors);
  json.Key("uptime_seconds").Number(worker.uptime_seconds);
  json.Key("idle_seconds").Number(worker.idle_seconds);
  json.Key("memory_bytes").Number(worker.heap_used_bytes);
  json.Key("rss_bytes").Number(worker.rss_bytes);
  json.Key("request_seconds").Number(worker.request_seconds);
  json.EndObject();
}

}  // namespace

void WriteWarnings(JsonWriter& json, const std::vector<Warning>& warnings) {
  json.Key("warnings").BeginArray();
  for (const Warning& warning : warnings) {
    json.BeginObject();
    json.Key("kind").String(Name(warning.kind));
    json.Key("app").StringOrNull(warning.app);
    json.Key("value").Number(warning.value);
    json.Key("limit").Number(warning.limit);
    json.Key("since").Number(warning.since_unix_seconds);
    json.EndObject();
  }
  json.EndArray();
}

std::string ViewDocument(const Fleet& fleet, const Runtime& runtime, const ExporterFacts& exporter,
                         double now_unix_seconds, const std::vector<Warning>& warnings) {
  const Reading* const reading = runtime.reading.get();
  std::string out;
  JsonWriter json(out);
  json.BeginObject();
  WriteExporter(json, exporter, now_unix_seconds);
  WriteRuntimes(json, fleet);
  WriteRuntime(json, runtime);
  WriteWarnings(json, warnings);
  WritePool(json, reading);
  WriteApps(json, reading);
  WriteWorkerCounts(json, reading);
  json.EndObject();
  return out;
}

std::string WorkersDocument(const Runtime& runtime, const WorkerFilter& filter) {
  // A worker takes about this much; growing step by step would copy a large document several times over.
  constexpr std::size_t kBytesPerWorker = 256;
  std::string out;
  if (runtime.reading && !filter.id && !filter.app)
    out.reserve(kBytesPerWorker * (runtime.reading->snapshot.workers.size() + 1));
  JsonWriter json(out);
  json.BeginObject();
  json.Key("runtime").String(runtime.name);
  json.Key("workers").BeginArray();
  if (runtime.reading) {
    const Snapshot& snapshot = runtime.reading->snapshot;
    for (const Worker& worker : snapshot.workers) {
      if (IsMeant(snapshot, worker, filter)) WriteWorker(json, snapshot, worker);
    }
  }
  json.EndArray();
  json.EndObject();
  return out;
}

}  // namespace buntime
