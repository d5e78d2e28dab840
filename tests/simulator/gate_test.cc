#include "simulator/gate.h"

#include <gtest/gtest.h>

namespace buntime::simulator {
namespace {

class GateTest : public ::testing::Test {
 protected:
  void Advance(std::int64_t now_ms) {
    gate_.Advance(
        now_ms, [](std::uint32_t) { return 50; },
        [&](const Gate::Run& run) { finished_.push_back(run.finish_ms); });
  }

  Gate gate_{2, 3};
  std::vector<std::int64_t> finished_;
};

TEST_F(GateTest, TurnsAwayWhatDoesNotFitIntoTheQueue) {
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(gate_.Offer(0));  // two run, three wait
  EXPECT_EQ(gate_.Depth(), 3U);
  EXPECT_FALSE(gate_.Offer(0));
  Advance(10);
  EXPECT_EQ(gate_.Depth(), 3U);
  EXPECT_FALSE(gate_.Offer(0));
  Advance(50);  // the next two run
  EXPECT_EQ(gate_.Depth(), 1U);
  EXPECT_TRUE(gate_.Offer(0));
}

TEST_F(GateTest, TellsWhoseTurnItIs) {
  std::vector<std::uint64_t> numbers;
  for (int i = 0; i < 4; ++i) numbers.push_back(*gate_.Offer(0));
  const auto turns = [&] {
    std::vector<bool> have;
    for (const std::uint64_t number : numbers) have.push_back(gate_.HasTurn(number));
    return have;
  };
  EXPECT_EQ(turns(), (std::vector<bool>{true, true, false, false}));
  Advance(10);
  EXPECT_EQ(turns(), (std::vector<bool>{true, true, false, false}));
  Advance(50);
  EXPECT_EQ(turns(), (std::vector<bool>{true, true, true, true}));
}

TEST_F(GateTest, ATurnIsTakenTheMomentItIsFree) {
  for (int i = 0; i < 3; ++i) gate_.Offer(0);
  Advance(100);
  EXPECT_EQ(finished_, (std::vector<std::int64_t>{50, 50, 100}));
}

TEST_F(GateTest, WhatIsOfferedLateDoesNotRunInThePast) {
  Advance(1'000);
  gate_.Offer(0);
  Advance(1'049);
  EXPECT_TRUE(finished_.empty());
  Advance(1'050);
  EXPECT_EQ(finished_, (std::vector<std::int64_t>{1'050}));
}

TEST_F(GateTest, ClearLosesEverything) {
  for (int i = 0; i < 3; ++i) gate_.Offer(0);
  Advance(10);
  gate_.Clear(10);
  Advance(1'000);
  EXPECT_TRUE(finished_.empty());
  EXPECT_EQ(gate_.Depth(), 0U);
}

}  // namespace
}  // namespace buntime::simulator
