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
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/result.h"

namespace buntime {

/// What a handler may look at. Views live as long as the call.
struct HttpRequest {
  std::string_view method;           // "GET" or "HEAD" unless the route takes more
  std::string_view path;             // decoded, without query
  std::string_view query;            // raw, without '?'
  std::string_view accept;           // header values, empty when absent
  std::string_view accept_encoding;  //
  std::string_view if_none_match;    //
  std::string_view last_event_id;    // of a client that comes back to a stream of events
  std::string_view scrape_timeout;   // X-Prometheus-Scrape-Timeout-Seconds: what the scraper will wait
};

/// A body that grows for as long as its client listens. The server asks for the next piece when the client
/// has taken the last one: what a slow client misses is never kept for it.
class EventSource {
 public:
  struct Piece {
    std::shared_ptr<const std::string> bytes;  // null: nothing new
    bool last = false;                         // nothing follows
  };

  virtual ~EventSource() = default;  // the client has gone
  /// Called on the I/O thread, after each piece and at each Server::Wake.
  virtual Piece Next() = 0;
};

/// The body is `shared` followed by `tail`: a large page is cached once and shared by all its readers, while
/// the part that differs from answer to answer stays small. Statuses 204 and 304 go without any body.
struct HttpResponse {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::vector<std::pair<std::string, std::string>> headers;  // besides those that every answer has
  std::shared_ptr<const std::string> shared;                 // may be null
  std::string tail;
  std::shared_ptr<EventSource> events;  // instead of a body; null: none
};

/// Answers a request: to be called once, from any thread, while the server lives. Where it is dropped
/// uncalled, the client waits until ServerLimits::total_timeout closes its connection.
using Reply = std::function<void(HttpResponse)>;

struct Route {
  enum class Where { kInline, kPool };
  std::string path;  // exact match; "/" is the landing page
  Where where = Where::kInline;
  std::function<HttpResponse(const HttpRequest&)> handle = {};
  bool open = false;                // served without password and beyond the rate limit
  std::string_view method = "GET";  // which includes HEAD; the only other one that makes sense is POST
  // Instead of `handle`, for what has to wait for others: called on the I/O thread, it returns at once and
  // replies later. The request is only valid until it returns.
  std::function<void(const HttpRequest&, Reply)> handle_later = {};
};

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
  /// Locks the server in another way from now on. Connections that the new way would let in are served once
  /// more and closed then, so that no request fails; others are closed at their next request. Streams of
  /// events end: their clients come back and are judged anew. Any thread.
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
