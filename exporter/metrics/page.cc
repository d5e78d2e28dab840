#include "metrics/page.h"

#include <utility>

#include "metrics/exposition.h"
#include "metrics/gzip.h"

namespace buntime {

PageCache::PageCache(std::function<std::shared_ptr<const Fleet>()> latest, const SelfMetrics& self)
    : latest_(std::move(latest)), self_(self) {}

PageCache::Compressed PageCache::Compress(const Fleet& fleet) const {
  Compressed result;
  std::string bytes(GzipHeader());
  Deflater deflater(Deflater::Size::kLarge);
  const auto take = [&](std::string& text) {
    result.crc = Crc32(result.crc, text);
    result.size += static_cast<std::uint32_t>(text.size());
    deflater.Write(text, bytes);
    text.clear();
  };
  // Compressed as it is written: the plain text of a large fleet, ten times the size, never exists as a
  // whole.
  std::string piece;
  RenderFleet(fleet, piece, take);
  take(piece);
  deflater.Flush(bytes);
  bytes.shrink_to_fit();
  result.bytes = std::make_shared<const std::string>(std::move(bytes));
  return result;
}

Page PageCache::Get(bool gzip) {
  Page page;
  std::uint32_t crc = 0;
  std::uint32_t size = 0;
  {
    const std::lock_guard lock(mutex_);
    const auto fleet = latest_();
    if (fleet->revision != revision_) {
      revision_ = fleet->revision;
      plain_ = nullptr;
      compressed_ = {};
    }
    if (gzip) {
      if (!compressed_.bytes) compressed_ = Compress(*fleet);
      page.shared = compressed_.bytes;
      crc = compressed_.crc;
      size = compressed_.size;
    } else {
      if (!plain_) {
        std::string text;
        text.reserve(last_plain_size_ + last_plain_size_ / 16);
        RenderFleet(*fleet, text, {});
        last_plain_size_ = text.size();
        plain_ = std::make_shared<const std::string>(std::move(text));
      }
      page.shared = plain_;
    }
  }
  std::string self;
  self_.Render(self);
  if (!gzip) {
    page.tail = std::move(self);
    return page;
  }
  Deflater deflater(Deflater::Size::kSmall);
  deflater.Write(self, page.tail);
  deflater.Finish(page.tail);
  page.tail += GzipTrailer(Crc32(crc, self), size + static_cast<std::uint32_t>(self.size()));
  return page;
}

}  // namespace buntime
