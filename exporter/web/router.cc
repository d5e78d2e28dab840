#include "web/router.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "base/text.h"
#include "web/response_head.h"

namespace buntime {
namespace {

// Enough to show the landing page and the metrics; more would not be one line.
constexpr std::size_t kSuggestedPaths = 2;

HttpRequest View(const RequestHead& request) {
  return {request.method,          request.path,          request.query,         request.accept,
          request.accept_encoding, request.if_none_match, request.last_event_id, request.scrape_timeout};
}

}  // namespace

Router::Router(std::vector<Route> routes, Post to_pool, Post to_io, Log& log)
    : routes_(std::move(routes)), to_pool_(std::move(to_pool)), to_io_(std::move(to_io)), log_(log) {}

const Route* Router::Find(std::string_view path) const {
  const auto route = std::ranges::find(routes_, path, &Route::path);
  return route == routes_.end() ? nullptr : &*route;
}

void Router::Serve(const Route* route, const RequestHead& request,
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
    CallLater(*route, View(request), sink);
  } else if (route->where == Route::Where::kInline) {
    sink->Answer(Call(*route, View(request)));
  } else {
    to_pool_([this, route, view = View(request), sink] {
      to_io_([sink, response = Call(*route, view)]() mutable { sink->Answer(std::move(response)); });
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
  } catch (const std::exception& e) {
    log_.Fail("a page could not be made", {{"path", route.path}, {"error", e.what()}});
  } catch (...) {
    log_.Fail("a page could not be made", {{"path", route.path}, {"error", "not a std::exception"}});
  }
  return PlainAnswer(500, "this page could not be made; the exporter's log says why");
}

HttpResponse Router::NotFound(const RequestHead& request) const {
  std::string text = "nothing is served at " + Printable(request.path, 80);
  for (std::size_t i = 0; i < std::min(kSuggestedPaths, routes_.size()); ++i) {
    text += (i == 0 ? "; try " : " or ") + routes_[i].path;
  }
  return PlainAnswer(404, std::move(text));
}

}  // namespace buntime
