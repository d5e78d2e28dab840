#include "simulator/lru.h"

#include <gtest/gtest.h>

namespace buntime::simulator {
namespace {

using Keys = std::vector<std::uint32_t>;

Keys Use(Lru& lru, std::uint32_t key) {
  Keys evicted;
  lru.Use(key, evicted);
  return evicted;
}

TEST(LruTest, KeepsUpToTwiceTheLimitAliveAndEvictsInBursts) {
  Lru lru(3);
  for (const std::uint32_t key : {0U, 1U, 2U, 3U, 4U}) EXPECT_EQ(Use(lru, key), Keys{});
  EXPECT_EQ(lru.Size(), 3U);  // five are alive
  EXPECT_EQ(Use(lru, 5), (Keys{0, 1, 2}));
}

TEST(LruTest, AKeyThatIsUsedSurvivesTheBurst) {
  Lru lru(3);
  for (const std::uint32_t key : {0U, 1U, 2U, 3U, 1U}) Use(lru, key);
  EXPECT_EQ(Use(lru, 4), (Keys{0, 2}));
}

TEST(LruTest, ARemovedKeyIsNeitherCountedNorEvicted) {
  Lru lru(3);
  for (const std::uint32_t key : {0U, 1U, 2U, 3U}) Use(lru, key);
  lru.Remove(1);
  lru.Remove(3);
  EXPECT_EQ(lru.Size(), 2U);
  Use(lru, 4);
  Use(lru, 5);
  EXPECT_EQ(Use(lru, 6), (Keys{0, 2}));
}

TEST(LruTest, RemovedAndUsedAgainIsCountedOnce) {
  Lru lru(4);
  Use(lru, 0);
  lru.Remove(0);
  Use(lru, 0);
  EXPECT_EQ(lru.Size(), 1U);
  for (const std::uint32_t key : {1U, 2U, 3U, 4U, 5U, 6U}) EXPECT_EQ(Use(lru, key), Keys{});
  EXPECT_EQ(Use(lru, 7), (Keys{0, 1, 2, 3}));
}

TEST(LruTest, ALowerLimitEvictsWhatDoesNotFit) {
  Lru lru(10);
  for (const std::uint32_t key : {0U, 1U, 2U, 3U}) Use(lru, key);
  Keys evicted;
  lru.SetLimit(4, evicted);
  EXPECT_EQ(evicted, Keys{});
  EXPECT_EQ(lru.Size(), 4U);
  lru.SetLimit(2, evicted);
  EXPECT_EQ(evicted, (Keys{0, 1, 2, 3}));
  EXPECT_EQ(lru.Size(), 0U);
}

}  // namespace
}  // namespace buntime::simulator
