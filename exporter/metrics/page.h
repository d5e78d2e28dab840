// The exposition as it goes out: rendered, and compressed, at most once per fleet revision and encoding,
// however many scrapers ask. Thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/mutex.h"
#include "metrics/gzip.h"
#include "metrics/self_metrics.h"
#include "model/fleet.h"

namespace buntime {

/// A body in two parts: what is shared between scrapes of one revision, and what is fresh for each.
struct Page {
  std::shared_ptr<const std::string> shared;
  std::string tail;
};

class PageCache {
 public:
  /// References outlive the cache.
  PageCache(std::function<std::shared_ptr<const Fleet>()> latest, const SelfMetrics& self);

  /// The whole exposition, plain or as one gzip member (RFC 1952). Concurrent callers of a new revision wait
  /// for the first of them and share its work.
  Page Get(bool gzip);

 private:
  struct Compressed {
    std::shared_ptr<const std::string> bytes;  // gzip header and deflate blocks, flushed to a byte boundary
    std::uint32_t crc = 0;                     // of the plain text, continued over the tail
    std::uint32_t size = 0;                    // of the plain text, modulo 2^32
  };

  Compressed Compress(const Fleet& fleet) REQUIRES(mutex_);

  const std::function<std::shared_ptr<const Fleet>()> latest_;
  const SelfMetrics& self_;

  Mutex mutex_;
  std::uint64_t revision_ GUARDED_BY(mutex_) = 0;
  // Of the previous rendering, so that the next need not grow step by step.
  std::size_t last_plain_size_ GUARDED_BY(mutex_) = 0;
  std::shared_ptr<const std::string> plain_ GUARDED_BY(mutex_);
  Compressed compressed_ GUARDED_BY(mutex_);
  Deflater fleet_deflater_ GUARDED_BY(mutex_){Deflater::Size::kLarge};
  Deflater tail_deflater_ GUARDED_BY(mutex_){Deflater::Size::kSmall};
};

}  // namespace buntime
