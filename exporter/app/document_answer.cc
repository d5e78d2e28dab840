#include "app/document_answer.h"

#include <utility>

#include "base/text.h"
#include "web/encoding.h"
#include "web/etag.h"

namespace buntime {
namespace {

// Below this a document fits into one packet as it is.
constexpr std::size_t kWorthCompressing = 1400;

}  // namespace

HttpResponse DocumentAnswers::Answer(const HttpRequest& request, std::uint64_t revision,
                                     const std::function<std::string()>& write,
                                     std::string_view content_type) {
  HttpResponse response;
  response.content_type = content_type;
  // Weak: the same document may be compressed or not.
  const std::string etag = "W/\"" + epoch_ + "-" + std::to_string(revision) + "\"";
  response.headers = {{"Cache-Control", "no-cache"}, {"ETag", etag}, {"Vary", "Accept-Encoding"}};
  if (HasIt(request.if_none_match, etag)) {
    response.status = 304;
    return response;
  }
  response.tail = write();
  if (response.tail.size() >= kWorthCompressing && AcceptsGzip(request.accept_encoding)) {
    const MutexLock lock(mutex_);
    response.tail = Gzip(deflater_, response.tail);
    response.headers.emplace_back("Content-Encoding", "gzip");
  }
  return response;
}

HttpResponse JsonError(int status, std::string_view error, std::string_view members) {
  HttpResponse response;
  response.status = status;
  response.content_type = "application/json";
  response.headers.emplace_back("Cache-Control", "no-store");
  response.tail = "{\"error\":";
  AppendJsonString(response.tail, error);
  response.tail.append(members).append("}");
  return response;
}

}  // namespace buntime
