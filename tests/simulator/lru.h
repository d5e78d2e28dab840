// The runtime's worker cache: quick-lru's two generations. A key that is used moves to the recent generation;
// when that one is full, everything left in the old one is evicted at once. So evictions come in bursts, and
// almost twice the limit can be alive while Size() never says more than the limit. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace buntime::simulator {

class Lru {
 public:
  explicit Lru(std::size_t limit) : limit_(limit) {}

  /// Adds `key`, or marks it as used. What had to go for it is appended to `evicted`.
  void Use(std::uint32_t key, std::vector<std::uint32_t>& evicted);
  void Remove(std::uint32_t key);
  void Clear();
  /// A lower limit ends what no longer fits in the two generations.
  void SetLimit(std::size_t limit, std::vector<std::uint32_t>& evicted);
  std::size_t Size() const;

 private:
  /// The old generation goes, the recent one becomes the old.
  void Turn(std::vector<std::uint32_t>& evicted);

  enum class Generation : std::uint8_t { kNone, kOld, kRecent };

  std::size_t limit_;
  std::vector<Generation> generation_;  // by key
  // Keys in order of arrival. One that left its generation stays listed until the next turn and is skipped
  // then.
  std::vector<std::uint32_t> recent_;
  std::vector<std::uint32_t> old_;
  std::size_t recent_count_ = 0;
  std::size_t old_count_ = 0;
};

}  // namespace buntime::simulator
