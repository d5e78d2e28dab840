// The HTTP server: what it answers arrives as callables from app, so that it knows neither poll nor metrics.
//
// Threading: one I/O thread accepts, parses, and writes; handlers marked kPool run on a small pool so that a
// large page never delays a health answer. The observer is called on the I/O thread. Stop may be called from
// any thread but those, which it joins.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/result.h"
#include "web/http.h"

namespace buntime {

struct ServerLimits {
  Duration header_timeout = std::chrono::seconds(10);  // first byte of a request to the end of its header
  Duration idle_timeout = std::chrono::seconds(75);    // between requests of a connection
  Duration write_timeout = std::chrono::seconds(30);   // a whole answer
  Duration total_timeout = std::chrono::seconds(90);   // first byte of a request to last byte of its answer
  Duration event_timeout = std::chrono::seconds(10);   // to take a piece of an EventSource
  Duration drain_timeout = std::chrono::seconds(5);    // answers in flight when Stop is called
  std::size_t header_bytes = 16384;                    // more: 431
  std::size_t target_bytes = 4096;                     // path and query; more: 414
  // Beyond it a new client takes the place of one that was not let in yet; once it is let in itself, that of
  // an idle one. Without such a place it is answered 503, but for open routes.
  std::size_t connections = 2048;
  std::size_t body_bytes = 67'108'864;  // of answers being written; beyond it the slowest readers are cut off
};

struct Security;

struct ServerOptions {
  std::vector<std::string> listen;  // "host:port", "[::1]:port", ":port" (all addresses, both families)
  ServerLimits limits;
  std::size_t pool_threads = 1;
  std::shared_ptr<const Security> security;  // null: plain HTTP for everyone
};

/// Called after each answer that was written whole: the route's path ("other" for unknown ones), status, and
/// seconds from the end of the request's header to the last byte written; of an EventSource, to its
/// beginning.
using AccessObserver = std::function<void(std::string_view path, int status, double seconds)>;

class Server {
 public:
  virtual ~Server() = default;  // stops and joins
  /// Addresses that are listened on, ports resolved: "127.0.0.1:10077", "[::]:10077".
  virtual std::vector<std::string> Addresses() const = 0;
  /// Replaces TLS and authentication. Connections that are valid under the new settings finish one more
  /// request, then close, so that no request fails; others close at their next request. Event streams end,
  /// and their clients reconnect under the new settings. Any thread.
  virtual void Secure(std::shared_ptr<const Security> security) = 0;
  /// Asks every EventSource for its next piece. Any thread.
  virtual void Wake() = 0;
  /// Stops accepting, ends streams of events, lets answers in flight finish (at most drain_timeout), closes,
  /// and joins. Idempotent.
  virtual void Stop() = 0;
};

/// Binds every address and starts serving. SIGPIPE must be ignored. The first two routes are those that a 404
/// suggests. Two routes with one path are an error, and so is an address that cannot be bound.
Result<std::unique_ptr<Server>> StartServer(const ServerOptions& options, std::vector<Route> routes,
                                            AccessObserver observer, Log& log);

}  // namespace buntime
