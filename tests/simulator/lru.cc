#include "simulator/lru.h"

#include <algorithm>
#include <utility>

namespace buntime::simulator {

void Lru::Use(std::uint32_t key, std::vector<std::uint32_t>& evicted) {
  if (key >= generation_.size()) generation_.resize(key + std::size_t{1}, Generation::kNone);
  if (generation_[key] == Generation::kRecent) return;
  if (generation_[key] == Generation::kOld) --old_count_;
  generation_[key] = Generation::kRecent;
  recent_.push_back(key);
  if (++recent_count_ >= limit_) Turn(evicted);
}

void Lru::SetLimit(std::size_t limit, std::vector<std::uint32_t>& evicted) {
  limit_ = limit;
  // A full generation turns; one that is too large even to be the old one turns out altogether.
  if (recent_count_ >= limit_) Turn(evicted);
  if (old_count_ > limit_) Turn(evicted);
}

void Lru::Turn(std::vector<std::uint32_t>& evicted) {
  for (const std::uint32_t old : old_) {
    if (generation_[old] != Generation::kOld) continue;
    generation_[old] = Generation::kNone;
    evicted.push_back(old);
  }
  old_ = std::exchange(recent_, {});
  std::erase_if(old_, [&](std::uint32_t old) { return generation_[old] != Generation::kRecent; });
  for (const std::uint32_t old : old_) generation_[old] = Generation::kOld;
  old_count_ = std::exchange(recent_count_, 0);
}

void Lru::Remove(std::uint32_t key) {
  if (key >= generation_.size()) return;
  if (generation_[key] == Generation::kRecent) --recent_count_;
  if (generation_[key] == Generation::kOld) --old_count_;
  generation_[key] = Generation::kNone;
}

void Lru::Clear() { *this = Lru(limit_); }

std::size_t Lru::Size() const { return std::min(recent_count_ + old_count_, limit_); }

}  // namespace buntime::simulator
