#include "web/request_reader.h"

#include <algorithm>
#include <boost/beast/http/basic_parser.hpp>
#include <cstdint>
#include <limits>
#include <optional>
#include <utility>

#include "base/text.h"
#include "web/request_target.h"

namespace buntime {
namespace {

namespace http = boost::beast::http;
using boost::beast::error_code;
using BoostView = boost::beast::string_view;

constexpr std::size_t kEmptyLine = 2;
constexpr std::string_view kLastEventId = "Last-Event-ID";
constexpr std::string_view kScrapeTimeout = "X-Prometheus-Scrape-Timeout-Seconds";

std::string_view View(BoostView text) { return {text.data(), text.size()}; }

// What is wrong with a request line that is not "method SP target SP HTTP/1.x". Beast has one error for all
// of it.
Refusal RequestLineRefusal(std::string_view head) {
  const std::string_view line = head.substr(0, head.find('\r'));
  const std::size_t space = line.rfind(' ');
  const std::string_view version = space == std::string_view::npos ? "" : line.substr(space + 1);
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (version.size() == 8 && version.substr(0, 5) == "HTTP/" && is_digit(version[5]) && version[6] == '.' &&
      is_digit(version[7]) && version != "HTTP/1.0" && version != "HTTP/1.1") {
    return {505, "HTTP/1.0 and HTTP/1.1 are spoken here, not " + Printable(version)};
  }
  return {400, "the request line is not \"method target HTTP/1.1\""};
}

// Collects what matters of a head. Beast calls the functions in the order of the bytes.
class Parser final : public http::basic_parser<true> {
 public:
  explicit Parser(HttpRequest& request) : request_(request) {
    header_limit(std::numeric_limits<std::uint32_t>::max());  // HeadScanner's caller has limited it
    body_limit(RequestReader::kBodyBytes);
  }

  std::string_view target() const { return target_; }
  bool awaits_continue() const { return expects_continue_ && http11_; }
  std::size_t body_bytes() const { return content_length().value_or(0); }

  /// Beast accepted the head; do we?
  std::optional<Refusal> Judge() const {
    if (has_coding_ && has_length_) {
      return Refusal{400, "the request has both Content-Length and Transfer-Encoding"};
    }
    if (has_coding_ && !http11_) return Refusal{400, "HTTP/1.0 has no Transfer-Encoding"};
    if (unknown_coding_) return Refusal{501, "transfer codings are not taken here: send a Content-Length"};
    // RFC 9112, 6.3 lets a server insist on a length. Nothing here wants a body, and chunks are where parsers
    // disagree about its end.
    if (has_coding_) return Refusal{411, "chunked bodies are not taken here: send a Content-Length"};
    if (hosts_ > 1 || (hosts_ == 0 && http11_)) return Refusal{400, "the request must have one Host header"};
    if (!IsHost(host_)) return Refusal{400, "the Host header is not a host with an optional port"};
    if (unknown_expectation_) return Refusal{417, "the only expectation met here is 100-continue"};
    return std::nullopt;
  }

 private:
  void on_request_impl(http::verb, BoostView method, BoostView target, int version, error_code&) override {
    request_.method = View(method);
    target_ = View(target);
    http11_ = version >= 11;
  }

  void on_field_impl(http::field name, BoostView text, BoostView boost_value, error_code&) override {
    const std::string_view value = View(boost_value);
    // Of headers that are sent twice, the first counts.
    const auto keep_first = [value](std::string_view& slot) {
      if (slot.empty()) slot = value;
    };
    if (name == http::field::accept) keep_first(request_.accept);
    if (name == http::field::accept_encoding) keep_first(request_.accept_encoding);
    if (name == http::field::if_none_match) keep_first(request_.if_none_match);
    if (name == http::field::authorization) keep_first(request_.authorization);
    if (name == http::field::origin) keep_first(request_.origin);
    if (name == http::field::access_control_request_method) request_.preflight = true;
    if (name == http::field::unknown && EqualsIgnoringCase(View(text), kScrapeTimeout))
      keep_first(request_.scrape_timeout);
    if (name == http::field::unknown && EqualsIgnoringCase(View(text), kLastEventId))
      keep_first(request_.last_event_id);
    if (name == http::field::host) {
      ++hosts_;
      host_ = value;
    }
    if (name == http::field::content_length) has_length_ = true;
    if (name == http::field::transfer_encoding) {
      has_coding_ = true;
      if (!EqualsIgnoringCase(value, "chunked")) unknown_coding_ = true;
    }
    if (name == http::field::expect) {
      expects_continue_ = EqualsIgnoringCase(value, "100-continue");
      unknown_expectation_ = !expects_continue_;
    }
  }

