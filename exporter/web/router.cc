#include "web/router.h"

#include <algorithm>
#include <exception>
#include <memory>
#include <new>
#include <optional>
#include <utility>

#include "base/text.h"
#include "base/until_done.h"
#include "web/cors.h"

namespace buntime {
namespace {

// Enough to show the landing page and the metrics; more would not be one line.
constexpr std::size_t kSuggestedPaths = 2;

}  // namespace

Router::Router(std::vector<Route> routes, Authenticator& authenticator, Post to_pool, Post to_io, Log& log)
    : routes_(std::move(routes)),
      authenticator_(authenticator),
      to_pool_(std::move(to_pool)),
      to_io_(std::move(to_io)),
      log_(log) {}

std::string_view Router::Handle(const HttpRequest& request, std::string_view client,
                                std::shared_ptr<AnswerSink> sink) const {
  const auto found = std::ranges::find(routes_, request.path, &Route::path);
  const Route* const route = found == routes_.end() ? nullptr : &*found;
  const std::vector<std::string>& origins = authenticator_.security().cors_allowed_origins;
  const bool cors = route != nullptr && route->cors && !origins.empty();
  if (cors && !IsPreflight(request)) sink = WithCors(request, origins, std::move(sink));
  if (cors && IsPreflight(request)) {
    sink->Answer(AnswerPreflight(request, origins));
  } else if (route != nullptr && route->open) {
    Serve(route, request, sink);
  } else {
    authenticator_.Check(request, client, [this, &request, route, sink](std::optional<HttpResponse> refusal) {
      if (refusal) return sink->Answer(std::move(*refusal));
      if (sink->Admit()) Serve(route, request, sink);
    });
  }
  return route == nullptr ? "other" : std::string_view(route->path);
}

void Router::Serve(const Route* route, const HttpRequest& request,
                   const std::shared_ptr<AnswerSink>& sink) const {
  if (route == nullptr) return sink->Answer(NotFound(request));
  const bool reads = route->method == "GET";
  if (request.method != route->method && !(reads && request.method == "HEAD")) {
    HttpResponse response = PlainAnswer(405, Printable(request.path) + " takes " +
                                                 (reads ? "GET and HEAD" : std::string(route->method)) +
                                                 ", not " + Printable(request.method, 40));
    response.headers.emplace_back("Allow", reads ? "GET, HEAD" : std::string(route->method));
    sink->Answer(std::move(response));
  } else if (route->handle_later) {
    CallLater(*route, request, sink);
  } else if (route->where == Route::Where::kInline) {
    sink->Answer(Call(*route, request));
  } else {
    to_pool_([this, route, &request, sink] {
      const auto response = UntilDone([&] { return std::make_shared<HttpResponse>(Call(*route, request)); });
      UntilDone([&] { to_io_([sink, response] { sink->Answer(std::move(*response)); }); });
    });
  }
}

HttpResponse Router::Call(const Route& route, const HttpRequest& request) const {
  try {
    return route.handle(request);
  } catch (...) {
    return Failed(route);
  }
}

void Router::CallLater(const Route& route, const HttpRequest& request,
                       const std::shared_ptr<AnswerSink>& sink) const {
  try {
    route.handle_later(request, [this, sink](HttpResponse response) {
      to_io_([sink, response = std::move(response)]() mutable { sink->Answer(std::move(response)); });
    });
  } catch (...) {
    sink->Answer(Failed(route));  // a reply that was given before the failure came first
  }
}

// To be called while an exception is being handled.
HttpResponse Router::Failed(const Route& route) const {
  try {
    throw;
  } catch (const std::bad_alloc&) {
    log_.Fail("a page could not be made: raise the memory limit",
              {{"path", route.path}, {"error", "out of memory"}});
    HttpResponse response =
        PlainAnswer(503, "out of memory: try again, or raise the exporter's memory limit");
    response.headers.emplace_back("Retry-After", "1");
    return response;
  } catch (const std::exception& e) {
    log_.Fail("a page could not be made", {{"path", route.path}, {"error", e.what()}});
  } catch (...) {
    log_.Fail("a page could not be made", {{"path", route.path}, {"error", "not a std::exception"}});
  }
  return PlainAnswer(500, "this page could not be made; the exporter's log says why");
}

HttpResponse Router::NotFound(const HttpRequest& request) const {
  std::string text = "nothing is served at " + Printable(request.path, 80);
  for (std::size_t i = 0; i < std::min(kSuggestedPaths, routes_.size()); ++i) {
    text += (i == 0 ? "; try " : " or ") + routes_[i].path;
  }
  return PlainAnswer(404, std::move(text));
}

}  // namespace buntime
