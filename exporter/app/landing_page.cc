#include "app/landing_page.h"

namespace buntime {
namespace {

std::string Escape(std::string_view text) {
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

std::string State(const Runtime& runtime) {
  if (!runtime.tried) return "not polled yet";
  if (!runtime.up) return "down (" + std::string(Name(runtime.outcome)) + "): " + runtime.error;
  const std::size_t workers = runtime.reading ? runtime.reading->snapshot.workers.size() : 0;
  return "up, " + std::to_string(workers) + " workers";
}

}  // namespace

std::string LandingPage(const Fleet& fleet, std::string_view telemetry_path, std::string_view version) {
  std::string page =
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>Buntime "
      "exporter</title></head>\n"
      "<body>\n<h1>Buntime exporter</h1>\n<p>Version " +
      Escape(version) + "</p>\n<ul>\n<li><a href=\"" + Escape(telemetry_path) +
      "\">Metrics</a></li>\n<li><a href=\"/-/healthy\">Health</a></li>\n"
      "<li><a href=\"/-/ready\">Readiness</a></li>\n</ul>\n<h2>Runtimes</h2>\n<ul>\n";
  for (const auto& runtime : fleet.runtimes) {
    page += "<li>";
    if (!runtime->name.empty()) page += Escape(runtime->name) + ", ";
    page += Escape(runtime->url) + ": " + Escape(State(*runtime)) + "</li>\n";
  }
  return page + "</ul>\n</body>\n</html>\n";
}

}  // namespace buntime
