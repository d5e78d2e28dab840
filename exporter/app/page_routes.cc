#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "app/api_routes.h"
#include "app/runtime_choice.h"
#include "app/targets_page.h"
#include "base/text.h"
#include "model/web_paths.h"
#include "page/assets.h"
#include "web/etag.h"
#include "web/query.h"

namespace buntime {
namespace {

// The page may load what this server serves, and nothing else from anywhere.
constexpr std::string_view kPagePolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

class AssetAnswer {
 public:
  explicit AssetAnswer(const Asset& asset)
      : asset_(asset), etag_("\"" + std::to_string(std::hash<std::string_view>()(asset.body)) + "\"") {}

  HttpResponse operator()(const HttpRequest& request) const {
    HttpResponse response;
    response.content_type = asset_.content_type;
    response.headers = {{"Content-Security-Policy", std::string(kPagePolicy)},
                        {"Referrer-Policy", "no-referrer"},
                        {"Cache-Control", "no-cache"},
                        {"ETag", etag_}};
    if (MatchesEtag(request.if_none_match, etag_)) {
      response.status = 304;
    } else {
      response.tail = asset_.body;
    }
    return response;
  }

 private:
  Asset asset_;
  std::string etag_;
};

using web_path::kTargets;

const Asset& TargetsPage() { return *std::ranges::find(PageAssets(), kTargets, &Asset::path); }

// A page about one runtime is the list of targets instead where the address names none: several are
// configured, none, or none of this name.
Route PageRoute(const Asset& asset, const FleetBoard& board) {
  return {std::string(asset.path), Route::Where::kInline,
          [&board, page = AssetAnswer(asset), list = AssetAnswer(TargetsPage())](const HttpRequest& request) {
            const bool probed = QueryParameter(request.query, "target").has_value();
            const auto choice = ChooseRuntime(*board.Latest(), request, Unnamed::kRefused);
            return probed || choice.index() == 0 ? page(request) : list(request);
          }};
}

Route TargetsRoute(const ApiSources& sources) {
  return {std::string(kTargets), Route::Where::kPool,
          [&board = sources.board, &history = sources.history, probes = sources.probes,
           list = AssetAnswer(TargetsPage())](const HttpRequest& request) {
            HttpResponse response = WantsJson(request.accept)
                                        ? FreshJson(TargetsAsJson(*board.Latest(), probes(), history))
                                        : list(request);
            response.headers.emplace_back("Vary", "Accept");
            return response;
          }};
}

using RuntimeAnswer =
    std::function<HttpResponse(const HttpRequest&, const std::shared_ptr<const Fleet>&, const Runtime&)>;

// A handler on the pool for what concerns one configured runtime, the first where none is named.
Route RuntimeRoute(std::string path, const FleetBoard& board, RuntimeAnswer answer) {
  return {std::move(path), Route::Where::kPool,
          [&board, answer = std::move(answer)](const HttpRequest& request) {
            const auto fleet = board.Latest();
            auto choice = ChooseRuntime(*fleet, request, Unnamed::kTheFirst);
            if (auto* refusal = std::get_if<HttpResponse>(&choice)) return std::move(*refusal);
            return answer(request, fleet, *std::get<0>(choice));
          }};
}

// The same, and for a target of /probe, which ?target=URL&module=NAME names.
Route TargetRoute(std::string path, const ApiSources& sources, RuntimeAnswer answer,
                  std::function<std::string(const HttpRequest&, const Fleet&, const Runtime&)> write) {
  Route route = RuntimeRoute(std::move(path), sources.board, std::move(answer));
  route.handle = [&board = sources.board, probes = sources.probes, write = std::move(write),
                  configured = std::move(route.handle)](const HttpRequest& request) {
    const auto target = QueryParameter(request.query, "target");
    if (!target) return configured(request);
    const std::string module = QueryParameter(request.query, "module").value_or("default");
    for (const RecentProbe& probe : probes()) {
      if (probe.module == module && probe.runtime->url == *target)
        return FreshJson(write(request, *board.Latest(), *probe.runtime));
    }
    return JsonError(
        404, Printable(*target, 200) + " was not probed lately by the module " + Printable(module, 80));
  };
  return route;
}

WorkerFilter FilterOf(const HttpRequest& request) {
  return {QueryParameter(request.query, "worker"), QueryParameter(request.query, "app"),
          QueryParameter(request.query, "version").value_or("")};
}

std::string SomeWorkers(const HttpRequest& request, const Fleet&, const Runtime& runtime) {
  return WorkersDocument(runtime, FilterOf(request));
}

}  // namespace

std::vector<Route> PageRoutes(const ApiSources& sources, const ExporterFacts& facts) {
  using FleetPtr = std::shared_ptr<const Fleet>;
  const auto view = [facts, &clock = sources.clock, &history = sources.history](const Fleet& fleet,
                                                                                const Runtime& runtime) {
    return ViewDocument(fleet, runtime, facts, clock.UnixSeconds(), history.Warnings(runtime));
  };
  const auto probed_view = [facts, &clock = sources.clock](const HttpRequest&, const Fleet& fleet,
                                                           const Runtime& runtime) {
    return ViewDocument(fleet, runtime, facts, clock.UnixSeconds(), {});
  };
  // A document that changes when the fleet does.
  const auto document = [&answers = sources.answers](auto write) -> RuntimeAnswer {
    return [&answers, write](const HttpRequest& request, const FleetPtr& fleet, const Runtime& runtime) {
      return answers.Answer(request, runtime.name, fleet->revision, [&] { return write(*fleet, runtime); });
    };
  };
  const RuntimeAnswer workers =
      [all = document([](const Fleet&, const Runtime& runtime) { return WorkersDocument(runtime); })](
          const HttpRequest& request, const FleetPtr& fleet, const Runtime& runtime) {
        const WorkerFilter filter = FilterOf(request);
        return filter.id || filter.app ? FreshJson(WorkersDocument(runtime, filter))
                                       : all(request, fleet, runtime);
      };
  std::vector<Route> routes = {
      TargetRoute("/api/view", sources, document(view), probed_view),
      TargetRoute("/api/workers", sources, workers, SomeWorkers),
      RuntimeRoute("/api/history", sources.board,
                   [&answers = sources.answers, &history = sources.history](
                       const HttpRequest& request, const FleetPtr&, const Runtime& runtime) {
                     if (const auto app = QueryParameter(request.query, "app"))
                       return FreshJson(history.AppDocument(
                           runtime, *app, QueryParameter(request.query, "version").value_or("")));
                     return answers.Answer(request, runtime.name, history.revision(),
                                           [&] { return history.Document(runtime); });
                   }),
      RuntimeRoute("/api/events", sources.board,
                   [&live = sources.live, view](const HttpRequest& request, const FleetPtr& fleet,
                                                const Runtime& runtime) {
                     return live.Subscribe("view", view, *fleet, runtime, request.last_event_id);
                   }),
      TargetsRoute(sources),
  };
  for (const Asset& asset : PageAssets()) {
    if (asset.path == kTargets) continue;
    if (asset.content_type.starts_with("text/html") && asset.path != web_path::kApi) {
      routes.push_back(PageRoute(asset, sources.board));
    } else {
      routes.push_back({std::string(asset.path), Route::Where::kInline, AssetAnswer(asset)});
    }
  }
  return routes;
}

}  // namespace buntime
