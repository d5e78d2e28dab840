#include "simulator/bodies.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <utility>
#include <vector>

#include "base/text.h"

namespace buntime::simulator {
namespace {

void AppendInt(std::string& out, std::uint64_t value) {
  std::array<char, 24> text{};
  out.append(text.data(), std::to_chars(text.data(), text.data() + text.size(), value).ptr);
}

std::uint64_t NotNegative(std::int64_t value) { return value < 0 ? 0 : static_cast<std::uint64_t>(value); }

// Hundredths as the runtime prints them: rounded to two places, without trailing zeros.
void AppendHundredths(std::string& out, std::uint64_t value) {
  AppendInt(out, value / 100);
  const std::uint64_t rest = value % 100;
  if (rest == 0) return;
  out += '.';
  out += static_cast<char>('0' + rest / 10);
  if (rest % 10 != 0) out += static_cast<char>('0' + rest % 10);
}

std::uint64_t DivideRounded(std::uint64_t value, std::uint64_t by) {
  return by == 0 ? 0 : (value + by / 2) / by;
}

using Fields = std::vector<std::pair<std::string_view, std::uint64_t>>;

// The released pool, all values in hundredths, in the runtime's order.
Fields ReleasedPool(const View& view) {
  const PoolCounters& c = view.counters;
  const std::uint64_t seconds = std::max<std::uint64_t>(1, NotNegative(view.uptime_ms));
  return {{"activeWorkers", view.cached * 100},
          {"avgResponseTimeMs", view.acquire_centi_ms},
          {"ephemeralConcurrency", view.gate_concurrency * 100},
          {"ephemeralQueueDepth", view.gate_depth * 100},
          {"ephemeralQueueLimit", view.gate_limit * 100},
          {"evictions", c.evictions * 100},
          {"hitRate", DivideRounded(c.hits * 10'000, c.requests())},
          {"hits", c.hits * 100},
          {"memoryUsageMB", DivideRounded(view.heap_bytes * 100, 1U << 20U)},
          {"misses", c.misses * 100},
          {"requestsPerSecond", DivideRounded(c.requests() * 100'000, seconds)},
          {"totalRequests", c.requests() * 100},
          {"totalWorkersFailed", c.failed * 100},
          {"totalWorkersCreated", c.created * 100},
          {"totalWorkersRetired", c.retired * 100},
          {"uptimeMs", NotNegative(view.uptime_ms) * 100}};
}

// The documented pool, again in hundredths; utilization is active/size.
Fields DocumentedPool(const View& view) {
  const std::uint64_t active = view.Count(RowState::kActive);
  const std::uint64_t idle = view.Count(RowState::kIdle) + view.Count(RowState::kReady);
  const std::uint64_t creating = view.Count(RowState::kCreating);
  return {{"size", view.pool_size * 100},
          {"active", active * 100},
          {"idle", idle * 100},
          {"creating", creating * 100},
          {"total", (active + idle + creating) * 100},
          {"utilization", DivideRounded(active * 100, view.pool_size)}};
}

void AppendPool(std::string& out, const View& view, Dialect dialect) {
  out += '{';
  const Fields fields = dialect == Dialect::kReleased ? ReleasedPool(view) : DocumentedPool(view);
  for (const auto& [name, value] : fields) {
    if (out.back() != '{') out += ',';
    out += '"';
    out += name;
    out += "\":";
    AppendHundredths(out, value);
  }
  out += '}';
}

void AppendReleasedWorker(std::string& out, const WorkerRow& row) {
  const bool alive = row.state == RowState::kActive || row.state == RowState::kIdle;
  out += "\"ageMs\":";
  AppendInt(out, NotNegative(row.age_ms));
  out += ",\"avgResponseTimeMs\":";
  AppendHundredths(out, DivideRounded(row.tally.centi_ms, row.tally.requests));
  out += ",\"errorCount\":";
  AppendInt(out, row.tally.errors);
  out += ",\"idleMs\":";
  AppendInt(out, alive ? NotNegative(row.idle_ms) : 0);
  out += ",\"requestCount\":";
  AppendInt(out, row.tally.requests);
  out += ",\"status\":\"";
  out += Name(row.state);
  out += "\",\"totalResponseTimeMs\":";
  AppendHundredths(out, row.tally.centi_ms);
  if (row.last_centi_ms) {
    out += ",\"lastRequestCount\":1,\"lastResponseTimeMs\":";
    AppendHundredths(out, *row.last_centi_ms);
  }
}

void AppendDocumentedWorker(std::string& out, const WorkerRow& row, std::uint64_t rss) {
  out += "\"app\":";
  AppendJsonString(out, row.key);
  out += ",\"state\":\"";
  out += Name(row.state);
  out += "\",\"requests\":";
  AppendInt(out, row.tally.requests);
  out += ",\"uptime\":";
  AppendInt(out, NotNegative(row.age_ms) / 1000);
  out += ",\"memory\":{\"rss\":";
  AppendInt(out, rss);
  out += ",\"heapUsed\":";
  AppendInt(out, row.heap_bytes);
  out += '}';
}

std::string SnakeCase(std::string_view name) {
  std::string out;
  for (const char c : name) {
    if (c >= 'A' && c <= 'Z') out += '_';
    out += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return out;
}

void AppendDocumentedFamily(std::string& out, std::string_view name, std::string_view help,
                            std::string_view type, std::uint64_t hundredths) {
  if (!out.empty()) out += '\n';
  for (const auto& [word, rest] : {std::pair{"HELP", help}, std::pair{"TYPE", type}}) {
    out += "# ";
    out += word;
    out += " buntime_";
    out += name;
    out += ' ';
    out += rest;
    out += '\n';
  }
  out += "buntime_";
  out += name;
  out += ' ';
  AppendHundredths(out, hundredths);
  out += '\n';
}

}  // namespace

std::string StatsBody(const View& view, const BodyStyle& style) {
  if (!view.initialised) return style.omit_pool ? R"({"workers":{}})" : R"({"pool":{},"workers":{}})";
  const bool released = style.dialect == Dialect::kReleased;
  const bool object = style.shape == Shape::kObject;
  std::string out;
  out.reserve(512 + view.rows.size() * 220);
  out += '{';
  if (!style.omit_pool) {
    out += "\"pool\":";
    AppendPool(out, view, style.dialect);
    out += ',';
  }
  out += object ? "\"workers\":{" : "\"workers\":[";
  bool first = true;
  for (const WorkerRow& row : view.rows) {
    if (!std::exchange(first, false)) out += ',';
    const std::string& id = released ? row.key : row.id;
    if (object) {
      AppendJsonString(out, id);
      out += ":{";
    } else {
      out += "{\"id\":";
      AppendJsonString(out, id);
      out += ',';
    }
    released ? AppendReleasedWorker(out, row) : AppendDocumentedWorker(out, row, view.rss_bytes);
    out += '}';
  }
  out += object ? "}}" : "]}";
  return out;
}

std::string SummaryBody(const View& view, Dialect dialect, double unix_seconds) {
  std::string out;
  if (dialect == Dialect::kReleased) {
    AppendPool(out, view, dialect);
    return out;
  }
  out += "{\"pool\":";
  AppendPool(out, view, dialect);
  out += ",\"uptime\":";
  AppendInt(out, NotNegative(view.uptime_ms) / 1000);
  out += ",\"timestamp\":\"" + IsoTime(unix_seconds) + "\"}";
  return out;
}

std::string PrometheusBody(const View& view, Dialect dialect) {
  std::string out;
  if (dialect == Dialect::kReleased) {
    // All gauges, no HELP, and no newline at the end: that is how the released runtime writes it.
    for (const auto& [field, value] : ReleasedPool(view)) {
      const std::string name = "buntime_" + SnakeCase(field);
      if (!out.empty()) out += '\n';
      out.append("# TYPE ").append(name).append(" gauge\n").append(name).append(" ");
      AppendHundredths(out, value);
    }
    return out;
  }
  const Fields pool = DocumentedPool(view);
  constexpr std::array<std::string_view, 6> kHelp = {"Maximum pool size", "Active workers",
                                                     "Idle workers",      "Workers being created",
                                                     "Total workers",     "Pool utilization ratio"};
  for (std::size_t i = 0; i < pool.size(); ++i) {
    AppendDocumentedFamily(out, "pool_" + std::string(pool[i].first), kHelp.at(i), "gauge", pool[i].second);
  }
  AppendDocumentedFamily(out, "uptime_seconds", "Server uptime in seconds", "counter",
                         NotNegative(view.uptime_ms) / 1000 * 100);
  return out;
}

std::string HealthBody(std::string_view version) {
  std::string out = R"({"ok":true,"status":"healthy","version":)";
  AppendJsonString(out, version);
  return out + "}";
}

std::string IsoTime(double unix_seconds) {
  const auto ms = static_cast<std::int64_t>(std::floor(unix_seconds * 1000));
  const std::time_t seconds = ms / 1000;
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  std::array<char, 32> date{};
  const std::size_t size = std::strftime(date.data(), date.size(), "%Y-%m-%dT%H:%M:%S", &utc);
  std::array<char, 8> fraction{};
  std::snprintf(fraction.data(), fraction.size(), ".%03dZ", static_cast<int>(ms % 1000));
  return std::string(date.data(), size) + fraction.data();
}

}  // namespace buntime::simulator
