// Has a request answered: finds its route, authenticates it, and runs the handler, on the I/O thread or on
// the pool. Used by Connection.
//
// Threading: the I/O thread; handlers marked kPool run on the pool, and their answers come back through
// `to_io`.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "web/authenticator.h"
#include "web/http.h"

namespace buntime {

/// Who asked: takes the answer.
class AnswerSink {
 public:
  virtual ~AnswerSink() = default;
  /// The request has been let in. False: it is not to be served, and has been answered.
  virtual bool Admit() = 0;
  virtual void Answer(HttpResponse response) = 0;
};

class Router {
 public:
  /// Runs a task elsewhere, later.
  using Post = std::function<void(std::function<void()>)>;

  /// `authenticator` outlives the router.
  Router(std::vector<Route> routes, Authenticator& authenticator, Post to_pool, Post to_io, Log& log);

  /// Calls sink->Answer once, on the I/O thread, perhaps before it returns. `client` is the key of fairness.
  /// `request` and the views in it must stay valid until then; `sink` is kept alive. Returns the path of the
  /// route, "other" where there is none.
  std::string_view Handle(const HttpRequest& request, std::string_view client,
                          std::shared_ptr<AnswerSink> sink) const;

 private:
  void Serve(const Route* route, const HttpRequest& request, const std::shared_ptr<AnswerSink>& sink) const;
  HttpResponse Call(const Route& route, const HttpRequest& request) const;
  void CallLater(const Route& route, const HttpRequest& request,
                 const std::shared_ptr<AnswerSink>& sink) const;
  HttpResponse Failed(const Route& route) const;
  HttpResponse NotFound(const HttpRequest& request) const;

  const std::vector<Route> routes_;
  Authenticator& authenticator_;
  const Post to_pool_;
  const Post to_io_;
  Log& log_;
};

}  // namespace buntime
