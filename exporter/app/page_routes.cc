#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "app/api_routes.h"
#include "app/runtime_choice.h"
#include "page/assets.h"
#include "web/etag.h"

namespace buntime {
namespace {

// The page may load what this server serves, and nothing else from anywhere.
constexpr std::string_view kPagePolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

Route AssetRoute(const Asset& asset) {
  const std::string etag = "\"" + std::to_string(std::hash<std::string_view>()(asset.body)) + "\"";
  return {std::string(asset.path), Route::Where::kInline, [asset, etag](const HttpRequest& request) {
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
          }};
}

// A handler on the pool for what concerns one runtime, the first where none is named.
Route RuntimeRoute(
    std::string path, const FleetBoard& board,
    std::function<HttpResponse(const HttpRequest&, const std::shared_ptr<const Fleet>&, const Runtime&)>
        answer) {
  return {std::move(path), Route::Where::kPool,
          [&board, answer = std::move(answer)](const HttpRequest& request) {
            const auto fleet = board.Latest();
            auto choice = ChooseRuntime(*fleet, request, Unnamed::kTheFirst);
            if (auto* refusal = std::get_if<HttpResponse>(&choice)) return std::move(*refusal);
            return answer(request, fleet, *std::get<0>(choice));
          }};
}

}  // namespace

std::vector<Route> PageRoutes(const ApiSources& sources, const ExporterFacts& facts) {
  using FleetPtr = std::shared_ptr<const Fleet>;
  const auto view = [facts, &clock = sources.clock](const Fleet& fleet, const Runtime& runtime) {
    return ViewDocument(fleet, runtime, facts, clock.UnixSeconds());
  };
  DocumentAnswers& answers = sources.answers;
  std::vector<Route> routes = {
      RuntimeRoute(
          "/api/view", sources.board,
          [&answers, view](const HttpRequest& request, const FleetPtr& fleet, const Runtime& runtime) {
            return answers.Answer(request, runtime.name, fleet->revision,
                                  [&] { return view(*fleet, runtime); });
          }),
      RuntimeRoute("/api/workers", sources.board,
                   [&answers](const HttpRequest& request, const FleetPtr& fleet, const Runtime& runtime) {
                     return answers.Answer(request, runtime.name, fleet->revision,
                                           [&] { return WorkersDocument(runtime); });
                   }),
      RuntimeRoute("/api/history", sources.board,
                   [&answers, &history = sources.history](const HttpRequest& request, const FleetPtr&,
                                                          const Runtime& runtime) {
                     return answers.Answer(request, runtime.name, history.revision(),
                                           [&] { return history.Document(runtime); });
                   }),
      RuntimeRoute("/api/events", sources.board,
                   [&live = sources.live, view](const HttpRequest& request, const FleetPtr& fleet,
                                                const Runtime& runtime) {
                     return live.Subscribe("view", view, *fleet, runtime, request.last_event_id);
                   }),
  };
  for (const Asset& asset : PageAssets()) routes.push_back(AssetRoute(asset));
  return routes;
}

}  // namespace buntime
