#include "reconcile/counter.h"

#include <gtest/gtest.h>

#include "reconcile/peak.h"
#include "support/fake_clock.h"

namespace buntime {
namespace {

using namespace std::chrono_literals;

constexpr double kLimit = 1000;

class CounterTest : public ::testing::Test {
 protected:
  double Advance(double raw, double limit = kLimit) { return counter_.Advance(raw, limit, implausible_); }
  Counter counter_;
  std::uint32_t implausible_ = 0;
};

TEST_F(CounterTest, FollowsARise) {
  EXPECT_EQ(Advance(10), 10);
  EXPECT_EQ(Advance(13), 3);
  EXPECT_EQ(counter_.total(), 13);
}

TEST_F(CounterTest, StaysFlatOverAFallAndRisesFromThere) {
  Advance(100);
  EXPECT_EQ(Advance(40), 0);
  EXPECT_EQ(counter_.total(), 100);
  EXPECT_EQ(Advance(45), 5);
  EXPECT_EQ(counter_.total(), 105);
}

TEST_F(CounterTest, AddsTheWholeValueAfterARestart) {
  Advance(100);
  counter_.Restart();
  EXPECT_EQ(Advance(110), 110);
  EXPECT_EQ(counter_.total(), 210);
}

TEST_F(CounterTest, LeavesOutOneImplausibleValue) {
  Advance(100);
  EXPECT_EQ(Advance(1e12), 0);
  EXPECT_EQ(implausible_, 1U);
  EXPECT_EQ(Advance(120), 20);
  EXPECT_EQ(counter_.total(), 120);
}

TEST_F(CounterTest, GoesOnFromANewLevelWithoutCountingTheJump) {
  Advance(100);
  Advance(1e12);
  EXPECT_EQ(Advance(1e12 + 5), 0);
  EXPECT_EQ(Advance(1e12 + 12), 7);
  EXPECT_EQ(counter_.total(), 107);
  EXPECT_EQ(implausible_, 2U);
  EXPECT_EQ(Advance(110), 3) << "back at the old level";
}

TEST_F(CounterTest, ValuesThatJumpAtRandomAreNeverCounted) {
  Advance(100);
  for (int i = 1; i < 20; ++i) Advance(i % 2 ? 1e12 * i : 1e15 - 1e12 * i);
  EXPECT_EQ(counter_.total(), 100);
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
