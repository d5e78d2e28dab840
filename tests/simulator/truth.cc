#include "simulator/truth.h"

#include <string_view>

#include "base/text.h"

namespace buntime::simulator {
namespace {

void AppendField(std::string& out, std::string_view name, double value) {
  out += ",\"";
  out += name;
  out += "\":";
  AppendNumber(out, value);
}

void AppendField(std::string& out, std::string_view name, std::uint64_t value) {
  AppendField(out, name, static_cast<double>(value));
}

void AppendTally(std::string& out, const Tally& tally) {
  out += "\"requests\":" + std::to_string(tally.requests) + ",\"errors\":" + std::to_string(tally.errors);
  AppendField(out, "duration_seconds", static_cast<double>(tally.centi_ms) / 1e5);
}

void AppendClients(std::string& out, const Clients& clients, std::uint64_t drops) {
  AppendField(out, "sent", clients.sent);
  AppendField(out, "ok", clients.ok);
  AppendField(out, "failed", clients.failed);
  AppendField(out, "rejected", clients.rejected);
  AppendField(out, "drops", drops);
}

}  // namespace

void AppendTruth(std::string& out, const Truth& truth) {
  Tally total;
  Clients clients;
  std::uint64_t drops = 0;
  for (const AppTruth& app : truth.apps) {
    total += app.served;
    clients += app.clients;
    drops += app.drops;
  }
  out += '{';
  AppendTally(out, total);
  AppendClients(out, clients, drops);
  AppendField(out, "time_seconds", static_cast<double>(truth.now_ms) / 1000);
  AppendField(out, "uptime_seconds", static_cast<double>(truth.uptime_ms) / 1000);
  AppendField(out, "restarts", truth.restarts);
  AppendField(out, "pool_requests", truth.counters.requests());
  AppendField(out, "hits", truth.counters.hits);
  AppendField(out, "misses", truth.counters.misses);
  AppendField(out, "evictions", truth.counters.evictions);
  AppendField(out, "workers_created", truth.counters.created);
  AppendField(out, "workers_failed", truth.counters.failed);
  AppendField(out, "workers_retired", truth.counters.retired);
  out += ",\"apps\":[";
  for (const AppTruth& app : truth.apps) {
    if (&app != truth.apps.data()) out += ',';
    out += "{\"app\":";
    AppendJsonString(out, app.app);
    out += ",\"version\":";
    AppendJsonString(out, app.version);
    out += app.ephemeral ? ",\"ephemeral\":true," : ",\"ephemeral\":false,";
    AppendTally(out, app.served);
    AppendClients(out, app.clients, app.drops);
    out += ",\"shown\":{";
    AppendTally(out, app.shown);
    out += "},\"forgotten\":{";
    AppendTally(out, app.forgotten);
    out += "}}";
  }
  out += "]}";
}

}  // namespace buntime::simulator
