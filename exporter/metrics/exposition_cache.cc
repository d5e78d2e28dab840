#include "metrics/exposition_cache.h"

#include <utility>

#include "metrics/text_format.h"

namespace buntime {

ExpositionCache::ExpositionCache(std::shared_ptr<const FleetCollector> fleet) : fleet_(std::move(fleet)) {}

void ExpositionCache::Register(std::shared_ptr<const prometheus::Collectable> collectable) {
  others_.push_back(std::move(collectable));
}

ExpositionBody ExpositionCache::Get(bool gzip) {
  ExpositionBody body;
  std::string tail;
  const MutexLock lock(mutex_);
  const auto fleet = fleet_->Latest();
  // Later than that, so that a poll which is shown is also counted.
  for (const auto& collectable : others_) AppendCollected(tail, *collectable);
  if (fleet->revision != revision_) {
    revision_ = fleet->revision;
    plain_ = nullptr;
    compressed_ = {};
  }
  if (gzip) {
    if (!compressed_.bytes) RenderCompressed(*fleet);
    body.shared = compressed_.bytes;
    tail_deflater_.Write(tail, body.tail);
    tail_deflater_.Finish(body.tail);
    body.tail +=
        GzipTrailer(Crc32(compressed_.crc, tail), compressed_.size + static_cast<std::uint32_t>(tail.size()));
    return body;
  }
  if (!plain_) RenderPlain(*fleet);
  body.shared = plain_;
  body.tail = std::move(tail);
  return body;
}

void ExpositionCache::RenderPlain(const Fleet& fleet) {
  std::string text;
  text.reserve(last_plain_size_ + last_plain_size_ / 16);
  fleet_->Write(fleet, text, {});
  last_plain_size_ = text.size();
  plain_ = std::make_shared<const std::string>(std::move(text));
}

void ExpositionCache::RenderCompressed(const Fleet& fleet) {
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
  fleet_->Write(fleet, piece, take);
  take(piece);
  fleet_deflater_.Flush(bytes);
  bytes.shrink_to_fit();
  result.bytes = std::make_shared<const std::string>(std::move(bytes));
  compressed_ = std::move(result);
}

}  // namespace buntime
