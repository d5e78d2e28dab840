// Answers that are documents: told apart by an ETag, compressed where that pays. Thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/mutex.h"
#include "metrics/gzip.h"
#include "web/server.h"

namespace buntime {

class DocumentAnswers {
 public:
  /// `epoch` differs from one start of the program to the next.
  explicit DocumentAnswers(std::string epoch) : epoch_(std::move(epoch)) {}

  /// 200 with what `write` makes, or 304 without asking it, where the client has the document of this
  /// `revision` already.
  HttpResponse Answer(const HttpRequest& request, std::uint64_t revision,
                      const std::function<std::string()>& write,
                      std::string_view content_type = "application/json");

 private:
  const std::string epoch_;

  Mutex mutex_;
  Deflater deflater_ GUARDED_BY(mutex_){Deflater::Size::kLarge};
};

/// `{"error":"…"}` with whatever `members` follow, such as `,"runtimes":[]`.
HttpResponse JsonError(int status, std::string_view error, std::string_view members = {});

}  // namespace buntime
