// Answers that are documents: told apart by an ETag, compressed where that pays. Thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include "base/mutex.h"
#include "metrics/gzip.h"
#include "web/http.h"

namespace buntime {

class DocumentAnswers {
 public:
  /// `epoch` differs from one start of the program to the next.
  explicit DocumentAnswers(std::string epoch) : epoch_(std::move(epoch)) {}

  /// 200 with what `write` makes, or 304 without asking it, where the client has the document of this
  /// `revision` already. The document is that of the request's path and of `runtime`: clients that read it at
  /// the same time share one body.
  HttpResponse Answer(const HttpRequest& request, std::string_view runtime, std::uint64_t revision,
                      const std::function<std::string()>& write,
                      std::string_view content_type = "application/json");

 private:
  // Path, runtime, revision, whether it is compressed.
  using Key = std::tuple<std::string, std::string, std::uint64_t, bool>;
  using Body = std::shared_ptr<const std::string>;

  Body Find(const Key& key);
  Body Share(const Key& key, std::string text);
  std::string Compress(std::string_view text);

  const std::string epoch_;

  Mutex mutex_;
  Deflater deflater_ GUARDED_BY(mutex_){Deflater::Size::kLarge};
  std::map<Key, std::weak_ptr<const std::string>> bodies_ GUARDED_BY(mutex_);  // those that are being read
};

/// 200 with a document that no one may keep.
HttpResponse FreshJson(std::string document);

/// `{"error":"…"}` with whatever `members` follow, such as `,"runtimes":[]`.
HttpResponse JsonError(int status, std::string_view error, std::string_view members = {});

}  // namespace buntime
