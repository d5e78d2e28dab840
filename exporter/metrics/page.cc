#include "metrics/page.h"

#include <utility>

#include "metrics/exposition.h"
#include "metrics/gzip.h"

namespace buntime {

PageCache::PageCache(std::function<std::shared_ptr<const Fleet>()> latest, const SelfMetrics& self)
    : latest_(std::move(latest)), self_(self) {}

PageCache::Compressed PageCache::Compress(const Fleet& fleet) {
  Compressed result;
  std::string bytes(GzipHeader());
  const auto take = [&](std::string& text) REQUIRES(mutex_) {
    result.crc = Crc32(result.crc, text);
    result.size += static_cast<std::uint32_t>(text.size());
    fleet_deflater_.Write(text, bytes);
    text.clear();
  };
  // Compressed as it is written: the plain text of a large fleet, ten times the size, never exists as a
  // whole.
  std::string piece;
  RenderFleet(fleet, piece, take);
  take(piece);
  fleet_deflater_.Flush(bytes);
  bytes.shrink_to_fit();
  result.bytes = std::make_shared<const std::string>(std::move(bytes));
  return result;
}

Page PageCache::Get(bool gzip) {
  Page page;
  std::string self;
  const MutexLock lock(mutex_);
  const auto fleet = latest_();
  self_.Render(self);  // later than that, so that a poll which is shown is also counted
  if (fleet->revision != revision_) {
    revision_ = fleet->revision;
    plain_ = nullptr;
    compressed_ = {};
  }
  if (gzip) {
    if (!compressed_.bytes) compressed_ = Compress(*fleet);
    page.shared = compressed_.bytes;
    tail_deflater_.Write(self, page.tail);
    tail_deflater_.Finish(page.tail);
    page.tail +=
        GzipTrailer(Crc32(compressed_.crc, self), compressed_.size + static_cast<std::uint32_t>(self.size()));
    return page;
  }
  if (!plain_) {
    std::string text;
    text.reserve(last_plain_size_ + last_plain_size_ / 16);
    RenderFleet(*fleet, text, {});
    last_plain_size_ = text.size();
    plain_ = std::make_shared<const std::string>(std::move(text));
  }
  page.shared = plain_;
  page.tail = std::move(self);
  return page;
}

}  // namespace buntime
