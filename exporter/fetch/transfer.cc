#include "fetch/transfer.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <new>
#include <utility>

#include "base/text.h"
#include "fetch/curl_error.h"
#include "fetch/name_resolver.h"

namespace buntime {
namespace {

constexpr std::size_t kMaxHeaderBytes = std::size_t{64} << 10;  // all of them, interim answers included
constexpr std::uint64_t kFirstReserve = std::uint64_t{1}
                                        << 20;  // of a body, on the word of its Content-Length alone

curl_off_t Info(CURL* easy, CURLINFO info) {
  curl_off_t value = 0;
  curl_easy_getinfo(easy, info, &value);
  return value;
}

std::string ContentType(CURL* easy) {
  char* text = nullptr;
  curl_easy_getinfo(easy, CURLINFO_CONTENT_TYPE, &text);
  return text == nullptr ? std::string() : Printable(text);
}

// The codings of all its fields, as one list.
std::string ContentEncoding(CURL* easy) {
  std::string list;
  curl_header* header = nullptr;
  for (std::size_t i = 0;
       curl_easy_header(easy, "Content-Encoding", i, CURLH_HEADER, -1, &header) == CURLHE_OK; ++i) {
    list.append(list.empty() ? "" : ", ").append(header->value);
  }
  return list;
}

std::string Location(CURL* easy, int status) {
  curl_header* header = nullptr;
  if (status < 300 || status > 399) return {};
  if (curl_easy_header(easy, "Location", 0, CURLH_HEADER, -1, &header) != CURLHE_OK) return {};
  return Printable(header->value);
}

}  // namespace

Transfer::Transfer(Fetcher::TransferId id, EasyHandle easy, const Request& request, Endpoint endpoint,
                   CurlList headers, Fetcher::Done done)
    : id_(id),
      started_(SystemClock().Now()),
      endpoint_(std::move(endpoint)),
      tls_(request.tls),
      timeout_(request.timeout),
      max_body_(request.max_body),
      proxy_url_(request.proxy_url),
      allowed_(request.allowed),
      timings_(request.timings),
      done_(std::move(done)),
      headers_(std::move(headers)),
      easy_(std::move(easy)) {}

PollError Transfer::NeverLookedUp() const {
  return {Outcome::kTimeout, DidNotAnswer(endpoint_, timeout_) +
                                 ": its host name waited for its turn, for at most " +
                                 std::to_string(NameResolver::kMostOthers) +
                                 " names that were not answered quickly before are looked up at once: check "
                                 "the name server"};
}

PollError Transfer::NoThreadToResolve() const {
  return {Outcome::kInternal, "cannot resolve the host name " + endpoint_.host +
                                  ": no thread can be started for it; raise the limit of tasks "
                                  "(TasksMax of systemd, pids of a container)"};
}

void Transfer::KeepTimings() {
  if (!timings_) return;
  // libcurl counts from the start of the attempt; a point that was not reached is 0.
  const auto at = [this](CURLINFO info) -> Duration {
    const std::chrono::microseconds since(Info(easy_.get(), info));
    return since.count() == 0 ? Duration(since) : until_resolved_ + since;
  };
  timings_->name_lookup = at(CURLINFO_NAMELOOKUP_TIME_T);
  timings_->connect = at(CURLINFO_CONNECT_TIME_T);
  timings_->tls = at(CURLINFO_APPCONNECT_TIME_T);
  timings_->first_byte = at(CURLINFO_STARTTRANSFER_TIME_T);
  timings_->total = SystemClock().Now() - started_;
}

std::size_t Transfer::OnHeader(char* /*data*/, std::size_t size, std::size_t count, void* self) {
  auto& transfer = *static_cast<Transfer*>(self);
  transfer.header_bytes_ += size * count;
  transfer.header_too_large_ = transfer.header_bytes_ > kMaxHeaderBytes;
  return transfer.header_too_large_ ? 0 : size * count;
}

// No exception may pass through libcurl. Anything but the piece's size ends the transfer.
std::size_t Transfer::OnBody(char* data, std::size_t size, std::size_t count, void* self) {
  auto& transfer = *static_cast<Transfer*>(self);
  try {
    return transfer.Receive({data, size * count}) ? size * count : 0;
  } catch (const std::bad_alloc&) {
    transfer.out_of_memory_ = true;
    return 0;
  }
}

bool Transfer::Receive(std::string_view piece) {
  if (packed_bytes_ == 0) {
    auto unpacker = Unpacker::For(ContentEncoding(easy_.get()));
    if (!unpacker) {
      unpack_fault_ = unpacker.error().message;
      return false;
    }
    unpacker_ = std::move(*unpacker);
  }
  packed_bytes_ += piece.size();
  if (!unpacker_) return AddBody(piece);
  if (packed_bytes_ > max_body_) {  // what unpacks to nothing would never end
    body_too_large_ = true;
    return false;
  }
  return unpacker_->Feed(piece, [this](std::string_view unpacked) { return AddBody(unpacked); });
}

bool Transfer::AddBody(std::string_view piece) {
  const std::uint64_t size = body_.size() + piece.size();
  if (size > max_body_) {
    body_too_large_ = true;
    return false;
  }
  if (size > body_.capacity()) {
    // A Content-Length that tells the truth ends the growth at exactly its size; one that lies costs a
    // megabyte.
    const curl_off_t length = unpacker_ ? 0 : Info(easy_.get(), CURLINFO_CONTENT_LENGTH_DOWNLOAD_T);
    const auto announced = static_cast<std::uint64_t>(std::max<curl_off_t>(length, 0));
    std::uint64_t goal = std::max<std::uint64_t>(body_.capacity() * 2, kFirstReserve);
    if (announced >= size) goal = std::min(goal, announced);
    std::string larger;  // a string that grows takes twice its old capacity, whatever was asked for
    larger.reserve(static_cast<std::size_t>(std::max(size, std::min(goal, max_body_))));
    larger.append(body_);
    body_ = std::move(larger);
  }
  body_.append(piece);
  return true;
}

ExchangeResult Transfer::Finish(CURLcode code) {
  KeepTimings();
  if (code != CURLE_OK && !refusal_.empty() && !allowed_one_) {
    return PollError{Outcome::kConnect, refusal_, true};
  }
  if (out_of_memory_) {
    return PollError{Outcome::kInternal, "out of memory for the answer of " + endpoint_.authority +
                                             ": raise the memory limit or lower --poll.max-body"};
  }
  if (unpacker_) unpack_fault_ = unpacker_->fault();
  if (unpacker_ && code == CURLE_OK && unpacker_->inside()) unpack_fault_ = "it ends early";
  if (!unpack_fault_.empty()) {
    return PollError{Outcome::kNotJson, "the answer of " + endpoint_.authority +
                                            " is compressed in a way that cannot be undone (" +
                                            unpack_fault_ + "): check what stands before the runtime"};
  }
  if (code != CURLE_OK) {
    return DescribeFailure(FailedExchange{.easy = easy_.get(),
                                          .code = code,
                                          .endpoint = endpoint_,
                                          .tls = tls_,
                                          .proxy_url = proxy_url_,
                                          .text = error_text_.data(),
                                          .header_bytes = header_bytes_,
                                          .certificate_wanted = certificate_wanted_,
                                          .header_too_large = header_too_large_,
                                          .body_too_large = body_too_large_,
                                          .timeout = timeout_,
                                          .max_header = kMaxHeaderBytes,
                                          .max_body = max_body_});
  }
  long status = 0;
  curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &status);
  Response response;
  response.status = static_cast<int>(status);
  response.content_type = ContentType(easy_.get());
  response.location = Location(easy_.get(), response.status);
  response.body = std::move(body_);
  return response;
}

}  // namespace buntime
