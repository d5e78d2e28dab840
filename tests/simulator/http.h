// HTTP as the simulator speaks it: small enough to lie in every place where a real server could. Plain values
// and pure functions.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"

namespace buntime::simulator {

struct Request {
  std::string method;
  std::string path;   // as sent, without the query
  std::string query;  // without '?'
  std::vector<std::pair<std::string, std::string>> headers;
  std::size_t content_length = 0;
  bool keep_alive = true;

  /// Empty when absent. Names are compared without case.
  std::string_view Header(std::string_view name) const;
  /// The decoded value of `name` in the query; empty optional when it is not there.
  std::optional<std::string> Param(std::string_view name) const;
};

/// `head` is everything up to and without the empty line.
Result<Request> ParseRequest(std::string_view head);

/// The query's pairs, decoded, in order. A pair without '=' has an empty value.
std::vector<std::pair<std::string, std::string>> ParseQuery(std::string_view query);

using Bytes = std::shared_ptr<const std::string>;

struct Response {
  int status = 200;
  std::string content_type;  // empty: no such header
  std::vector<std::pair<std::string, std::string>> headers;
  Bytes body;
};

Response MakeResponse(int status, std::string content_type, std::string body);
std::string_view Reason(int status);

/// Status line and headers with the empty line, announcing `content_length` bytes (none: no such header).
std::string Head(const Response& response, std::optional<std::uint64_t> content_length, bool keep_alive);

// What a connection does for one request, step by step.
struct Send {
  Bytes bytes;
};
struct Drip {
  std::string bytes;
  double bytes_per_second = 1;
};
/// `next` fills the chunk; false ends the stream.
struct Stream {
  std::function<bool(std::string& chunk)> next;
};
/// Waits for something that the world decides; asked many times a second.
struct Await {
  std::function<bool()> done;
};
/// Server-sent events: `next` is asked once a second for the data of an event.
struct Events {
  std::function<std::string()> next;
};
/// Nothing more happens until the client goes or the fault is cleared.
struct Stall {};
/// FIN.
struct Close {};
/// RST.
struct Reset {};

using Step = std::variant<Send, Drip, Stream, Await, Events, Stall, Close, Reset>;
using Plan = std::vector<Step>;

/// The honest way to send a response.
Plan Honest(const Response& response, const Request& request);

}  // namespace buntime::simulator
