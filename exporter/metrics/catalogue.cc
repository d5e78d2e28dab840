#include "metrics/catalogue.h"

#include <algorithm>
#include <array>
#include <stdexcept>

#include "base/text.h"

namespace buntime {
namespace {

using enum MetricType;
using Value = std::optional<double>;

constexpr std::string_view kPoll = "poll";
constexpr std::string_view kApp = "app,version";
constexpr std::string_view kWorker = "worker,app,version";

// The HELP texts of the seven documented metrics (buntime_pool_size … _utilization and
// buntime_uptime_seconds), and their types, are what the runtime's own documents promise: they never change.
constexpr std::array kCatalogue = {
    Metric{"buntime_fleet_runtimes", kGauge, "Number of polled runtimes; only with several runtimes.", "",
           kPoll, kPoll,
           OfFleet{[](const Fleet& f) -> Value { return static_cast<double>(f.runtimes.size()); }}},
    Metric{"buntime_fleet_runtimes_up", kGauge, "Runtimes whose latest poll succeeded.", "", kPoll, kPoll,
           OfFleet{[](const Fleet& f) -> Value {
             return static_cast<double>(
                 std::ranges::count_if(f.runtimes, [](const auto& r) { return r->up; }));
           }}},
    Metric{"buntime_fleet_pool_size", kGauge, "Sum of buntime_pool_size over the runtimes that have one.", "",
           kPoll, kPoll, SumOfPools{&Pool::size}},
    Metric{"buntime_fleet_pool_active", kGauge, "Sum of buntime_pool_active.", "", kPoll, kPoll,
           SumOfPools{&Pool::active}},
    Metric{"buntime_fleet_pool_idle", kGauge, "Sum of buntime_pool_idle.", "", kPoll, kPoll,
           SumOfPools{&Pool::idle}},
    Metric{"buntime_fleet_pool_total", kGauge, "Sum of buntime_pool_total.", "", kPoll, kPoll,
           SumOfPools{&Pool::total}},
    Metric{"buntime_up", kGauge, "Whether the latest poll of the runtime succeeded.", "", kPoll, kPoll,
           OfRuntime{[](const Runtime& r) { return r.tried ? Value(r.up ? 1 : 0) : std::nullopt; }}},
    Metric{"buntime_poll_outcome", kGauge,
           "Outcome of the latest poll: 1 for the current outcome, 0 for all others.", "outcome", kPoll,
           kPoll, Special::kPollOutcome},
    Metric{"buntime_poll_duration_seconds", kGauge, "Duration of the latest poll, successful or not.", "",
           kPoll, kPoll, OfRuntime{[](const Runtime& r) { return r.poll_seconds; }}},
    Metric{"buntime_last_success_timestamp_seconds", kGauge, "Unix time of the latest successful poll.", "",
           kPoll, kPoll, OfRuntime{[](const Runtime& r) { return r.last_success_unix_seconds; }}},
    Metric{
        "buntime_runtime_info", kGauge,
        "Layout and dialect of the runtime's API, and the package version that its health endpoint reports.",
        "layout,dialect,version", kPoll, kPoll, Special::kRuntimeInfo},
    Metric{"buntime_uptime_seconds", kCounter, "Server uptime in seconds", "", "summary uptime",
           "pool.uptimeMs / 1000", OfPool{&Pool::uptime_seconds}},
    Metric{"buntime_heap_used_bytes", kGauge, "Heap used by the runtime's main thread (pool.memoryUsageMB).",
           "", "", "pool.memoryUsageMB × 1048576", OfPool{&Pool::heap_used_bytes}},
    Metric{"buntime_pool_size", kGauge, "Maximum pool size", "", "pool.size, else --runtime.pool-size",
           "--runtime.pool-size", OfPool{&Pool::size}},
    Metric{"buntime_pool_active", kGauge, "Active workers", "", "pool.active, else count of state active",
           "count of status active", OfPool{&Pool::active}},
    Metric{"buntime_pool_idle", kGauge, "Idle workers", "", "pool.idle, else count of states idle and ready",
           "count of status idle", OfPool{&Pool::idle}},
    Metric{"buntime_pool_creating", kGauge, "Workers being created", "",
           "pool.creating, else count of state creating", "", OfPool{&Pool::creating}},
    Metric{"buntime_pool_total", kGauge, "Total workers", "", "pool.total, else active + idle + creating",
           "active + idle, else pool.activeWorkers", OfPool{&Pool::total}},
    Metric{"buntime_pool_utilization", kGauge, "Pool utilization ratio", "",
           "pool.utilization, else active / size", "active / size", OfPool{&Pool::utilization}},
    Metric{"buntime_pool_active_peak", kGauge,
           "Highest buntime_pool_active of the polls within --poll.peak-window.", "", kPoll, kPoll,
           OfReading{[](const Reading& r) { return r.peaks.active; }}},
    Metric{"buntime_pool_utilization_peak", kGauge,
           "Highest buntime_pool_utilization of the polls within --poll.peak-window.", "", kPoll, kPoll,
           OfReading{[](const Reading& r) { return r.peaks.utilization; }}},
    Metric{"buntime_ephemeral_queue_depth_peak", kGauge,
           "Highest buntime_ephemeral_queue_depth of the polls within --poll.peak-window.", "", "", kPoll,
           OfReading{[](const Reading& r) { return r.peaks.ephemeral_queue_depth; }}},
    Metric{"buntime_pool_requests_total", kCounter,
           "Requests taken by the pool, failed ones included (pool.totalRequests); requests that a full "
           "queue refuses are counted nowhere.",
           "", "", "pool.totalRequests", OfPool{&Pool::requests}},
    Metric{
        "buntime_pool_requests_unserved_total", kCounter,
        "Requests that the pool has taken and that no app has counted: their worker did not start, or ended "
        "first.",
        "", "", "Δ hits + Δ workers created for them - Δ requests of apps", OfPool{&Pool::unserved_requests}},
    Metric{"buntime_pool_hits_total", kCounter,
           "Requests that found a worker (pool.hits), including requests that arrive while the worker boots.",
           "", "", "pool.hits", OfPool{&Pool::hits}},
    Metric{"buntime_pool_misses_total", kCounter,
           "Requests that found no worker (pool.misses); every request to an app with ttl 0 is one.", "", "",
           "pool.misses", OfPool{&Pool::misses}},
    Metric{"buntime_pool_evictions_total", kCounter,
           "Workers evicted to make room in a full pool (pool.evictions).", "", "", "pool.evictions",
           OfPool{&Pool::evictions}},
    Metric{"buntime_pool_acquire_mean_seconds", kGauge,
           "Mean time to acquire a worker over the last 100 lookups (pool.avgResponseTimeMs); not the "
           "latency of requests.",
           "", "", "pool.avgResponseTimeMs / 1000", OfPool{&Pool::acquire_mean_seconds}},
    Metric{"buntime_workers_created_total", kCounter, "Workers created (pool.totalWorkersCreated).", "", "",
           "pool.totalWorkersCreated", OfPool{&Pool::workers_created}},
    Metric{"buntime_workers_failed_total", kCounter,
           "Workers that failed (pool.totalWorkersFailed); persistent workers that fail to boot are not "
           "counted.",
           "", "", "pool.totalWorkersFailed", OfPool{&Pool::workers_failed}},
    Metric{"buntime_workers_retired_total", kCounter,
           "Workers retired (pool.totalWorkersRetired); workers discarded after maxRequests, ttl, a timeout "
           "or a crash are not counted.",
           "", "", "pool.totalWorkersRetired", OfPool{&Pool::workers_retired}},
    Metric{"buntime_ephemeral_concurrency", kGauge,
           "Maximum number of concurrent requests to apps with ttl 0 (pool.ephemeralConcurrency).", "", "",
           "pool.ephemeralConcurrency", OfPool{&Pool::ephemeral_concurrency}},
    Metric{"buntime_ephemeral_queue_depth", kGauge,
           "Requests to apps with ttl 0 that wait in the queue (pool.ephemeralQueueDepth).", "", "",
           "pool.ephemeralQueueDepth", OfPool{&Pool::ephemeral_queue_depth}},
    Metric{"buntime_ephemeral_queue_limit", kGauge,
           "Maximum length of the queue (pool.ephemeralQueueLimit); beyond it clients get 500, which is "
           "counted nowhere.",
           "", "", "pool.ephemeralQueueLimit", OfPool{&Pool::ephemeral_queue_limit}},
    Metric{"buntime_app_workers", kGauge, "Workers of the app by state (workers[].state, workers.*.status).",
           "app,version,state", "workers[].state", "workers.*.status", Special::kAppWorkers},
    Metric{"buntime_app_requests_total", kCounter,
           "Requests of the app over all of its workers, accumulated since the exporter started.", kApp,
           "Σ Δ workers[].requests", "Σ Δ workers.*.requestCount",
           OfApp{[](const App& a) -> Value { return a.requests; }}},
    Metric{
        "buntime_app_requests_estimated_total", kCounter,
        "The part of buntime_app_requests_total that was counted by workers discarded unseen: known in sum "
        "from the pool's counters, attributed to the app by its rate.",
        kApp, "", "attributed", OfApp{[](const App& a) { return a.estimated_requests; }}},
    Metric{"buntime_app_workers_discarded_total", kCounter,
           "Workers of the app that the runtime replaced without retiring them: after maxRequests, ttl, a "
           "timeout "
           "or a crash.",
           kApp, "", "attributed", OfApp{[](const App& a) { return a.discarded_workers; }}},
    Metric{"buntime_app_errors_total", kCounter,
           "Failed requests of the app over all of its workers, accumulated since the exporter started; an "
           "error response that the app sends itself counts as success.",
           kApp, "", "Σ Δ workers.*.errorCount", OfApp{[](const App& a) { return a.errors; }}},
    Metric{"buntime_app_request_duration_seconds", kSummary,
           "Time that the app's workers spent in requests, without time in the queue, accumulated since the "
           "exporter started; mean = sum / count.",
           kApp, "", "Σ Δ workers.*.totalResponseTimeMs / 1000, requestCount", SummaryOfApp{}},
    Metric{"buntime_app_heap_used_bytes", kGauge,
           "Heap used by the app's workers (workers[].memory.heapUsed).", kApp, "Σ workers[].memory.heapUsed",
           "", OfApp{[](const App& a) { return a.heap_used_bytes; }}},
    Metric{"buntime_worker_state", kGauge, "1 for the current state of the worker.",
           "worker,app,version,state", "workers[].state", "workers.*.status", Special::kWorkerState},
    Metric{"buntime_worker_requests_total", kCounter, "Requests of the worker (requests, requestCount).",
           kWorker, "workers[].requests", "workers.*.requestCount", OfWorker{&Worker::requests}},
    Metric{"buntime_worker_errors_total", kCounter,
           "Failed requests of the worker (errorCount); an error response that the app sends itself counts "
           "as success.",
           kWorker, "", "workers.*.errorCount", OfWorker{&Worker::errors}},
    Metric{"buntime_worker_request_duration_seconds", kSummary,
           "Time that the worker spent in requests, without time in the queue (totalResponseTimeMs); mean = "
           "sum / count.",
           kWorker, "", "workers.*.totalResponseTimeMs / 1000, requestCount", SummaryOfWorker{}},
    Metric{"buntime_worker_uptime_seconds", kGauge,
           "Age of the worker (uptime, ageMs); only of live workers.", kWorker, "workers[].uptime",
           "workers.*.ageMs / 1000", OfWorker{&Worker::uptime_seconds}},
    Metric{"buntime_worker_idle_seconds", kGauge,
           "Time since the worker's latest request (idleMs); only of live workers.", kWorker, "",
           "workers.*.idleMs / 1000", OfWorker{&Worker::idle_seconds}},
    Metric{"buntime_worker_memory_rss_bytes", kGauge,
           "Resident memory reported by the worker (memory.rss), which is that of the whole process: do not "
           "sum it over workers.",
           kWorker, "workers[].memory.rss", "", OfWorker{&Worker::rss_bytes}},
    Metric{"buntime_worker_memory_heap_used_bytes", kGauge, "Heap used by the worker (memory.heapUsed).",
           kWorker, "workers[].memory.heapUsed", "", OfWorker{&Worker::heap_used_bytes}},
    Metric{"buntime_exporter_apps_dropped", kGauge,
           "Apps without series of their own because of --app.limit; the app other is the sum of them.", "",
           kPoll, kPoll,
           OfReading{[](const Reading& r) -> Value { return static_cast<double>(r.apps_dropped); }}},
    Metric{"buntime_exporter_workers_dropped", kGauge,
           "Workers without series of their own because of --worker.limit.", "", kPoll, kPoll,
           OfReading{[](const Reading& r) -> Value { return static_cast<double>(r.workers_dropped); }}},

    Metric{"buntime_exporter_build_info", kGauge, "Version, revision and compiler of the exporter.",
           "version,revision,compiler", "", "", OfExporter{}},
    Metric{"buntime_exporter_polls_total", kCounter, "Polls by outcome.", "outcome", "", "", OfExporter{}},
    Metric{"buntime_exporter_poll_duration_seconds", kHistogram, "Durations of polls, successful or not.", "",
           "", "", OfExporter{}},
    Metric{"buntime_exporter_anomalies_total", kCounter, "Recoverable anomalies in responses, by kind.",
           "kind", "", "", OfExporter{}},
    Metric{"buntime_exporter_probes_total", kCounter,
           "Responses of /probe by module and result: an outcome, forbidden or busy; only with modules.",
           "module,result", "", "", OfExporter{}},
    Metric{"buntime_exporter_config_last_reload_successful", kGauge,
           "Whether the latest load of the configuration succeeded.", "", "", "", OfExporter{}},
    Metric{"buntime_exporter_config_last_reload_success_timestamp_seconds", kGauge,
           "Unix time of the latest successful load of the configuration.", "", "", "", OfExporter{}},
    Metric{"buntime_exporter_web_certificate_expiry_timestamp_seconds", kGauge,
           "Unix time at which the first certificate of the exporter's server and its chain expires; only "
           "with TLS.",
           "", "", "", OfExporter{}},
    Metric{"buntime_exporter_http_requests_total", kCounter,
           "HTTP requests answered by the exporter, by path and status.", "path,code", "", "", OfExporter{}},
    Metric{"buntime_exporter_http_request_duration_seconds", kHistogram,
           "Time from the end of a request header to the last byte of the response.", "path", "", "",
           OfExporter{}},
    Metric{"buntime_exporter_log_lines_dropped_total", kCounter,
           "Log lines that were not written, because standard error blocks or is broken.", "", "", "",
           OfExporter{}},
    Metric{"process_cpu_seconds_total", kCounter, "User and system CPU time of the exporter.", "", "", "",
           OfExporter{}},
    Metric{"process_resident_memory_bytes", kGauge, "Resident memory of the exporter.", "", "", "",
           OfExporter{}},
    Metric{"process_virtual_memory_bytes", kGauge, "Virtual memory of the exporter.", "", "", "",
           OfExporter{}},
    Metric{"process_open_fds", kGauge, "Open file descriptors of the exporter.", "", "", "", OfExporter{}},
    Metric{"process_max_fds", kGauge, "Limit of open file descriptors of the exporter.", "", "", "",
           OfExporter{}},
    Metric{"process_start_time_seconds", kGauge, "Unix time at which the exporter started.", "", "", "",
           OfExporter{}},
};

// Calls `use` for each of the comma-separated `labels`.
template <class Use>
void ForEachLabel(std::string_view labels, Use use) {
  while (!labels.empty()) {
    const std::string_view label = labels.substr(0, labels.find(','));
    use(label);
    labels.remove_prefix(std::min(labels.size(), label.size() + 1));
  }
}

std::string_view OrDash(std::string_view text) { return text.empty() ? "–" : text; }

}  // namespace

std::string_view Name(MetricType type) {
  constexpr std::array<std::string_view, 4> kNames = {"counter", "gauge", "histogram", "summary"};
  return kNames[static_cast<std::size_t>(type)];
}

std::span<const Metric> Catalogue() { return kCatalogue; }

const Metric& CatalogueEntry(std::string_view name) {
  for (const Metric& metric : kCatalogue) {
    if (metric.name == name) return metric;
  }
  throw std::out_of_range("no metric is called " + std::string(name));
}

std::string CatalogueAsMarkdown() {
  std::string out =
      "| metric | type | labels | what it says | documented dialect | released dialect |\n"
      "|---|---|---|---|---|---|\n";
  for (const Metric& metric : kCatalogue) {
    out.append("| `").append(metric.name).append("` | ").append(Name(metric.type)).append(" | ");
    std::string labels;
    ForEachLabel(metric.labels, [&](std::string_view label) {
      labels.append(labels.empty() ? "`" : ", `").append(label).append("`");
    });
    out.append(labels).append(" | ").append(metric.help).append(" | ");
    out.append(OrDash(metric.documented)).append(" | ").append(OrDash(metric.released)).append(" |\n");
  }
  return out;
}

std::string CatalogueAsJson() {
  std::string out = "[\n";
  for (const Metric& metric : kCatalogue) {
    const auto field = [&](std::string_view key, std::string_view value) {
      AppendJsonString(out, key);
      out += ": ";
      AppendJsonString(out, value);
      out += ", ";
    };
    out += "  {";
    field("name", metric.name);
    field("type", Name(metric.type));
    field("help", metric.help);
    field("documented", metric.documented);
    field("released", metric.released);
    out += "\"labels\": [";
    bool first = true;
    ForEachLabel(metric.labels, [&](std::string_view label) {
      if (!first) out += ", ";
      first = false;
      AppendJsonString(out, label);
    });
    out += &metric == &kCatalogue.back() ? "]}\n" : "]},\n";
  }
  return out + "]\n";
}

}  // namespace buntime
