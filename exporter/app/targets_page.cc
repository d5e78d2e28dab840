#include "app/targets_page.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <optional>

#include "api/json_writer.h"
#include "base/clock.h"
#include "base/text.h"

namespace buntime {
namespace {

std::string_view State(const Runtime& runtime) {
  if (!runtime.tried) return "untried";
  return runtime.up ? "up" : "down";
}

void WriteTarget(JsonWriter& json, std::string_view key, std::string_view name, const Runtime& runtime) {
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
  json.EndObject();
}

std::string Escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string Since(double unix_seconds, double now) {
  return FormatDuration(std::chrono::seconds(std::lround(std::max(0.0, now - unix_seconds))));
}

std::string Ago(const std::optional<double>& unix_seconds, double now) {
  return unix_seconds ? Since(*unix_seconds, now) + " ago" : "–";
}

std::string Took(const std::optional<double>& seconds) {
  if (!seconds) return "–";
  std::string text;
  AppendNumber(text, std::round(*seconds * 1e5) / 100);
  return text + " ms";
}

std::string OrDash(std::string_view text) { return text.empty() ? "–" : Escaped(text); }

void AppendRow(std::string& out, std::string_view name, const Runtime& runtime, double now) {
  const Reading* const reading = runtime.reading.get();
  const auto cell = [&](std::string_view html) { out.append("<td>").append(html).append("</td>"); };
  out.append("<tr data-state=\"").append(State(runtime)).append("\"><th scope=\"row\">").append(OrDash(name));
  out.append("<span class=\"muted\">").append(Escaped(runtime.url)).append("</span></th>");
  std::string state = "<b>" + std::string(State(runtime)) + "</b>";
  if (runtime.tried && !runtime.up) {
    if (const auto since = runtime.down_since_unix_seconds) state += " for " + Since(*since, now);
    state += ", " + std::string(Name(runtime.outcome));
  }
  if (!runtime.error.empty()) state += "<span class=\"cause\">" + Escaped(runtime.error) + "</span>";
  cell(state);
  cell(Ago(runtime.last_poll_unix_seconds, now));
  cell(Took(runtime.poll_seconds));
  cell(Ago(runtime.last_success_unix_seconds, now));
  cell(reading ? Name(reading->layout) : "–");
  cell(reading ? Name(reading->snapshot.dialect) : "–");
  cell(OrDash(runtime.version));
  cell(reading && reading->snapshot.workers_reported ? std::to_string(reading->snapshot.workers.size())
                                                     : "–");
  out.append("</tr>\n");
}

void BeginTable(std::string& out, std::string_view id, std::string_view title, std::string_view first,
                std::size_t count, std::size_t up) {
  out.append("<section class=\"card\" aria-labelledby=\"").append(id).append("\"><h2 id=\"").append(id);
  out.append("\">")
      .append(title)
      .append("</h2><p class=\"muted\">")
      .append(std::to_string(up))
      .append(" of ");
  out.append(std::to_string(count))
      .append(" up</p><div class=\"wide\" tabindex=\"0\" role=\"group\" aria-labelledby=\"");
  out.append(id).append("\"><table class=\"targets\"><thead><tr>");
  for (const std::string_view column :
       {first, std::string_view("State"), std::string_view("Latest poll"), std::string_view("Took"),
        std::string_view("Latest success"), std::string_view("Layout"), std::string_view("Dialect"),
        std::string_view("Release"), std::string_view("Workers")}) {
    out.append("<th scope=\"col\">").append(column).append("</th>");
  }
  out.append("</tr></thead><tbody>\n");
}

constexpr std::string_view kEndOfTable = "</tbody></table></div></section>\n";

}  // namespace

bool WantsJson(std::string_view accept) {
  const auto json = accept.find("application/json");
  return json != std::string_view::npos && json < accept.find("text/html");
}

std::string TargetsAsJson(const Fleet& fleet, const std::vector<RecentProbe>& probes) {
  std::string out;
  JsonWriter json(out);
  json.BeginObject();
  json.Key("runtimes").BeginArray();
  for (const auto& runtime : fleet.runtimes) WriteTarget(json, "runtime", runtime->name, *runtime);
  json.EndArray();
  json.Key("probes").BeginArray();
  for (const RecentProbe& probe : probes) WriteTarget(json, "module", probe.module, *probe.runtime);
  json.EndArray();
  json.EndObject();
  return out;
}

std::string TargetsAsHtml(const Fleet& fleet, const std::vector<RecentProbe>& probes, double now) {
  std::string out =
      "<!DOCTYPE html>\n<html lang=\"en\" data-scripted>\n<head><meta charset=\"utf-8\">"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>Targets · Buntime "
      "exporter</title>"
      "<link rel=\"icon\" href=\"assets/icon.svg\" type=\"image/svg+xml\">"
      "<link rel=\"stylesheet\" href=\"assets/app.css\"><link rel=\"stylesheet\" "
      "href=\"assets/targets.css\"><script "
      "src=\"assets/theme.js\"></script></head>\n<body>\n"
      "<a class=\"skip\" href=\"#content\">Skip to the content</a>\n"
      "<header class=\"bar\"><a class=\"brand\" href=\"./\"><img src=\"assets/icon.svg\" alt=\"\" "
      "width=\"22\" "
      "height=\"22\">Buntime exporter</a><nav aria-label=\"Pages\"><a href=\"./\">Overview</a>"
      "<a href=\"workers\">Workers</a><a href=\"targets\" aria-current=\"page\">Targets</a></nav></header>\n"
      "<main id=\"content\"><div class=\"masthead\"><h1>Targets</h1></div>\n";
  const auto is_up = [](const auto& runtime) { return runtime->up; };
  if (!fleet.runtimes.empty()) {
    BeginTable(out, "runtimes", "Runtimes, polled at their interval", "Runtime", fleet.runtimes.size(),
               static_cast<std::size_t>(std::ranges::count_if(fleet.runtimes, is_up)));
    for (const auto& runtime : fleet.runtimes) AppendRow(out, runtime->name, *runtime, now);
    out += kEndOfTable;
  }
  if (!probes.empty()) {
    BeginTable(out, "probes", "Targets of /probe, polled when they are scraped", "Module", probes.size(),
               static_cast<std::size_t>(std::ranges::count_if(probes, is_up, &RecentProbe::runtime)));
    for (const RecentProbe& probe : probes) AppendRow(out, probe.module, *probe.runtime, now);
    out += kEndOfTable;
  }
  if (fleet.runtimes.empty() && probes.empty()) {
    out += "<p>Nothing has been probed yet: ask for /probe?target=HOST:PORT.</p>\n";
  }
  out += "</main>\n</body>\n</html>\n";
  return out;
}

}  // namespace buntime
