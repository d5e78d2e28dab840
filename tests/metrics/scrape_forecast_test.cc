#include "metrics/scrape_forecast.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <random>

namespace buntime {
namespace {

using namespace std::chrono_literals;

SteadyTime At(Duration time) { return SteadyTime(1h + time); }

class ScrapeForecastTest : public ::testing::Test {
 protected:
  void Note(std::initializer_list<Duration> times) {
    for (const Duration time : times) forecast_.Note(At(time));
  }
  // Seconds after the start, as a number that failures can show.
  std::optional<double> Next(Duration now) {
    const auto next = forecast_.Next(At(now));
    return next ? std::optional(Seconds(*next - At(0s))) : std::nullopt;
  }

  ScrapeForecast forecast_;
};

TEST_F(ScrapeForecastTest, TwoScrapesAreNoHabitThreeAre) {
  Note({0s, 15s});
  EXPECT_EQ(Next(15s), std::nullopt);
  Note({30s});
  EXPECT_EQ(Next(30s), 45);
  EXPECT_EQ(Next(45050ms), 45) << "it may be late";
  EXPECT_EQ(Next(45200ms), std::nullopt) << "it did not come";
}

TEST_F(ScrapeForecastTest, BearsJitterAndRepeatedScrapes) {
  Note({0s, 1ms, 15s + 30ms, 15s + 60ms, 30s - 20ms, 30s, 45s});
  EXPECT_NEAR(Next(45s).value_or(0), 60, 0.1);
}

TEST_F(ScrapeForecastTest, SeveralScrapersInterleave) {
  Note({0s, 4s, 15s, 19s, 30s});
  EXPECT_EQ(Next(30s), 45);
  Note({34s});
  EXPECT_EQ(Next(34s), 45);
  Note({45s});
  EXPECT_EQ(Next(45s), 49);
}

TEST_F(ScrapeForecastTest, SurvivesAScrapeThatDidNotCome) {
  Note({0s, 15s, 30s, 60s, 75s, 90s});
  EXPECT_EQ(Next(90s), 105);
}

TEST_F(ScrapeForecastTest, AFewVisitsAreNoHabit) {
  Note({0s, 7s, 9s, 31s, 32s, 58s});
  EXPECT_EQ(Next(58s), std::nullopt);
}

TEST_F(ScrapeForecastTest, LearnsAnewAfterForget) {
  Note({0s, 15s, 30s});
  forecast_.Forget();
  EXPECT_EQ(Next(30s), std::nullopt);
  Note({45s, 60s});
  EXPECT_EQ(Next(60s), std::nullopt);
  Note({75s});
  EXPECT_EQ(Next(75s), 90);
}

TEST_F(ScrapeForecastTest, TakesAnyTimesForAnyLength) {
  std::mt19937_64 random(1);
  Duration now{};
  for (int i = 0; i < 20000; ++i) {
    now += std::chrono::milliseconds(random() % 3000);
    forecast_.Note(At(now));
    const auto next = forecast_.Next(At(now));
    ASSERT_TRUE(!next || *next >= At(now) - ScrapeForecast::kJitter);
  }
}

}  // namespace
}  // namespace buntime
