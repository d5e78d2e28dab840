// Renderings ahead of regular scrapers, in simulated time: polls end, each is followed by Prepare, and
// scrapers come.
#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "metrics/exposition_cache.h"
#include "support/fake_clock.h"
#include "support/fleets.h"

namespace buntime {
namespace {

using namespace std::chrono_literals;

class AheadTest : public ::testing::Test {
 protected:
  struct Scraper {
    Duration first{};
    Duration interval{};
    Duration until = 24h;
  };
  struct Counts {
    int scrapes = 0;   // that came first to a revision, so that somebody has to render for them
    int ahead = 0;     // of those, how many found it rendered
    int rendered = 0;  // altogether
  };

  // A runtime is polled at `first`, `first + poll`, …
  void AddRuntime(Duration first, Duration poll) {
    auto runtime = std::make_shared<Runtime>();
    runtime->name = "runtime-" + std::to_string(runtimes_.size());
    runtime->interval = poll;
    runtimes_.push_back(runtime);
    due_.push_back(clock_.Now() + first);
  }

  Counts Run(const std::vector<Scraper>& scrapers, Duration length) {
    Counts counts;
    const SteadyTime start = clock_.Now();
    for (Duration time{}; time < length; time += 10ms) {
      for (const Scraper& scraper : scrapers) {
        if (time < scraper.first || time > scraper.until) continue;
        if ((time - scraper.first) % scraper.interval == 0s) Scrape(counts);
      }
      bool polled = false;
      for (std::size_t i = 0; i < due_.size(); ++i) {
        if (start + time < due_[i]) continue;
        due_[i] += runtimes_[i]->interval;
        Poll(i);
        polled = true;
      }
      if (polled) {
        ahead_ = cache_.Prepare();
        counts.rendered += static_cast<int>(ahead_);
      }
      clock_.Advance(10ms);
    }
    return counts;
  }

 private:
  void Poll(std::size_t i) {
    auto polled = std::make_shared<Runtime>(*runtimes_[i]);
    polled->last_poll_unix_seconds = clock_.UnixSeconds();
    runtimes_[i] = polled;
    auto fleet = std::make_shared<Fleet>();
    fleet->revision = fleet_->revision + 1;
    fleet->runtimes.assign(runtimes_.begin(), runtimes_.end());
    fleet_ = fleet;
  }

  void Scrape(Counts& counts) {
    cache_.Get(true);
    if (!asked_.insert(fleet_->revision).second) return;
    ++counts.scrapes;
    ++(ahead_ > 0 ? counts.ahead : counts.rendered);
  }

  FakeClock clock_;
  std::vector<std::shared_ptr<Runtime>> runtimes_;
  std::vector<SteadyTime> due_;
  std::shared_ptr<const Fleet> fleet_ = std::make_shared<Fleet>();
  std::set<std::uint64_t> asked_;
  std::size_t ahead_ = 0;  // renderings of the latest revision by Prepare
  ExpositionCache cache_{std::make_shared<FleetCollector>([this] { return fleet_; }), clock_};
};

TEST_F(AheadTest, OneRenderingAScrapeAndThatBeforeIt) {
  AddRuntime(1s, 5s);
  const Counts counts = Run({{0s, 15s}}, 1h - 5s);
  EXPECT_EQ(counts.scrapes, 240);
  EXPECT_EQ(counts.rendered, counts.scrapes);
  EXPECT_EQ(counts.ahead, counts.scrapes - 3) << "three scrapes make a habit";
}

TEST_F(AheadTest, PollsThatAreRarerThanScrapesAreRenderedOnce) {
  AddRuntime(1s, 60s);
  const Counts counts = Run({{0s, 15s}}, 1h - 5s);
  EXPECT_EQ(counts.rendered, counts.scrapes);
  EXPECT_GE(counts.ahead, counts.scrapes - 3);
}

TEST_F(AheadTest, IntervalsNeedNotBeMultiples) {
  AddRuntime(1s, 4s);
  const Counts counts = Run({{0s, 15s + 70ms}}, 10h);
  // Where a scrape is due within the jitter of a poll, nobody can tell which comes first: it is not rendered
  // ahead.
  EXPECT_EQ(counts.rendered, counts.scrapes);
  EXPECT_GE(counts.ahead, counts.scrapes * 95 / 100);
}

TEST_F(AheadTest, TwoServersThatScrapeInTurn) {
  AddRuntime(1s, 5s);
  const Counts counts = Run({{0s, 15s}, {7s, 15s}}, 1h - 5s);
  EXPECT_EQ(counts.rendered, counts.scrapes);
  EXPECT_GE(counts.ahead, counts.scrapes - 6);
}

TEST_F(AheadTest, AScraperThatLeavesCostsOneRendering) {
  AddRuntime(1s, 5s);
  const Counts counts = Run({{0s, 15s, 10min}}, 1h);
  EXPECT_EQ(counts.scrapes, 41);
  EXPECT_EQ(counts.rendered, counts.scrapes + 1);
}

TEST_F(AheadTest, SeveralRuntimesArePreparedAfterTheLastPollBeforeTheScrape) {
  AddRuntime(1s, 5s);
  AddRuntime(1500ms, 5s);
  AddRuntime(3s, 5s);
  const Counts counts = Run({{0s, 15s}}, 1h - 5s);
  EXPECT_EQ(counts.rendered, counts.scrapes);
  EXPECT_EQ(counts.ahead, counts.scrapes - 3);
}

TEST_F(AheadTest, AFleetThatIsPolledAllTheTimeIsLeftToItsScrapes) {
  for (int i = 0; i < 100; ++i) AddRuntime(i * 50ms, 5s);
  const Counts counts = Run({{0s, 15s}}, 10min);
  EXPECT_EQ(counts.rendered, counts.scrapes);
  EXPECT_EQ(counts.ahead, 0);
}

// The time of each scrape is off by up to a second, both ways.
TEST_F(AheadTest, WhatIsRenderedInVainIsBounded) {
  AddRuntime(1s, 2s);
  std::vector<Scraper> once;
  for (int i = 0; i < 240; ++i) once.push_back({i * 15s + (i * 37 % 20) * 100ms, 24h});
  const Counts counts = Run(once, 1h);
  EXPECT_EQ(counts.scrapes, 240);
  EXPECT_LE(counts.rendered, counts.scrapes * 4 / 3);
}

}  // namespace
}  // namespace buntime
