// Finds the handler of a request and runs it, on the I/O thread or on the pool. Used by Connection.
//
// Threading: Serve on the I/O thread; handlers marked kPool run on the pool, and their answers come back
// through `to_io`. Constant after construction.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "web/request_reader.h"
#include "web/server.h"

namespace buntime {

class AnswerSink {
 public:
  virtual ~AnswerSink() = default;
  virtual void Answer(HttpResponse response) = 0;
};

class Router {
 public:
  /// Runs a task elsewhere, later.
  using Post = std::function<void(std::function<void()>)>;

  Router(std::vector<Route> routes, Post to_pool, Post to_io, Log& log);

  /// Null: nothing is served there.
  const Route* Find(std::string_view path) const;

  /// Calls sink->Answer once, on the I/O thread; for kInline handlers and errors before it returns. `route`
  /// is what Find returned. `request` and the views in it must stay valid until then; `sink` is kept alive.
  void Serve(const Route* route, const RequestHead& request, const std::shared_ptr<AnswerSink>& sink) const;

 private:
  HttpResponse Call(const Route& route, const HttpRequest& request) const;
  void CallLater(const Route& route, const HttpRequest& request,
                 const std::shared_ptr<AnswerSink>& sink) const;
  HttpResponse Failed(const Route& route) const;
  HttpResponse NotFound(const RequestHead& request) const;

  const std::vector<Route> routes_;
  const Post to_pool_;
  const Post to_io_;
  Log& log_;
};

}  // namespace buntime
