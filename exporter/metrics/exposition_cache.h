// The exposition as it is served, from the registered collectables: the fleet's part is rendered, and
// compressed, at most once per revision and encoding, however many scrapers ask; the others' is collected for
// each scrape. For scrapers that come regularly it is rendered ahead of them. Thread-safe.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "metrics/fleet_collector.h"
#include "metrics/gzip.h"
#include "metrics/scrape_forecast.h"

namespace buntime {

/// A body in two parts: what all scrapes of a revision share, and what is fresh in each.
struct ExpositionBody {
  std::shared_ptr<const std::string> shared;
  std::string tail;
};

class ExpositionCache {
 public:
  /// `clock` outlives the cache.
  ExpositionCache(std::shared_ptr<const FleetCollector> fleet, const Clock& clock);

  /// Adds a collectable behind those that are there. Before the first Get.
  void Register(std::shared_ptr<const prometheus::Collectable> collectable);

  /// The whole exposition, plain or as one gzip member (RFC 1952). Concurrent callers of a new revision wait
  /// for the first of them and share its work.
  ExpositionBody Get(bool gzip);

  /// Renders the latest fleet in the encodings for which a scrape is expected before the next poll ends; to
  /// be called after each publication. A fleet whose polls follow one another too closely for that is left to
  /// Get. What was rendered in vain makes the cache learn anew, so that there is one rendering per scrape,
  /// and at worst one in vain for every three. Returns the number of renderings.
  std::size_t Prepare();

 private:
  // The fleet's part in one encoding.
  struct Rendered {
    // Null: not rendered. gzip: header and deflate blocks, flushed to a byte boundary.
    std::shared_ptr<const std::string> bytes;
    std::uint32_t crc = 0;   // gzip: of the plain text, continued over the tail
    std::uint32_t size = 0;  // gzip: of the plain text, modulo 2^32
    bool ahead = false;      // by Prepare, and not asked for yet
  };
  struct Encoding {
    Rendered rendered;
    ScrapeForecast forecast;
  };
  static constexpr std::size_t kPlain = 0;
  static constexpr std::size_t kGzip = 1;

  void TakeRevision(const Fleet& fleet) REQUIRES(mutex_);
  void Render(const Fleet& fleet, std::size_t encoding) REQUIRES(mutex_);
  Rendered Plain(const Fleet& fleet) REQUIRES(mutex_);
  Rendered Compressed(const Fleet& fleet) REQUIRES(mutex_);
  bool LastsUntil(const Fleet& fleet, SteadyTime scrape, SteadyTime now) const;

  const std::shared_ptr<const FleetCollector> fleet_;
  const Clock& clock_;
  std::vector<std::shared_ptr<const prometheus::Collectable>> others_;  // constant after the first Get

  Mutex mutex_;
  std::uint64_t revision_ GUARDED_BY(mutex_) = 0;  // of what is rendered
  // Of the previous rendering, so that the next need not grow step by step.
  std::size_t last_plain_size_ GUARDED_BY(mutex_) = 0;
  std::array<Encoding, 2> encodings_ GUARDED_BY(mutex_);
  Deflater fleet_deflater_ GUARDED_BY(mutex_){Deflater::Size::kLarge};
  Deflater tail_deflater_ GUARDED_BY(mutex_){Deflater::Size::kSmall};
};

}  // namespace buntime
