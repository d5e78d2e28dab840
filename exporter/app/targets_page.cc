#include "app/targets_page.h"

#include <optional>

#include "api/json_writer.h"
#include "api/page_documents.h"
#include "base/clock.h"

namespace buntime {
namespace {

std::string_view State(const Runtime& runtime) {
  if (!runtime.tried) return "untried";
  return runtime.up ? "up" : "down";
}

void WritePool(JsonWriter& json, const Reading* reading) {
  const Pool no_pool;
  const Pool& pool = reading ? reading->snapshot.pool : no_pool;
  json.Key("utilization").Number(pool.utilization);
  json.Key("active").Number(pool.active);
  json.Key("size").Number(pool.size);
  json.Key("requests_per_second").Number(reading ? reading->rates.requests_per_second : std::nullopt);
  json.Key("errors_per_second").Number(reading ? reading->rates.errors_per_second : std::nullopt);
  json.Key("ephemeral_queue_depth").Number(pool.ephemeral_queue_depth);
  json.Key("ephemeral_queue_limit").Number(pool.ephemeral_queue_limit);
}

void WriteTarget(JsonWriter& json, std::string_view key, std::string_view name, const Runtime& runtime,
                 const std::vector<Warning>& warnings) {
  const Reading* const reading = runtime.reading.get();
  json.BeginObject();
  json.Key(key).StringOrNull(name);
  json.Key("url").String(runtime.url);
  json.Key("state").String(State(runtime));
  json.Key("outcome").StringOrNull(runtime.tried ? Name(runtime.outcome) : "");
  json.Key("error").StringOrNull(runtime.error);
  json.Key("down_since").Number(runtime.down_since_unix_seconds);
  json.Key("last_poll").Number(runtime.last_poll_unix_seconds);
  json.Key("last_success").Number(runtime.last_success_unix_seconds);
  json.Key("poll_seconds").Number(runtime.poll_seconds);
  json.Key("interval_seconds").Number(Seconds(runtime.interval));
  json.Key("layout").StringOrNull(reading ? Name(reading->layout) : "");
  json.Key("dialect").StringOrNull(reading ? Name(reading->snapshot.dialect) : "");
  json.Key("version").StringOrNull(runtime.version);
  json.Key("workers");
  if (reading && reading->snapshot.workers_reported) {
    json.Number(static_cast<double>(reading->snapshot.workers.size()));
  } else {
    json.Null();
  }
  WritePool(json, reading);
  WriteWarnings(json, warnings);
  json.EndObject();
}

}  // namespace

bool WantsJson(std::string_view accept) {
  const auto json = accept.find("application/json");
  return json != std::string_view::npos && json < accept.find("text/html");
}

std::string TargetsAsJson(const Fleet& fleet, const std::vector<RecentProbe>& probes,
                          const History& history) {
  std::string out;
  JsonWriter json(out);
  json.BeginObject();
  json.Key("runtimes").BeginArray();
  for (const auto& runtime : fleet.runtimes) {
    WriteTarget(json, "runtime", runtime->name, *runtime, history.Warnings(*runtime));
  }
  json.EndArray();
  json.Key("probes").BeginArray();
  for (const RecentProbe& probe : probes) {
    WriteTarget(json, "module", probe.module, *probe.runtime, {});
  }
  json.EndArray();
  json.EndObject();
  return out;
}

}  // namespace buntime
