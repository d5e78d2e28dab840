#include "api/history.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/json.h"

namespace buntime {
namespace {

using testing::At;
using testing::Parse;

class HistoryTest : public ::testing::Test {
 protected:
  // A poll of each runtime, `active` workers each; negative: it failed.
  void Poll(double unix_seconds, double active, std::size_t runtimes = 1) {
    Fleet fleet;
    fleet.revision = ++revision_;
    for (std::size_t i = 0; i < runtimes; ++i) {
      auto runtime = std::make_shared<Runtime>();
      runtime->name = "r" + std::to_string(i);
      runtime->interval = std::chrono::seconds(5);
      runtime->up = active >= 0;
      runtime->last_poll_unix_seconds = unix_seconds;
      auto reading = std::make_shared<Reading>();
      reading->snapshot.pool.active = active;
      reading->snapshot.pool.utilization = active / 10;
      reading->rates.requests_per_second = 2.5;
      runtime->reading = reading;
      fleet.runtimes.push_back(runtime);
    }
    shown_ = fleet.runtimes[0];
    history_.Take(fleet);
  }
  rapidjson::Document Document() const { return Parse(history_.Document(*shown_)); }
  std::size_t Length() const { return At(Document(), "/t").Size(); }

  History history_;
  std::shared_ptr<const Runtime> shown_;
  std::uint64_t revision_ = 0;
};

TEST_F(HistoryTest, KeepsWhatWasPolledOldestFirst) {
  Poll(1000, 1);
  Poll(1005, 2);
  const auto document = Document();
  EXPECT_EQ(At(document, "/interval_seconds").GetDouble(), 5);
  EXPECT_EQ(At(document, "/t/0").GetDouble(), 1000);
  EXPECT_EQ(At(document, "/t/1").GetDouble(), 1005);
  EXPECT_EQ(At(document, "/active/1").GetDouble(), 2);
  EXPECT_EQ(At(document, "/utilization/1").GetDouble(), 0.2);
  EXPECT_EQ(At(document, "/requests_per_second/0").GetDouble(), 2.5);
  EXPECT_TRUE(At(document, "/size/0").IsNull());
  EXPECT_TRUE(At(document, "/errors_per_second/0").IsNull());
  EXPECT_EQ(history_.revision(), 2U);
}

TEST_F(HistoryTest, AFailedPollIsAGap) {
  Poll(1000, 1);
  Poll(1005, -1);
  Poll(1010, 3);
  const auto document = Document();
  EXPECT_EQ(At(document, "/active/0").GetDouble(), 1);
  EXPECT_TRUE(At(document, "/active/1").IsNull());
  EXPECT_EQ(At(document, "/active/2").GetDouble(), 3);
}

TEST_F(HistoryTest, ATimeWithoutPollsIsAGap) {
  Poll(1000, 1);
  Poll(1014, 2);
  Poll(1030, 3);
  const auto document = Document();
  ASSERT_EQ(At(document, "/t").Size(), 4U);
  EXPECT_EQ(At(document, "/t/2").GetDouble(), 1019);
  EXPECT_TRUE(At(document, "/active/2").IsNull());
  EXPECT_TRUE(At(document, "/uptime_seconds/2").IsNull());
  EXPECT_EQ(At(document, "/active/3").GetDouble(), 3);
}

TEST_F(HistoryTest, TakesAPollOnce) {
  Poll(1000, 1);
  Poll(1000, 1);  // another runtime was published
  EXPECT_EQ(Length(), 1U);
}

TEST_F(HistoryTest, EndsAfterTenMinutes) {
  for (int i = 0; i < 300; ++i) Poll(1000 + 5 * i, i);
  EXPECT_EQ(Length(), 121U);
  EXPECT_EQ(At(Document(), "/t/0").GetDouble(), 1000 + 5 * 299 - 600);
}

TEST_F(HistoryTest, FastPollsDoNotMakeItLonger) {
  for (int i = 0; i < 20'000; ++i) Poll(1000 + i * 0.1, 1);
  EXPECT_LE(Length(), History::kMostSamples);
  EXPECT_GE(Length(), History::kMostSamples - 1);
  EXPECT_LE(At(Document(), "/t/0").GetDouble(), 3000 - 0.9 * 600);
  EXPECT_EQ(At(Document(), "/interval_seconds").GetDouble(), 5);
}

TEST_F(HistoryTest, PollsThatComeAMomentEarlyAreNotSkipped) {
  for (int i = 0; i < 100; ++i) Poll(1000 + i + (i % 2) * 0.05, 1);
  EXPECT_EQ(Length(), 100U);
}

TEST_F(HistoryTest, AFleetSharesTheMemory) {
  for (int i = 0; i < 130; ++i) Poll(1000 + 5 * i, 1, 1000);
  EXPECT_LE(history_.SampleCount(), History::kTotalSamples);
  EXPECT_EQ(At(Document(), "/interval_seconds").GetDouble(), 9) << "samples stand further apart than polls";
  EXPECT_GE(Length(), History::kLeastSamples - 1);
  EXPECT_LE(At(Document(), "/t/0").GetDouble(), 1000 + 5 * 129 - 500) << "the span stays";
}

TEST_F(HistoryTest, ForgetsRuntimesThatAreGone) {
  Poll(1000, 1, 3);
  EXPECT_EQ(history_.SampleCount(), 3U);
  Poll(1005, 1, 1);
  EXPECT_EQ(history_.SampleCount(), 2U);
}

TEST_F(HistoryTest, AClockSetBackStartsAnew) {
  Poll(1000, 1);
  Poll(1005, 2);
  Poll(400, 3);
  EXPECT_EQ(Length(), 1U);
  EXPECT_EQ(At(Document(), "/t/0").GetDouble(), 400);
}

class AppHistoryTest : public ::testing::Test {
 protected:
  // A poll of a runtime with `apps` apps, each with `requests` more than before; negative: it failed.
  void Poll(double unix_seconds, std::size_t apps, double requests) {
    auto runtime = std::make_shared<Runtime>();
    runtime->name = "shop";
    runtime->interval = interval_;
    runtime->up = requests >= 0;
    runtime->last_poll_unix_seconds = unix_seconds;
    auto reading = std::make_shared<Reading>();
    reading->snapshot.pool.uptime_seconds = unix_seconds - 900;
    total_ += std::max(0.0, requests);
    for (std::size_t i = 0; i < apps; ++i) {
      App app;
      app.name = "app" + std::to_string(i);
      app.version = "1";
      app.requests = total_ + static_cast<double>(i);
      app.request_seconds = total_ / 4;
      app.rates.requests_per_second = requests / 5;
      app.workers[Index(WorkerState::kActive)] = 2;
      app.workers[Index(WorkerState::kOffline)] = 7;
      reading->apps.push_back(std::move(app));
    }
    runtime->reading = reading;
    Fleet fleet;
    fleet.runtimes = {runtime};
    shown_ = runtime;
    history_.Take(fleet);
  }
  rapidjson::Document Document(std::string_view app) const {
    return Parse(history_.AppDocument(*shown_, app, "1"));
  }

  History history_;
  Duration interval_ = std::chrono::seconds(5);
  double total_ = 0;
  std::shared_ptr<const Runtime> shown_;
};

TEST_F(AppHistoryTest, KeepsRatesWorkersAndTheMeanOfTheRequestsSinceTheSampleBefore) {
  Poll(1000, 2, 10);
  Poll(1005, 2, 20);
  Poll(1010, 2, -1);
  const auto document = Document("app1");
  ASSERT_EQ(At(document, "/t").Size(), 3U);
  EXPECT_EQ(At(document, "/requests_per_second/1").GetDouble(), 4);
  EXPECT_TRUE(At(document, "/errors_per_second/1").IsNull());
  EXPECT_EQ(At(document, "/workers/1").GetDouble(), 2) << "those that are alive";
  EXPECT_TRUE(At(document, "/mean_seconds/0").IsNull());
  EXPECT_EQ(At(document, "/mean_seconds/1").GetDouble(), 0.25);
  EXPECT_EQ(At(document, "/uptime_seconds/1").GetDouble(), 105);
  EXPECT_TRUE(At(document, "/workers/2").IsNull()) << "a failed poll is a gap";
  EXPECT_EQ(At(Document("other"), "/t").Size(), 0U);
}

TEST_F(AppHistoryTest, ATimeWithoutPollsIsAGap) {
  Poll(1000, 1, 10);
  Poll(1030, 1, 60);
  const auto document = Document("app0");
  ASSERT_EQ(At(document, "/t").Size(), 3U);
  EXPECT_TRUE(At(document, "/workers/1").IsNull());
  EXPECT_EQ(At(document, "/mean_seconds/2").GetDouble(), 0.25);
}

TEST_F(AppHistoryTest, EndsAfterTenMinutesAndForgetsAppsThatAreGone) {
  for (int i = 0; i < 300; ++i) Poll(1000 + 5 * i, 3, 1);
  EXPECT_LE(At(Document("app0"), "/t").Size(), AppHistory::kMostSamples);
  EXPECT_GE(At(Document("app0"), "/t/0").GetDouble(), 1000 + 5 * 299 - 600);
  Poll(4000, 1, 1);
  EXPECT_EQ(history_.AppSampleCount(), 1U);
}

TEST_F(AppHistoryTest, OfVeryManyAppsTheBusiestShareTheMemory) {
  constexpr std::size_t kApps = 20'000;
  interval_ = std::chrono::seconds(30);
  for (int i = 0; i < 30; ++i) Poll(1000 + 30 * i, kApps, 1);
  EXPECT_LE(history_.AppSampleCount(), History::kTotalAppSamples);
  EXPECT_GT(history_.AppSampleCount(), History::kTotalAppSamples / 2);
  EXPECT_GT(At(Document("app19999"), "/t").Size(), 0U);
  EXPECT_EQ(At(Document("app0"), "/t").Size(), 0U);
}

TEST_F(HistoryTest, ARuntimeWithoutPollsHasNoSamples) {
  const auto document = Parse(history_.Document(Runtime()));
  EXPECT_EQ(At(document, "/t").Size(), 0U);
  EXPECT_EQ(At(document, "/queue_depth").Size(), 0U);
}

}  // namespace
}  // namespace buntime
