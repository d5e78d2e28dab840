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

HttpRequest View(const Request& request) {
  return {request.method,          request.path,         request.query, request.accept,
          request.accept_encoding, request.if_none_match};
}

}  // namespace

Router::Router(std::vector<Route> routes, Post to_pool, Post to_io, Log& log)
    : routes_(std::move(routes)), to_pool_(std::move(to_pool)), to_io_(std::move(to_io)), log_(log) {}

std::string_view Router::Serve(const Request& request, const std::shared_ptr<AnswerSink>& sink) const {
  const auto route = std::find_if(routes_.begin(), routes_.end(),
                                  [&request](const Route& r) { return r.path == request.path; });
  if (route == routes_.end()) {
    sink->Answer(NotFound(request));
    return "other";
  }
  if (request.method != "GET" && request.method != "HEAD") {
    HttpResponse response = PlainAnswer(
        405, Printable(request.path) + " takes GET and HEAD, not " + Printable(request.method, 40));
    response.headers.emplace_back("Allow", "GET, HEAD");
    sink->Answer(std::move(response));
  } else if (route->where == Route::Where::kInline) {
    sink->Answer(Call(*route, View(request)));
  } else {
    to_pool_([this, &route = *route, view = View(request), sink] {
      to_io_([sink, response = Call(route, view)]() mutable { sink->Answer(std::move(response)); });
    });
  }
  return route->path;
}

HttpResponse Router::Call(const Route& route, const HttpRequest& request) const {
  try {
    return route.handle(request);
  } catch (const std::exception& e) {
    log_.Fail("a page could not be made", {{"path", route.path}, {"error", e.what()}});
  } catch (...) {
    log_.Fail("a page could not be made", {{"path", route.path}, {"error", "not a std::exception"}});
  }
  return PlainAnswer(500, "this page could not be made; the exporter's log says why");
}

HttpResponse Router::NotFound(const Request& request) const {
  std::string text = "nothing is served at " + Printable(request.path, 80);
  for (std::size_t i = 0; i < std::min(kSuggestedPaths, routes_.size()); ++i) {
    text += (i == 0 ? "; try " : " or ") + routes_[i].path;
  }
  return PlainAnswer(404, std::move(text));
}

}  // namespace buntime
