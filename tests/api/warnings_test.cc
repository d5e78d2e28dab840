#include "api/warnings.h"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "api/limits.h"

namespace buntime {
namespace {

class WarningTrackerTest : public ::testing::Test {
 protected:
  // One poll, ten seconds after the one before.
  const std::vector<Warning>& Poll(const std::function<void(Reading&)>& change = {}) {
    if (change) change(reading_);
    runtime_.up = true;
    runtime_.reading = std::make_shared<const Reading>(reading_);
    tracker_.Take(runtime_, now_ += 10);
    return tracker_.warnings();
  }

  Reading reading_;
  Runtime runtime_;
  double now_ = 1000;
  WarningTracker tracker_;
};

TEST_F(WarningTrackerTest, AFullPoolIsHealthyUnlessItEvicts) {
  reading_.snapshot.pool.utilization = 1;
  reading_.snapshot.pool.evictions = 7;
  EXPECT_TRUE(Poll().empty());
  EXPECT_TRUE(Poll().empty());
  const auto& warnings = Poll([](Reading& reading) { reading.snapshot.pool.evictions = 9; });
  ASSERT_EQ(warnings.size(), 1U);
  EXPECT_EQ(warnings[0], (Warning{Warning::Kind::kPool, 1, kUtilizationLimit, 1030}));
  for (int i = 0; i < 60; ++i) Poll();
  EXPECT_TRUE(tracker_.warnings().empty()) << "evictions of ten minutes ago";
}

TEST_F(WarningTrackerTest, WithoutEvictionsReportedUtilizationAloneCounts) {
  reading_.snapshot.pool.utilization = 0.9;
  EXPECT_EQ(Poll().size(), 1U);
  EXPECT_TRUE(Poll([](Reading& reading) { reading.snapshot.pool.utilization = kUtilizationLimit; }).empty());
}

TEST_F(WarningTrackerTest, RemembersSinceWhenAndForgetsWhileTheRuntimeIsDown) {
  reading_.snapshot.pool.ephemeral_queue_limit = 100;
  reading_.peaks.ephemeral_queue_depth = 80;
  EXPECT_TRUE(Poll().empty());
  reading_.peaks.ephemeral_queue_depth = 96;
  Poll();
  const auto& warnings = Poll();
  ASSERT_EQ(warnings.size(), 1U);
  EXPECT_EQ(Name(warnings[0].kind), "queue");
  EXPECT_EQ(warnings[0].value, 0.96);
  EXPECT_EQ(warnings[0].since_unix_seconds, 1020);
  runtime_.up = false;
  tracker_.Take(runtime_, now_ += 10);
  EXPECT_TRUE(tracker_.warnings().empty());
  EXPECT_EQ(Poll()[0].since_unix_seconds, now_);
}

TEST_F(WarningTrackerTest, NamesTheAppThatFailsMostAndNotOneOfWhichLittleIsKnown) {
  reading_.apps.resize(3);
  const auto fail = [this](std::size_t at, const char* name, double requests, double errors) {
    App& app = reading_.apps[at];
    app.name = name;
    app.version = "1";
    app.requests += requests;
    app.errors = app.errors.value_or(0) + errors;
  };
  fail(0, "some", 100, 5);
  fail(1, "most", 100, 5);
  fail(2, "few", 100, 5);
  EXPECT_TRUE(Poll().empty()) << "how long it has been so is not known";
  fail(0, "some", 100, 20);
  fail(1, "most", 10, 12);  // errors of requests that were counted before
  fail(2, "few", 5, 5);
  const auto& warnings = Poll();
  ASSERT_EQ(warnings.size(), 1U);
  EXPECT_EQ(Name(warnings[0].kind), "errors");
  EXPECT_EQ(warnings[0].app, "most@1");
  EXPECT_EQ(warnings[0].value, 1) << "a share";
  EXPECT_EQ(warnings[0].limit, kErrorsLimit);
}

TEST_F(WarningTrackerTest, TellsOfDiscardedWorkersAndOfThoseThatServeNothing) {
  reading_.apps.resize(1);
  reading_.apps[0].name = "export";
  reading_.apps[0].requests = 10;
  reading_.apps[0].discarded_workers = 1;
  reading_.snapshot.pool.workers_created = 10;
  reading_.snapshot.pool.unserved_requests = 0;
  EXPECT_TRUE(Poll().empty());
  reading_.apps[0].requests = 30;
  reading_.apps[0].discarded_workers = 21;
  reading_.snapshot.pool.workers_created = 50;
  reading_.snapshot.pool.unserved_requests = 30;
  const auto& warnings = Poll();
  ASSERT_EQ(warnings.size(), 2U);
  EXPECT_EQ(Name(warnings[0].kind), "discarded");
  EXPECT_EQ(warnings[0].app, "export");
  EXPECT_EQ(Name(warnings[1].kind), "unserved");
  EXPECT_EQ(warnings[1].value, 0.75);
}

}  // namespace
}  // namespace buntime
