#include "fuzz/http_fuzz.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include "base/text.h"
#include "fuzz/promise.h"
#include "web/basic_credentials.h"
#include "web/encoding.h"
#include "web/request_reader.h"

namespace buntime::testing {
namespace {

constexpr std::size_t kHeaderBytes = 1024;
constexpr std::size_t kTargetBytes = 128;

void CheckRequest(const HttpRequest& request) {
  Promise(!request.method.empty(), "a request has a method");
  Promise(request.path.starts_with('/') || request.path == "*", "a path starts with a slash");
  Promise(request.path.find('\0') == std::string::npos, "a path has no NUL");
  Promise(request.path.size() + request.query.size() <= kTargetBytes, "the limit of the target holds");
  for (const std::string_view part : {request.method, request.query, request.accept, request.accept_encoding,
                                      request.if_none_match, request.authorization}) {
    Promise(std::ranges::none_of(part, [](char c) { return c == '\r' || c == '\n' || c == '\0'; }),
            "no value holds the end of a line");
  }
  AcceptsGzip(request.accept_encoding);
  if (const auto credentials = ParseBasicCredentials(request.authorization)) {
    Promise(credentials->user.find(':') == std::string::npos, "a user's name has no colon");
  }
}

void CheckRefusal(const Refusal& refusal) {
  constexpr int kStatuses[] = {400, 411, 413, 414, 417, 431, 501, 505};
  Promise(std::ranges::find(kStatuses, refusal.status) != std::end(kStatuses),
          "a refusal has a known status");
  Promise(!refusal.reason.empty() && Printable(refusal.reason, 1000) == refusal.reason,
          "a refusal has a reason of one printable line");
}

// Every request in `bytes` as text, the way Connection reads them when `piece` bytes arrive at a time.
std::vector<std::string> ReadAll(std::string_view bytes, std::size_t piece) {
  std::vector<std::string> requests;
  RequestReader reader(kHeaderBytes, kTargetBytes);
  std::size_t begin = 0;
  std::size_t end = 0;
  while (true) {
    const RequestReader::State before = reader.state();
    const std::size_t used = reader.Feed(bytes.substr(begin, end - begin));
    Promise(used <= end - begin, "no more is consumed than there is");
    begin += used;
    if (reader.state() == RequestReader::State::kRefused) {
      CheckRefusal(reader.refusal());
      requests.push_back(std::to_string(reader.refusal().status));
      return requests;
    }
    if (reader.state() == RequestReader::State::kComplete) {
      const HttpRequest& request = reader.request();
      CheckRequest(request);
      requests.push_back(std::string(request.method) + " " + request.path + "?" + std::string(request.query) +
                         " " + std::string(request.authorization) +
                         (request.keep_alive ? " stays" : " goes"));
      reader.Reset();
    } else if (used == 0 && before == reader.state()) {
      if (end == bytes.size()) return requests;
      end = std::min(bytes.size(), end + piece);
    }
  }
}

}  // namespace

void CheckRequests(std::string_view bytes) {
  const auto whole = ReadAll(bytes, std::max<std::size_t>(1, bytes.size()));
  Promise(ReadAll(bytes, 1) == whole, "it does not matter in what pieces the bytes arrive");
  Promise(ReadAll(bytes, 7) == whole, "it does not matter in what pieces the bytes arrive");
}

}  // namespace buntime::testing
