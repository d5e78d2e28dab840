#include "poll/counter.h"

#include <gtest/gtest.h>

#include "poll/peak.h"
#include "support/fake_clock.h"

namespace buntime {
namespace {

using namespace std::chrono_literals;

TEST(MirroredCounterTest, FollowsARise) {
  MirroredCounter counter;
  EXPECT_EQ(counter.Update(10), 10);
  EXPECT_EQ(counter.Update(13), 3);
  EXPECT_EQ(counter.value(), 13);
}

TEST(MirroredCounterTest, StaysFlatOverAFallAndRisesFromThere) {
  MirroredCounter counter;
  counter.Update(100);
  EXPECT_EQ(counter.Update(40), 0);
  EXPECT_EQ(counter.value(), 100);
  EXPECT_EQ(counter.Update(45), 5);
  EXPECT_EQ(counter.value(), 105);
}

TEST(PeakTest, KeepsTheHighestOfTheWindow) {
  FakeClock clock;
  Peak peak;
  EXPECT_EQ(peak.Highest(clock.Now(), 60s), std::nullopt);
  peak.Add(clock.Now(), 5);
  clock.Advance(30s);
  peak.Add(clock.Now(), 3);
  EXPECT_EQ(peak.Highest(clock.Now(), 60s), 5);
  clock.Advance(31s);
  EXPECT_EQ(peak.Highest(clock.Now(), 60s), 3);
  clock.Advance(30s);
  EXPECT_EQ(peak.Highest(clock.Now(), 60s), std::nullopt);
}

TEST(PeakTest, AHigherValueReplacesLowerOnes) {
  FakeClock clock;
  Peak peak;
  for (int i = 0; i < 100; ++i) {
    peak.Add(clock.Now(), i);
    clock.Advance(1s);
  }
  EXPECT_EQ(peak.Highest(clock.Now(), 60s), 99);
}

}  // namespace
}  // namespace buntime
