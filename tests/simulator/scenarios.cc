#include "simulator/scenarios.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>

#include "base/text.h"

namespace buntime::simulator {
namespace {

constexpr std::int64_t kForEverMs = std::int64_t{1} << 60U;

constexpr std::array<ScenarioInfo, 17> kScenarios = {{
    {"nominal", "", "everything as at the start"},
    {"failing", "0.3", "VALUE of an app's requests fail"},
    {"slow", "20", "an app takes VALUE times as long"},
    {"bad-deploy", "",
     "an app's workers die, and the next ones while they boot: no request and no error is counted"},
    {"thrash", "0.5", "the pool has room for VALUE of the apps, all equally busy: evictions of warm workers"},
    {"pool-exhausted", "", "every slot of a small pool holds a worker in use"},
    {"queue-saturated", "300", "VALUE requests a second for the ephemeral apps"},
    {"crash-loop", "20", "the runtime restarts every VALUE seconds"},
    {"key-revoked", "", "every API key is refused"},
    {"leak", "4", "an app's heap grows by VALUE MiB a second"},
    {"quiet", "", "no request at all"},
    {"unhealthy", "6", "VALUE workers a minute crash and are dropped, their counters lost"},
    {"churn", "6", "VALUE deploys a minute, of any app"},
    {"scale-up", "5", "VALUE times the load"},
    {"load-balanced", "2", "answers take turns between VALUE processes of different age"},
    {"unbalanced", "", "back to one process"},
    {"key-restored", "", "the API key is accepted again"},
}};

constexpr std::array<ScenarioInfo, 4> kEvents = {{
    {"crash", "1", "COUNT workers crash: the next request of each drops it, and its counters are lost"},
    {"burst", "50", "COUNT ephemeral requests at once"},
    {"deploy", "1", "the app gets its next version"},
    {"evict", "1", "COUNT warm workers are evicted"},
}};

struct Spec {
  std::string_view name;
  double value = 0;
};

Result<Spec> Parse(std::span<const ScenarioInfo> table, std::string_view what, std::string_view text) {
  const std::string_view name = text.substr(0, text.find('='));
  const auto info =
      std::find_if(table.begin(), table.end(), [&](const ScenarioInfo& i) { return i.name == name; });
  if (info == table.end()) {
    std::string message = "unknown " + std::string(what) + " \"" + Printable(name) + "\"; there are:";
    for (const ScenarioInfo& known : table) message += " " + std::string(known.name);
    return Error{message};
  }
  const bool given = name.size() < text.size();
  if (given && info->default_value.empty()) return Error{std::string(name) + " takes no value"};
  Spec spec{name, 0};
  const std::string_view value = given ? text.substr(name.size() + 1) : info->default_value;
  if (value.empty() && !given) return spec;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), spec.value);
  if (error != std::errc() || end != value.data() + value.size() || !(spec.value >= 0 && spec.value <= 1e6)) {
    return Error{std::string(name) + " needs a number from 0 to 1e6, like " + std::string(name) + "=" +
                 std::string(info->default_value)};
  }
  return spec;
}

}  // namespace

std::span<const ScenarioInfo> AllScenarios() { return kScenarios; }
std::span<const ScenarioInfo> AllEvents() { return kEvents; }

Result<std::string> ApplyScenario(Runtime& runtime, std::string_view text, const std::string& app) {
  const Result<Spec> spec = Parse(kScenarios, "scenario", text);
  if (!spec.ok()) return spec.error();
  const auto [name, value] = *spec;
  const Knobs& nominal = runtime.nominal();
  Knobs knobs = runtime.knobs();
  if (!app.empty()) knobs.app = app;
  if (name == "nominal") {
    knobs = nominal;
    runtime.RevokeKey(false);
    runtime.SetReplicas(1);
  }
  if (name == "failing") knobs.failing = std::min(value, 1.0);
  if (name == "slow") knobs.slow = value;
  if (name == "bad-deploy") knobs.bad_deploy = true;
  if (name == "thrash" || name == "pool-exhausted") {
    // quick-lru keeps up to twice its limit alive, so half the working set is where the thrashing starts.
    const double share = name == "thrash" ? value : 0.9;
    const auto size = static_cast<std::size_t>(static_cast<double>(runtime.AppCount()) * share);
    knobs.pool_size = std::max<std::size_t>(1, size / (name == "thrash" ? 2 : 1));
    knobs.uniform = true;
    knobs.active_window_ms = kForEverMs;
  }
  if (name == "queue-saturated") knobs.ephemeral_rps = value;
  if (name == "crash-loop")
    knobs.crash_every_ms = std::max<std::int64_t>(1000, static_cast<std::int64_t>(value * 1000));
  if (name == "key-revoked") runtime.RevokeKey(true);
  if (name == "key-restored") runtime.RevokeKey(false);
  if (name == "leak") knobs.leak_bytes_per_second = value * 1048576;
  if (name == "unhealthy") knobs.drops_per_minute = value;
  if (name == "churn") knobs.deploys_per_minute = value;
  if (name == "quiet") knobs.rps = knobs.ephemeral_rps = 0;
  if (name == "scale-up") {
    knobs.rps = nominal.rps * value;
    knobs.ephemeral_rps = nominal.ephemeral_rps * value;
  }
  if (name == "load-balanced")
    runtime.SetReplicas(std::clamp<std::size_t>(static_cast<std::size_t>(value), 1, 8));
  if (name == "unbalanced") runtime.SetReplicas(1);
  runtime.SetKnobs(knobs);
  return std::string(name);
}

Result<std::string> MakeHappen(Runtime& runtime, std::string_view text) {
  const Result<Spec> spec = Parse(kEvents, "event", text);
  if (!spec.ok()) return spec.error();
  return runtime.Happen(spec->name, static_cast<std::size_t>(spec->value));
}

}  // namespace buntime::simulator
