// The exposition as it is served, from the registered collectables: the fleet's part is rendered, and
// compressed, at most once per revision and encoding, however many scrapers ask; the others' is collected for
// each scrape. Thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "metrics/fleet_collector.h"
#include "metrics/gzip.h"

namespace buntime {

/// A body in two parts: what all scrapes of a revision share, and what is fresh in each.
struct ExpositionBody {
  std::shared_ptr<const std::string> shared;
  std::string tail;
};

class ExpositionCache {
 public:
  explicit ExpositionCache(std::shared_ptr<const FleetCollector> fleet);

  /// Adds a collectable behind those that are there. Before the first Get.
  void Register(std::shared_ptr<const prometheus::Collectable> collectable);

  /// The whole exposition, plain or as one gzip member (RFC 1952). Concurrent callers of a new revision wait
  /// for the first of them and share its work.
  ExpositionBody Get(bool gzip);

 private:
  struct Compressed {
    std::shared_ptr<const std::string> bytes;  // gzip header and deflate blocks, flushed to a byte boundary
    std::uint32_t crc = 0;                     // of the plain text, continued over the tail
    std::uint32_t size = 0;                    // of the plain text, modulo 2^32
  };

  void RenderPlain(const Fleet& fleet) REQUIRES(mutex_);
  void RenderCompressed(const Fleet& fleet) REQUIRES(mutex_);

  const std::shared_ptr<const FleetCollector> fleet_;
  std::vector<std::shared_ptr<const prometheus::Collectable>> others_;  // constant after the first Get

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
