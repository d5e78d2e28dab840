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

HttpResponse DocumentAnswers::Answer(const HttpRequest& request, std::string_view runtime,
                                     std::uint64_t revision, const std::function<std::string()>& write,
                                     std::string_view content_type) {
  HttpResponse response;
  response.content_type = content_type;
  // Weak: the same document may be compressed or not.
  const std::string etag = "W/\"" + epoch_ + "-" + std::to_string(revision) + "\"";
  response.headers = {{"Cache-Control", "no-cache"}, {"ETag", etag}, {"Vary", "Accept-Encoding"}};
  if (MatchesEtag(request.if_none_match, etag)) {
    response.status = 304;
    return response;
  }
  Key key(request.path, runtime, revision, AcceptsGzip(request.accept_encoding));
  auto& [path, name, number, gzip] = key;
  response.shared = Find(key);
  if (!response.shared) {
    std::string text = write();
    if (gzip && text.size() >= kWorthCompressing) {
      text = Compress(text);
    } else {
      gzip = false;
    }
    response.shared = Share(key, std::move(text));
  }
  if (gzip) response.headers.emplace_back("Content-Encoding", "gzip");
  return response;
}

DocumentAnswers::Body DocumentAnswers::Find(const Key& key) {
  const MutexLock lock(mutex_);
  const auto body = bodies_.find(key);
  return body == bodies_.end() ? nullptr : body->second.lock();
}

DocumentAnswers::Body DocumentAnswers::Share(const Key& key, std::string text) {
  text.shrink_to_fit();
  auto body = std::make_shared<const std::string>(std::move(text));
  const MutexLock lock(mutex_);
  std::erase_if(bodies_, [](const auto& item) { return item.second.expired(); });
  bodies_[key] = body;
  return body;
}

std::string DocumentAnswers::Compress(std::string_view text) {
  const MutexLock lock(mutex_);
  return Gzip(deflater_, text);
}

HttpResponse FreshJson(std::string document) {
  HttpResponse response;
  response.content_type = "application/json";
  response.headers.emplace_back("Cache-Control", "no-store");
  response.tail = std::move(document);
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
