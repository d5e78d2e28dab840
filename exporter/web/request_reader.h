// Turns the bytes of one request into a HttpRequest or a Refusal, whatever pieces they arrive in. A body of a
// declared length is skipped, since nothing here takes one; a chunked one is refused. The grammar is
// Boost.Beast's parser; what it is lenient or silent about (see HeadScanner and Parser::Judge) is decided
// here.
//
// Pure: no I/O, no time. One per connection, used on the I/O thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "web/head_scanner.h"
#include "web/http.h"

namespace buntime {

/// Why a request is not served; the connection is closed after saying so.
struct Refusal {
  int status = 400;
  std::string reason;  // one line
};

class RequestReader {
 public:
  enum class State { kHead, kBody, kComplete, kRefused };

  static constexpr std::size_t kBodyBytes = 4096;  // more: 413

  /// Limits as in ServerLimits.
  RequestReader(std::size_t header_bytes, std::size_t target_bytes);

  /// Ready for the next request.
  void Reset();

  /// `bytes` is all that has arrived and was not consumed yet; returns how many of them were consumed now.
  /// The head is consumed whole once it is complete, and must stay in place as long as request() is used. A
  /// body is consumed by further calls. When the request is complete, what was not consumed belongs to the
  /// next one.
  std::size_t Feed(std::string_view bytes);

  State state() const { return state_; }
  /// Complete from state kBody on; in state kRefused as far as it was read.
  const HttpRequest& request() const { return request_; }
  const Refusal& refusal() const { return refusal_; }

 private:
  std::size_t FeedHead(std::string_view bytes);
  std::size_t FeedBody(std::string_view bytes);
  void ParseHead(std::string_view head);
  void Refuse(int status, std::string reason);

  const std::size_t header_bytes_;
  const std::size_t target_bytes_;
  State state_ = State::kHead;
  HeadScanner scanner_;
  std::size_t body_left_ = 0;
  HttpRequest request_;
  Refusal refusal_;
};

}  // namespace buntime
