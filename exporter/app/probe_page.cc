#include "app/probe_page.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <optional>
#include <utility>

#include "base/text.h"
#include "metrics/fleet_text.h"
#include "web/query.h"

namespace buntime {
namespace {

// Without a scraper's own word; Prometheus' default.
constexpr Duration kUsualBudget = std::chrono::seconds(10);

std::string NamesOf(const Modules& modules) {
  std::string names;
  for (const auto& module : modules) names += (names.empty() ? "" : ", ") + module->name;
  return names;
}

Result<std::shared_ptr<const Module>> ChooseModule(std::string_view query, const Modules& modules) {
  const auto wanted = QueryParameter(query, "module");
  if (CountQueryParameter(query, "module") > 1) return Error{"module is given more than once"};
  if (!wanted && modules.size() == 1) return modules.front();
  const auto found = std::ranges::find_if(
      modules, [&](const auto& module) { return module->name == wanted.value_or("default"); });
  if (found != modules.end()) return *found;
  if (!wanted) return Error{"module is missing: choose one of " + NamesOf(modules)};
  return Error{"there is no module '" + Printable(*wanted, 80) + "': choose one of " + NamesOf(modules)};
}

Result<RuntimeUrl> ReadTarget(std::string_view query) {
  const auto target = QueryParameter(query, "target");
  if (CountQueryParameter(query, "target") > 1) return Error{"target is given more than once"};
  if (!target || target->empty()) {
    return Error{"target is missing or not percent-encoded: expected /probe?target=HOST:PORT"};
  }
  auto url = ParseRuntimeUrl(target->find("://") == std::string::npos ? "http://" + *target : *target);
  if (url) return url;
  // A password may stand anywhere in it: such a value is not repeated.
  const std::string shown = target->find('@') == std::string::npos ? Printable(*target, 200) : "…";
  return Error{"target '" + shown + "' " + url.error().message};
}

Result<Duration> ReadBudget(std::string_view scrape_timeout, Duration offset, Duration most) {
  if (scrape_timeout.empty()) return std::min(kUsualBudget, most);
  double seconds = 0;
  const auto [end, error] =
      std::from_chars(scrape_timeout.data(), scrape_timeout.data() + scrape_timeout.size(), seconds);
  if (error != std::errc() || end != scrape_timeout.data() + scrape_timeout.size() || !(seconds > 0)) {
    return Error{"X-Prometheus-Scrape-Timeout-Seconds is '" + Printable(scrape_timeout, 40) +
                 "': expected a number of seconds"};
  }
  const double early = std::min(Seconds(offset), seconds / 2);
  const double budget = std::min(seconds - early, Seconds(most));
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(budget));
}

std::string Milliseconds(Duration time) {
  if (time == Duration::zero()) return "-";
  std::string text;
  AppendNumber(text, std::round(Seconds(time) * 1e6) / 1e3);
  return text + " ms";
}

std::string_view Header(Credential::Kind kind) {
  switch (kind) {
    case Credential::Kind::kNone:
      return "none";
    case Credential::Kind::kApiKey:
      return "X-API-Key";
    case Credential::Kind::kBearer:
      return "bearer token";
    case Credential::Kind::kBasic:
      return "basic authentication";
  }
  return "";
}

void AppendExchange(std::string& out, const TracedExchange& exchange) {
  out.append("  GET ").append(exchange.url).append("\n      ");
  if (exchange.end.empty()) {
    out += "no answer yet\n";
    return;
  }
  const Timings& at = *exchange.timings;
  out.append(exchange.end).append("\n      name lookup ").append(Milliseconds(at.name_lookup));
  out.append(", connected ").append(Milliseconds(at.connect)).append(", TLS ").append(Milliseconds(at.tls));
  out.append(", first byte ").append(Milliseconds(at.first_byte));
  out.append(", total ").append(Milliseconds(at.total)).append("\n");
}

void AppendReading(std::string& out, const Reading& reading) {
  const Snapshot& snapshot = reading.snapshot;
  out.append("layout: ").append(Name(reading.layout)).append("\ndialect: ").append(Name(snapshot.dialect));
  out.append("\nworkers: ").append(std::to_string(snapshot.workers.size())).append(", without series: ");
  out.append(std::to_string(reading.workers_dropped)).append("\nanomalies:");
  bool any = false;
  for (std::size_t i = 0; i < snapshot.anomalies.size(); ++i) {
    if (snapshot.anomalies[i] == 0) continue;
    any = true;
    out.append(" ").append(kAnomalyNames[i]).append(" ").append(std::to_string(snapshot.anomalies[i]));
  }
  out.append(any ? "\n" : " none\n");
}

}  // namespace

Result<ProbeQuestion> ReadProbeQuestion(std::string_view query, std::string_view scrape_timeout,
                                        Duration offset, const Modules& modules) {
  ProbeQuestion question;
  auto module = ChooseModule(query, modules);
  if (!module) return module.error();
  question.module = std::move(*module);
  auto url = ReadTarget(query);
  if (!url) return url.error();
  question.url = std::move(*url);
  const auto budget = ReadBudget(scrape_timeout, offset, question.module->target.timeout);
  if (!budget) return budget.error();
  question.budget = *budget;
  question.debug = QueryParameter(query, "debug") == "true";
  return question;
}

std::string ProbeExposition(const ProbeAnswer& answer) {
  const Runtime& runtime = *answer.runtime;
  const std::string reason = runtime.up ? "" : "# " + Printable(runtime.error, 1000) + "\n";
  return reason + RenderAlone(runtime);
}

std::string ProbeDebugPage(const ProbeQuestion& question, const ProbeAnswer& answer) {
  const Target& target = question.module->target;
  std::string out = "target: " + question.url.Text() + "\n";
  out.append("module: ").append(Printable(question.module->name)).append("\nallowed_targets:");
  for (const std::string& rule : target.allowed->Texts()) out.append(" ").append(rule);
  out.append("\ncredential: ").append(Header(target.credential.kind));
  if (target.credential.kind != Credential::Kind::kNone) {
    out.append(" from ").append(Printable(target.credential.file)).append(" (not shown)");
  }
  out.append("\ntime for the answer: ").append(Milliseconds(question.budget)).append("\nresult: ");
  if (answer.kind != ProbeAnswer::Kind::kPolled) {
    out.append(answer.kind == ProbeAnswer::Kind::kForbidden ? "forbidden: " : "busy: ");
    out.append(Printable(answer.reason, 1000)).append("\n");
  } else if (answer.runtime->up) {
    out.append("up\n");
    AppendReading(out, *answer.runtime->reading);
  } else {
    out.append(Name(answer.runtime->outcome))
        .append(": ")
        .append(Printable(answer.runtime->error, 1000))
        .append("\n");
  }
  out.append("\nexchanges, with times since the start of each:\n");
  for (const TracedExchange& exchange : answer.trace) AppendExchange(out, exchange);
  if (answer.trace.empty()) out.append("  none\n");
  if (answer.kind == ProbeAnswer::Kind::kPolled)
    out.append("\nexposition:\n\n").append(ProbeExposition(answer));
  return out;
}

}  // namespace buntime
