#include "simulator/control.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>

#include "base/text.h"
#include "simulator/scenarios.h"

namespace buntime::simulator {
namespace {

constexpr std::string_view kPrefix = "/control/";
constexpr std::array<std::string_view, 5> kQuestions = {"truth", "runtimes", "faults", "scenarios", "events"};

template <class Range>
bool Contains(const Range& range, std::string_view value) {
  return std::find(std::begin(range), std::end(range), value) != std::end(range);
}

Result<double> Number(const std::string& name, std::string_view text, double limit) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !(value >= 0 && value <= limit)) {
    return Error{name + "=" + Printable(text) + " is not a number from 0 to " + std::to_string(limit)};
  }
  return value;
}

bool Index(std::string_view text, std::size_t& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}

Result<std::int64_t> Millis(const std::string& text) {
  const Result<Duration> duration = ParseDuration(text);
  if (!duration.ok()) return duration.error();
  return std::chrono::duration_cast<std::chrono::milliseconds>(*duration).count();
}

void AppendNamed(std::string& out, std::string_view name, std::string_view value, std::string_view help) {
  if (out.back() != '[') out += ',';
  out += "{\"name\":";
  AppendJsonString(out, name);
  out += ",\"default\":";
  AppendJsonString(out, value);
  out += ",\"help\":";
  AppendJsonString(out, help);
  out += '}';
}

}  // namespace

Plan Control::Answer(const Request& request) {
  const auto json = [&](int status, std::string body) {
    return Honest(MakeResponse(status, "application/json", std::move(body)), request);
  };
  const auto refuse = [&](int status, const std::string& message) {
    std::string body = "{\"error\":";
    AppendJsonString(body, message);
    return json(status, body + "}");
  };
  if (!request.path.starts_with(kPrefix)) return refuse(404, "control answers below /control/");
  const std::string verb = request.path.substr(kPrefix.size());
  const Command command{verb, ParseQuery(request.query)};
  if (Contains(kQuestions, verb)) {
    const Result<std::string> answer = Look(verb, command);
    return answer.ok() ? json(200, *answer) : refuse(400, answer.error().message);
  }
  if (request.method != "POST") return refuse(405, "use POST for " + Printable(request.path));
  const Result<std::string> done = Execute(command);
  if (!done.ok()) return refuse(400, done.error().message);
  std::string body = "{\"ok\":true,\"message\":";
  AppendJsonString(body, *done);
  return json(200, body + "}");
}

Result<std::vector<Runtime*>> Control::Select(const Command& command) const {
  const std::string which = command.Param("runtime").value_or("all");
  const std::size_t dash = std::min(which.find('-'), which.size());
  std::size_t first = 0;
  std::size_t last = runtimes_.size() - 1;
  if (which != "all") {
    const std::string_view from = std::string_view(which).substr(0, dash);
    const std::string_view to = dash < which.size() ? std::string_view(which).substr(dash + 1) : from;
    if (!Index(from, first) || !Index(to, last) || first > last || last >= runtimes_.size()) {
      return Error{"runtime=" + Printable(which) + " is not all, a number below " +
                   std::to_string(runtimes_.size()) + ", or a range like 0-9"};
    }
  }
  std::vector<Runtime*> selected;
  for (std::size_t i = first; i <= last; ++i) selected.push_back(runtimes_[i].get());
  return selected;
}

Result<std::string> Control::Execute(const Command& command) {
  if (command.verb == "step" || command.verb == "speed") return MoveTime(command);
  const Result<std::vector<Runtime*>> selected = Select(command);
  if (!selected.ok()) return selected.error();
  std::string message;
  for (Runtime* runtime : *selected) {
    Result<std::string> done = Apply(command, *runtime);
    if (!done.ok()) return done.error();
    message = std::move(*done);
  }
  return message;
}

Result<std::string> Control::Apply(const Command& command, Runtime& runtime) {
  const std::string name = command.Param("name").value_or("");
  if (command.verb == "fault") return Fault(command, runtime);
  if (command.verb == "load") return Load(command, runtime);
  if (command.verb == "app") return App(command, runtime);
  if (command.verb == "restart") return Restart(command, runtime);
  if (command.verb == "event") return MakeHappen(runtime, name);
  if (command.verb == "scenario") return ApplyScenario(runtime, name, command.Param("app").value_or(""));
  if (command.verb == "clear") {
    runtime.ClearFault();
    return std::string("no fault");
  }
  if (command.verb == "release") {
    const Result<Release> release = FindRelease(name);
    if (!release.ok()) return release.error();
    runtime.SetRelease(*release);
    return "release " + name;
  }
  return Error{"unknown command \"" + Printable(command.verb) +
               "\"; there are fault, clear, restart, load, app, scenario, event, release, step, speed, and "
               "to look at: "
               "truth, runtimes, faults, scenarios, events"};
}

