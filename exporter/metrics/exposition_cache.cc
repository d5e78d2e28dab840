#include "metrics/exposition_cache.h"

#include <algorithm>
#include <utility>

#include "metrics/text_format.h"

namespace buntime {

ExpositionCache::ExpositionCache(std::shared_ptr<const FleetCollector> fleet, const Clock& clock)
    : fleet_(std::move(fleet)), clock_(clock) {}

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
  TakeRevision(*fleet);
  auto& [rendered, forecast] = encodings_[gzip ? kGzip : kPlain];
  forecast.Note(clock_.Now());
  if (!rendered.bytes) Render(*fleet, gzip ? kGzip : kPlain);
  rendered.ahead = false;
  body.shared = rendered.bytes;
  if (!gzip) {
    body.tail = std::move(tail);
    return body;
  }
  tail_deflater_.Begin();
  tail_deflater_.Write(tail, body.tail);
  tail_deflater_.Finish(body.tail);
  body.tail +=
      GzipTrailer(Crc32(rendered.crc, tail), rendered.size + static_cast<std::uint32_t>(tail.size()));
  return body;
}

std::size_t ExpositionCache::Prepare() {
  const MutexLock lock(mutex_);
  const auto fleet = fleet_->Latest();
  TakeRevision(*fleet);
  const SteadyTime now = clock_.Now();
  std::size_t count = 0;
  for (std::size_t i = 0; i < encodings_.size(); ++i) {
    auto& [rendered, forecast] = encodings_[i];
    const auto scrape = forecast.Next(now);
    if (rendered.bytes || !scrape || !LastsUntil(*fleet, *scrape, now)) continue;
    Render(*fleet, i);
    rendered.ahead = true;
    ++count;
  }
  return count;
}

void ExpositionCache::TakeRevision(const Fleet& fleet) {
  if (fleet.revision == revision_) return;
  revision_ = fleet.revision;
  for (auto& [rendered, forecast] : encodings_) {
    if (rendered.ahead) forecast.Forget();
    rendered = {};
  }
}

// Whether no poll is due to end before a scrape at that time. Each runtime's polls follow one another at its
// interval.
bool ExpositionCache::LastsUntil(const Fleet& fleet, SteadyTime scrape, SteadyTime now) const {
  const double until = clock_.UnixSeconds() + Seconds(scrape + ScrapeForecast::kJitter - now);
  return std::ranges::all_of(fleet.runtimes, [&](const auto& runtime) {
    return runtime->last_poll_unix_seconds &&
           *runtime->last_poll_unix_seconds + Seconds(runtime->interval) > until;
  });
}

void ExpositionCache::Render(const Fleet& fleet, std::size_t encoding) {
  encodings_[encoding].rendered = encoding == kGzip ? Compressed(fleet) : Plain(fleet);
}

ExpositionCache::Rendered ExpositionCache::Plain(const Fleet& fleet) {
  std::string text;
  text.reserve(last_plain_size_ + last_plain_size_ / 16);
  fleet_->Write(fleet, text, {});
  last_plain_size_ = text.size();
  return {.bytes = std::make_shared<const std::string>(std::move(text))};
}

ExpositionCache::Rendered ExpositionCache::Compressed(const Fleet& fleet) {
  Rendered result;
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
  fleet_deflater_.Begin();
  fleet_->Write(fleet, piece, take);
  take(piece);
  fleet_deflater_.Flush(bytes);
  bytes.shrink_to_fit();
  result.bytes = std::make_shared<const std::string>(std::move(bytes));
  return result;
}

}  // namespace buntime
