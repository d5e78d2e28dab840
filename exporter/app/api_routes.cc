#include "app/api_routes.h"

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <variant>

#include "base/text.h"
#include "page/assets.h"
#include "web/etag.h"
#include "web/query.h"

namespace buntime {
namespace {

// The page may load what this server serves, and nothing else from anywhere.
constexpr std::string_view kPagePolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

HttpResponse ServeAsset(const Asset& asset, const std::string& etag, const HttpRequest& request) {
  HttpResponse response;
  response.content_type = asset.content_type;
  response.headers = {{"Content-Security-Policy", std::string(kPagePolicy)},
                      {"Referrer-Policy", "no-referrer"},
                      {"Cache-Control", "no-cache"},
                      {"ETag", etag}};
  if (HasIt(request.if_none_match, etag)) {
    response.status = 304;
  } else {
    response.tail = asset.body;
  }
  return response;
}

// The runtime that a request means, or why it means none.
std::variant<std::shared_ptr<const Runtime>, HttpResponse> Choose(const Fleet& fleet,
                                                                  const HttpRequest& request) {
  const std::string wanted = QueryParameter(request.query, "runtime").value_or("");
  if (fleet.runtimes.empty()) return JsonError(503, "no runtime is configured");
  if (wanted.empty()) return fleet.runtimes.front();
  const auto found =
      std::ranges::find(fleet.runtimes, wanted, [](const auto& runtime) { return runtime->name; });
  if (found != fleet.runtimes.end()) return *found;
  std::string names = ",\"runtimes\":[";
  for (const auto& runtime : fleet.runtimes) {
    if (!names.ends_with('[')) names += ',';
    AppendJsonString(names, runtime->name);
  }
  return JsonError(400, "there is no runtime of this name: take one of `runtimes`", names + "]");
}

}  // namespace

ApiRoutes::ApiRoutes(const FleetBoard& board, const History& history, const Clock& clock, ExporterFacts facts)
    : board_(board),
      history_(history),
      clock_(clock),
      facts_(std::move(facts)),
      answers_(static_cast<std::uint64_t>(clock.UnixSeconds() * 1e6)) {}

std::vector<Route> ApiRoutes::Routes() {
  using enum Route::Where;
  std::vector<Route> routes = {
      {"/api/view", kPool, [this](const HttpRequest& request) { return View(request); }},
      {"/api/workers", kPool, [this](const HttpRequest& request) { return Workers(request); }},
      {"/api/history", kPool, [this](const HttpRequest& request) { return HistoryOf(request); }},
  };
  for (const Asset& asset : PageAssets()) {
    std::string etag = "\"" + std::to_string(std::hash<std::string_view>()(asset.body)) + "\"";
    routes.push_back(
        {std::string(asset.path), kInline, [asset, etag = std::move(etag)](const HttpRequest& request) {
           return ServeAsset(asset, etag, request);
         }});
  }
  return routes;
}

HttpResponse ApiRoutes::View(const HttpRequest& request) {
  const auto fleet = board_.Latest();
  auto choice = Choose(*fleet, request);
  if (auto* refusal = std::get_if<HttpResponse>(&choice)) return std::move(*refusal);
  const Runtime& runtime = *std::get<0>(choice);
  return answers_.Answer(request, fleet->revision,
                         [&] { return ViewDocument(*fleet, runtime, facts_, clock_.UnixSeconds()); });
}

HttpResponse ApiRoutes::Workers(const HttpRequest& request) {
  const auto fleet = board_.Latest();
  auto choice = Choose(*fleet, request);
  if (auto* refusal = std::get_if<HttpResponse>(&choice)) return std::move(*refusal);
  const Runtime& runtime = *std::get<0>(choice);
  return answers_.Answer(request, fleet->revision, [&] { return WorkersDocument(runtime); });
}

HttpResponse ApiRoutes::HistoryOf(const HttpRequest& request) {
  const auto fleet = board_.Latest();
  auto choice = Choose(*fleet, request);
  if (auto* refusal = std::get_if<HttpResponse>(&choice)) return std::move(*refusal);
  const Runtime& runtime = *std::get<0>(choice);
  return answers_.Answer(request, history_.revision(), [&] { return history_.Document(runtime); });
}

}  // namespace buntime