  std::size_t on_body_impl(BoostView body, error_code&) override { return body.size(); }
  std::size_t on_chunk_body_impl(std::uint64_t, BoostView body, error_code&) override { return body.size(); }

  void on_response_impl(int, BoostView, int, error_code&) override {}
  void on_header_impl(error_code&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
  void on_chunk_header_impl(std::uint64_t, BoostView, error_code&) override {}
  void on_finish_impl(error_code&) override {}

  HttpRequest& request_;
  std::string_view target_;
  bool http11_ = false;
  int hosts_ = 0;
  std::string_view host_;
  bool has_length_ = false;
  bool has_coding_ = false;
  bool unknown_coding_ = false;
  bool unknown_expectation_ = false;
  bool expects_continue_ = false;
};

}  // namespace

RequestReader::RequestReader(std::size_t header_bytes, std::size_t target_bytes)
    : header_bytes_(header_bytes), target_bytes_(target_bytes) {}

void RequestReader::Reset() {
  state_ = State::kHead;
  scanner_ = {};
  body_left_ = 0;
  request_ = {};
  refusal_ = {};
}

void RequestReader::Refuse(int status, std::string reason) {
  state_ = State::kRefused;
  refusal_ = {status, std::move(reason)};
}

std::size_t RequestReader::Feed(std::string_view bytes) {
  if (state_ == State::kHead) return FeedHead(bytes);
  if (state_ == State::kBody) return FeedBody(bytes);
  return 0;
}

std::size_t RequestReader::FeedHead(std::string_view bytes) {
  std::size_t skipped = 0;
  HeadScanner::State found = scanner_.Scan(bytes.substr(0, header_bytes_));
  while (found == HeadScanner::State::kEnd && scanner_.size() == kEmptyLine) {
    // RFC 9112, 2.2: some clients send an empty line after a request.
    skipped += kEmptyLine;
    bytes.remove_prefix(kEmptyLine);
    scanner_ = {};
    found = scanner_.Scan(bytes.substr(0, header_bytes_));
  }
  if (found == HeadScanner::State::kEnd) {
    ParseHead(bytes.substr(0, scanner_.size()));
    return skipped + scanner_.size();
  }
  if (found == HeadScanner::State::kBad) {
    Refuse(400, std::string(scanner_.problem()));
  } else if (bytes.size() >= header_bytes_ && !scanner_.HasLine()) {
    Refuse(414, "the request line is longer than " + FormatSize(header_bytes_));
  } else if (bytes.size() >= header_bytes_) {
    Refuse(431, "the request's header is longer than " + FormatSize(header_bytes_));
  }
  return skipped;
}

void RequestReader::ParseHead(std::string_view head) {
  Parser parser(request_);
  error_code error;
  parser.put(boost::asio::buffer(head.data(), head.size()), error);
  if (error == http::error::body_limit) {
    return Refuse(413, "request bodies longer than " + FormatSize(kBodyBytes) + " are not read");
  }
  if (error == http::error::bad_method || error == http::error::bad_target ||
      error == http::error::bad_version) {
    const Refusal refusal = RequestLineRefusal(head);
    return Refuse(refusal.status, refusal.reason);
  }
  if (error == http::error::bad_content_length || error == http::error::multiple_content_length ||
      error == http::error::bad_transfer_encoding) {
    return Refuse(400, "Content-Length and Transfer-Encoding leave the length of the request's body unclear");
  }
  if (error) return Refuse(400, "a header line is not \"name: value\"");
  if (const std::optional<Refusal> refusal = parser.Judge()) return Refuse(refusal->status, refusal->reason);
  if (parser.target().size() > target_bytes_) {
    return Refuse(414, "the request target is longer than " + FormatSize(target_bytes_));
  }
  Result<RequestTarget> target = ParseRequestTarget(parser.target());
  if (!target) return Refuse(400, target.error().message);
  request_.path = std::move(target->path);
  request_.query = target->query;
  request_.keep_alive = parser.keep_alive();
  body_left_ = parser.body_bytes();
  request_.awaits_continue = parser.awaits_continue() && body_left_ > 0;
  state_ = body_left_ > 0 ? State::kBody : State::kComplete;
}

std::size_t RequestReader::FeedBody(std::string_view bytes) {
  const std::size_t consumed = std::min(bytes.size(), body_left_);
  body_left_ -= consumed;
  if (body_left_ == 0) state_ = State::kComplete;
  return consumed;
}

}  // namespace buntime
