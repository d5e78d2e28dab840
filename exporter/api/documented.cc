#include "api/documented.h"

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <ctime>
#include <optional>
#include <string_view>

#include "api/json_writer.h"

namespace buntime {
namespace {

// As JavaScript's Date.toISOString writes it: `2024-01-23T10:30:00.000Z`.
std::string IsoTime(double unix_seconds) {
  const auto milliseconds = static_cast<long long>(std::floor(unix_seconds * 1000));
  const auto seconds = static_cast<std::time_t>(milliseconds / 1000);
  std::tm utc = {};
  gmtime_r(&seconds, &utc);
  std::array<char, 32> date;  // NOLINT(cppcoreguidelines-pro-type-member-init): written before it is read
  const std::size_t size = std::strftime(date.data(), date.size(), "%Y-%m-%dT%H:%M:%S", &utc);
  std::string rest = std::to_string(1000 + milliseconds % 1000);
  rest.front() = '.';
  return std::string(date.data(), size) + rest + "Z";
}

void WritePool(JsonWriter& json, const Runtime& runtime) {
  const Pool* const pool = runtime.reading ? &runtime.reading->snapshot.pool : nullptr;
  const auto write = [&](std::string_view name, std::optional<double> Pool::*field) {
    json.Key(name).Number(pool != nullptr ? pool->*field : std::nullopt);
  };
  json.Key("pool").BeginObject();
  write("size", &Pool::size);
  write("active", &Pool::active);
  write("idle", &Pool::idle);
  write("creating", &Pool::creating);
  write("total", &Pool::total);
  write("utilization", &Pool::utilization);
  json.EndObject();
}

// The API knows five states.
std::string_view StateName(const std::optional<WorkerState>& state) {
  if (!state || *state == WorkerState::kUnknown) return "";
  return Name(IsAlive(*state) ? *state : WorkerState::kTerminated);
}

void WriteWorker(JsonWriter& json, const Snapshot& snapshot, const Worker& worker, std::string& app) {
  app = snapshot.Text(worker.app);
  if (!worker.version.empty()) app.append("@").append(snapshot.Text(worker.version));
  json.BeginObject();
  json.Key("id").String(snapshot.Text(worker.id));
  json.Key("app").StringOrNull(app);
  json.Key("state").StringOrNull(StateName(worker.state));
  json.Key("requests").Number(worker.requests);
  json.Key("uptime").Number(worker.uptime_seconds);
  json.Key("memory").BeginObject();
  json.Key("rss").Number(worker.rss_bytes);
  json.Key("heapUsed").Number(worker.heap_used_bytes);
  json.EndObject();
  json.EndObject();
}

}  // namespace

std::string SummaryDocument(const Runtime& runtime) {
  std::string out;
  JsonWriter json(out);
  json.BeginObject();
  WritePool(json, runtime);
  json.Key("uptime").Number(runtime.reading ? runtime.reading->snapshot.pool.uptime_seconds : std::nullopt);
  const auto& read_at = runtime.last_success_unix_seconds;
  json.Key("timestamp").StringOrNull(read_at ? IsoTime(*read_at) : "");
  json.EndObject();
  return out;
}

std::string StatsDocument(const Runtime& runtime) {
  const Reading* const reading = runtime.reading.get();
  // A worker takes about this much; growing step by step would copy a large document several times over.
  constexpr std::size_t kBytesPerWorker = 192;
  std::string out;
  if (reading != nullptr) out.reserve(kBytesPerWorker * (reading->snapshot.workers.size() + 1));
  JsonWriter json(out);
  json.BeginObject();
  WritePool(json, runtime);
  json.Key("workers");
  if (reading != nullptr && reading->snapshot.workers_reported) {
    std::string app;  // reused
    json.BeginArray();
    for (const Worker& worker : reading->snapshot.workers) WriteWorker(json, reading->snapshot, worker, app);
    json.EndArray();
  } else {
    json.Null();
  }
  json.EndObject();
  return out;
}

std::string RuntimesDocument(const Fleet& fleet) {
  std::string out;
  JsonWriter json(out);
  json.BeginObject();
  json.Key("runtimes").BeginArray();
  for (const auto& runtime : fleet.runtimes) {
    json.BeginObject();
    json.Key("name").StringOrNull(runtime->name);
    json.Key("url").String(runtime->url);
    json.Key("up").Bool(runtime->up);
    json.Key("error").StringOrNull(runtime->error);
    json.EndObject();
  }
  json.EndArray();
  json.EndObject();
  return out;
}

}  // namespace buntime