Result<std::string> Control::Fault(const Command& command, Runtime& runtime) {
  Result<simulator::Fault> fault = ParseFault(command.Param("name").value_or(""));
  if (!fault.ok()) return fault.error();
  fault->path = command.Param("path").value_or("");
  if (const auto count = command.Param("count")) {
    const Result<double> number = Number("count", *count, 1e9);
    if (!number.ok()) return number.error();
    if (*number < 1) return Error{"count=0 would never fail: use clear"};
    fault->count = static_cast<std::uint64_t>(*number);
  }
  if (const auto duration = command.Param("for")) {
    const Result<std::int64_t> ms = Millis(*duration);
    if (!ms.ok()) return ms.error();
    fault->until_ms = time_.NowMs() + *ms;
  }
  std::string name(fault->name);
  runtime.SetFault(std::move(*fault));
  return "fault " + name;
}

Result<std::string> Control::Load(const Command& command, Runtime& runtime) {
  Knobs knobs = runtime.knobs();
  for (const auto& [name, value] : command.params) {
    if (name == "runtime") continue;
    const Result<double> number = Number(name, value, 1e6);
    if (!number.ok()) return number.error();
    if (name == "rps")
      knobs.rps = *number;
    else if (name == "ephemeral_rps")
      knobs.ephemeral_rps = *number;
    else
      return Error{"load takes rps and ephemeral_rps, not " + Printable(name)};
  }
  runtime.SetKnobs(knobs);
  return std::string("load set");
}

Result<std::string> Control::App(const Command& command, Runtime& runtime) {
  AppSpec spec;
  for (const auto& [name, value] : command.params) {
    if (name == "name") spec.name = value;
    if (name != "name" && name != "runtime") spec.changes.emplace_back(name, value);
  }
  if (spec.name.empty()) return Error{"app needs name=, like app?name=checkout&rps=100"};
  if (const auto error = runtime.SetApp(spec)) return *error;
  return "app " + spec.name;
}

Result<std::string> Control::Restart(const Command& command, Runtime& runtime) {
  const auto down = command.Param("down");
  if (!down) {
    runtime.Restart();
    return std::string("restarted");
  }
  const Result<std::int64_t> ms = Millis(*down);
  if (!ms.ok()) return ms.error();
  Result<simulator::Fault> refuse = ParseFault("refuse");
  refuse->until_ms = time_.NowMs() + *ms;
  runtime.Restart();
  runtime.SetFault(std::move(*refuse));
  return "restarted, back in " + *down;
}

Result<std::string> Control::MoveTime(const Command& command) {
  if (command.verb == "speed") {
    const Result<double> factor = Number("factor", command.Param("factor").value_or(""), 1e4);
    if (!factor.ok()) return factor.error();
    time_.SetSpeed(*factor);
    return std::string("speed set");
  }
  const Result<double> seconds = Number("seconds", command.Param("seconds").value_or(""), 1e6);
  if (!seconds.ok()) return seconds.error();
  // What the script wants on the way happens at its own time.
  const std::int64_t target = time_.NowMs() + static_cast<std::int64_t>(*seconds * 1000);
  while (script_.NextMs().value_or(target) < target) {
    time_.Step(std::max<std::int64_t>(0, *script_.NextMs() - time_.NowMs()));
    Tick();
  }
  time_.Step(std::max<std::int64_t>(0, target - time_.NowMs()));
  Tick();
  return "it is second " + std::to_string(time_.NowMs() / 1000);
}

Result<std::string> Control::Look(std::string_view what, const Command& command) {
  const Result<std::vector<Runtime*>> selected = Select(command);
  if (!selected.ok()) return selected.error();
  std::string out = "{\"" + std::string(what) + "\":[";
  if (what == "truth") out = "{\"runtimes\":[";
  if (what == "truth" || what == "runtimes") {
    for (Runtime* runtime : *selected) {
      if (out.back() != '[') out += ',';
      if (what == "truth")
        out += runtime->TruthJson();
      else
        AppendJsonString(out, runtime->port() != nullptr ? runtime->port()->Url() : "");
    }
  }
  if (what == "faults") {
    for (const FaultInfo& info : AllFaults()) AppendNamed(out, info.name, info.default_value, info.help);
  }
  if (what == "scenarios" || what == "events") {
    for (const ScenarioInfo& info : what == "events" ? AllEvents() : AllScenarios()) {
      AppendNamed(out, info.name, info.default_value, info.help);
    }
  }
  return out + "]}";
}

void Control::Tick() {
  while (const Script::Entry* entry = script_.Due(time_.NowMs())) {
    const Result<std::string> done = Execute(entry->command);
    log_ << entry->line << ": " << (done.ok() ? *done : done.error().message) << std::endl;
  }
  for (const auto& runtime : runtimes_) runtime->CheckExpiry();
}

}  // namespace buntime::simulator
