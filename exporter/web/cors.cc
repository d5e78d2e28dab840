#include "web/cors.h"

#include <algorithm>
#include <iterator>
#include <string_view>
#include <utility>

#include "base/text.h"
#include "web/router.h"

namespace buntime {
namespace {

using Headers = std::vector<std::pair<std::string, std::string>>;

// Vary first: caches must know that the answer differs by origin, also where it has no other header of these.
Headers HeadersFor(std::string_view origin, const std::vector<std::string>& allowed) {
  Headers headers = {{"Vary", "Origin"}};
  if (origin.empty()) return headers;
  if (std::ranges::find(allowed, origin) != allowed.end()) {
    headers.emplace_back("Access-Control-Allow-Origin", origin);
    // Lets a named origin use the password that its reader has given to the browser; EventSource cannot send
    // one in another way.
    headers.emplace_back("Access-Control-Allow-Credentials", "true");
  } else if (std::ranges::find(allowed, "*") != allowed.end()) {
    headers.emplace_back("Access-Control-Allow-Origin", "*");
  }
  return headers;
}

class CorsSink final : public AnswerSink {
 public:
  CorsSink(Headers headers, std::shared_ptr<AnswerSink> sink)
      : headers_(std::move(headers)), sink_(std::move(sink)) {}

  bool Admit() override { return sink_->Admit(); }
  void Answer(HttpResponse response) override {
    const auto vary = std::ranges::find(response.headers, "Vary", &Headers::value_type::first);
    if (vary != response.headers.end()) {
      vary->second += ", Origin";
      headers_.erase(headers_.begin());
    }
    std::ranges::move(headers_, std::back_inserter(response.headers));
    sink_->Answer(std::move(response));
  }

 private:
  Headers headers_;
  const std::shared_ptr<AnswerSink> sink_;
};

}  // namespace

bool IsPreflight(const HttpRequest& request) {
  return request.method == "OPTIONS" && !request.origin.empty() && request.preflight;
}

HttpResponse AnswerPreflight(const HttpRequest& request, const std::vector<std::string>& allowed) {
  HttpResponse response;
  response.headers = HeadersFor(request.origin, allowed);
  if (response.headers.size() == 1) {
    response.status = 403;
    response.tail = "the origin " + Printable(request.origin, 100) +
                    " is not among cors_allowed_origins in the file of --web.config.file\n";
    return response;
  }
  response.status = 204;
  response.headers.emplace_back("Access-Control-Allow-Methods", "GET, HEAD");
  response.headers.emplace_back("Access-Control-Allow-Headers",
                                "Authorization, Cache-Control, If-None-Match, Last-Event-ID");
  response.headers.emplace_back("Access-Control-Max-Age", "600");
  return response;
}

std::shared_ptr<AnswerSink> WithCors(const HttpRequest& request, const std::vector<std::string>& allowed,
                                     std::shared_ptr<AnswerSink> sink) {
  Headers headers = HeadersFor(request.origin, allowed);
  if (headers.size() > 1) headers.emplace_back("Access-Control-Expose-Headers", "ETag, Retry-After");
  return std::make_shared<CorsSink>(std::move(headers), std::move(sink));
}

}  // namespace buntime
