#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "api/documented.h"
#include "app/api_routes.h"
#include "app/runtime_choice.h"
#include "metrics/fleet_text.h"
#include "metrics/text_format.h"
#include "model/web_paths.h"

namespace buntime {
namespace {

using web_path::kDocumented;

// Nothing was read yet, or it is too old: as the runtime's own API says before there is a pool.
HttpResponse NothingToShow(const Runtime& runtime) {
  return JsonError(
      503, runtime.tried ? "the runtime is down: " + runtime.error : "the runtime has not been polled yet");
}

}  // namespace

std::vector<Route> DocumentedRoutes(const ApiSources& sources, bool prometheus) {
  using enum Route::Where;
  using DocumentedAnswer = std::function<HttpResponse(const HttpRequest&, const std::shared_ptr<const Fleet>&,
                                                      const std::shared_ptr<const Runtime>&)>;
  const auto route = [&board = sources.board](std::string_view path, DocumentedAnswer answer) -> Route {
    return {std::string(kDocumented).append(path), kPool,
            [&board, answer = std::move(answer)](const HttpRequest& request) {
              const auto fleet = board.Latest();
              auto choice = ChooseRuntime(*fleet, request, Unnamed::kRefused);
              if (auto* refusal = std::get_if<HttpResponse>(&choice)) return std::move(*refusal);
              return answer(request, fleet, std::get<0>(choice));
            }};
  };
  DocumentAnswers& answers = sources.answers;
  const auto json = [&answers](std::string (*write)(const Runtime&)) -> DocumentedAnswer {
    return [&answers, write](const HttpRequest& request, const auto& fleet, const auto& runtime) {
      if (!runtime->reading) return NothingToShow(*runtime);
      return answers.Answer(request, runtime->name, fleet->revision, [&] { return write(*runtime); });
    };
  };

  std::vector<Route> routes = {
      route("", json(SummaryDocument)),
      route("stats", json(StatsDocument)),
      route("sse",
            [&live = sources.live](const HttpRequest& request, const auto& fleet, const auto& runtime) {
              const auto write = [](const Fleet&, const Runtime& shown) { return SummaryDocument(shown); };
              return live.Subscribe("", write, *fleet, *runtime, request.last_event_id);
            }),
      {std::string(kDocumented).append("runtimes"), kPool,
       [&answers, &board = sources.board](const HttpRequest& request) {
         const auto fleet = board.Latest();
         return answers.Answer(request, "", fleet->revision, [&] { return RuntimesDocument(*fleet); });
       }},
  };
  if (prometheus) {
    routes.push_back(route("prometheus", [&answers](const HttpRequest& request, const auto& fleet,
                                                    const auto& runtime) {
      return answers.Answer(
          request, runtime->name, fleet->revision, [&] { return RenderAlone(*runtime); }, kExpositionType);
    }));
  }
  return routes;
}

}  // namespace buntime
