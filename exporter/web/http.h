// The values of HTTP: requests, responses, streams of events, and routes, which connect them to handlers.
// Used by the server and by all who serve something through it. Plain values; handlers run where their route
// says.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace buntime {

/// A request as RequestReader reads it. Views are parts of the bytes that arrived, valid until the request is
/// answered; for a handler, until it returns.
struct HttpRequest {
  std::string_view method;           // "GET" or "HEAD" for a handler unless its route takes more
  std::string path;                  // decoded, without query
  std::string_view query;            // raw, without '?'
  std::string_view accept;           // header values, empty when absent
  std::string_view accept_encoding;  //
  std::string_view if_none_match;    //
  std::string_view authorization;    //
  std::string_view origin;           // of the page that asks, where it is another one's
  std::string_view last_event_id;    // of a client that reconnects to a stream of events
  std::string_view scrape_timeout;   // X-Prometheus-Scrape-Timeout-Seconds: how long the scraper waits
  bool preflight = false;            // has Access-Control-Request-Method
  bool keep_alive = false;           // what the client wants
  bool awaits_continue = false;      // sends its body only after "100 Continue"
};

/// A body that grows as long as its client reads. The server asks for the next piece when the previous one
/// was taken, so nothing is buffered for a slow client.
class EventSource {
 public:
  struct Piece {
    std::shared_ptr<const std::string> bytes;  // null: nothing new
    bool last = false;                         // nothing follows
  };

  virtual ~EventSource() = default;  // the client has gone
  /// Called on the I/O thread, after each piece and at each Server::Wake (web/server.h).
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
  bool cors = false;  // may be read by pages of the origins that the web configuration allows
};

/// One line of plain text: `reason` and LF.
HttpResponse PlainAnswer(int status, std::string reason);

}  // namespace buntime
