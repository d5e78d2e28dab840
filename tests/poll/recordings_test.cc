// Released runtimes under load, recorded with what the client had sent: what the exporter counts equals it.
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <tuple>

#include "support/recording.h"

namespace buntime {
namespace {

// Polled every `step` seconds from the start or from the middle on.
class RecordingsTest : public ::testing::TestWithParam<std::tuple<std::size_t, bool>> {
 protected:
  Account Run(const std::string& name) const {
    const Recording recording = LoadRecording(name);
    const auto [step, from_start] = GetParam();
    const Account account = Replay(EveryNth(recording, step, from_start ? 0 : recording.size() / 3));
    EXPECT_FALSE(account.fell);
    return account;
  }
  static void ExpectWithin(const AppAccount& app, double share) {
    EXPECT_LE(std::abs(app.exported - app.sent), share * app.sent + 2) << app.exported << " of " << app.sent;
  }
};

TEST_P(RecordingsTest, HealthyAppsAreExactThoughTheirWorkersAreDiscarded) {
  for (const auto* const name : {"busy-0.5.4", "hot2-0.5.4", "versions-0.5.4"}) {
    SCOPED_TRACE(name);
    const Account account = Run(name);
    for (const auto& [app, counts] : account.apps) {
      SCOPED_TRACE(app);
      ExpectWithin(counts, 0.005);
    }
    EXPECT_EQ(account.unserved, 0);
  }
}

TEST_P(RecordingsTest, BrokenAppsAreToldFromHealthyOnes) {
  const Account account = Run("broken-0.5.4");
  for (const auto* const app : {"a", "throws", "eph"}) ExpectWithin(account.apps.at(app), 0.005);
  EXPECT_EQ(account.apps.at("noboot").exported, 0);
  EXPECT_GE(account.unserved, account.apps.at("noboot").sent / 2);
  const AppAccount& timeouts = account.apps.at("tmo");
  EXPECT_GE(timeouts.exported, timeouts.sent / 2.5);
  EXPECT_LE(timeouts.exported, timeouts.sent * 2.5);
  EXPECT_GT(timeouts.discarded, timeouts.exported / 2);
  EXPECT_NEAR(account.apps.at("throws").errors, account.apps.at("throws").sent / 2, 3);
  EXPECT_LT(account.apps.at("a").discarded, account.apps.at("a").sent / 300);
}

TEST_P(RecordingsTest, EvictedWorkersAreMergedAndNothingIsEstimated) {
  const Account account = Run("churn-0.2.26");
  double missing = 0;
  for (const auto& [app, counts] : account.apps) {
    EXPECT_EQ(counts.estimated, 0) << app;
    EXPECT_EQ(counts.discarded, 0) << app;
    EXPECT_LE(counts.exported, counts.sent + 2)
        << app;  // a request may be counted after it was noted as sent
    missing += counts.sent - counts.exported;
  }
  // Requests that died with their worker: no app has counted them, the pool has.
  EXPECT_NEAR(account.unserved, missing, 12);
}

TEST_P(RecordingsTest, AFewRequestsPerWorkerAreStillWithinFivePercent) {
  for (const auto* const name : {"mr50-0.5.4", "mr50-0.2.26"}) {
    SCOPED_TRACE(name);
    for (const auto& [app, counts] : Run(name).apps) {
      SCOPED_TRACE(app);
      ExpectWithin(counts, 0.05);
    }
  }
}

TEST_P(RecordingsTest, AnAppBesideOnesThatTimeOutIsNearlyExact) {
  const Account account = Run("timeouts-0.5.4");
  ExpectWithin(account.apps.at("a"), 0.015);
  ExpectWithin(account.apps.at("tmo10"), 0.07);
  EXPECT_GT(account.apps.at("tmo").discarded, account.apps.at("tmo").exported / 5);
}

TEST_P(RecordingsTest, RefusedRequestsAreNowhere) {
  const Account account = Run("ephfull-0.5.4");
  ExpectWithin(account.apps.at("a"), 0.005);
  EXPECT_LT(account.apps.at("ephslow").exported, account.apps.at("ephslow").sent / 2);
  EXPECT_EQ(account.unserved, 0);
}

TEST_P(RecordingsTest, TheWholeIsThePoolsCount) {
  for (const auto* const name : {"busy-0.5.4", "hot2-0.5.4", "mr50-0.5.4", "timeouts-0.5.4"}) {
    SCOPED_TRACE(name);
    const Account account = Run(name);
    double sum = account.unserved;
    for (const auto& [app, counts] : account.apps) sum += counts.exported;
    EXPECT_NEAR(sum, account.pool_requests, 25);  // what is in flight is in neither
  }
}

INSTANTIATE_TEST_SUITE_P(Intervals, RecordingsTest,
                         ::testing::Combine(::testing::Values(1U, 2U, 5U, 10U), ::testing::Bool()));

TEST(RecordingTest, MissingPollsChangeNothing) {
  const Recording recording = LoadRecording("hot2-0.5.4");
  Recording polls;
  for (std::size_t i = 0; i < recording.size(); ++i) {
    if (i % 7 != 3 && i % 11 != 5 && (i < 40 || i > 47)) polls.push_back(recording[i]);
  }
  const Account account = Replay(polls);
  for (const auto& [app, counts] : account.apps) EXPECT_NEAR(counts.Error(), 0, 0.005) << app;
}

TEST(RecordingTest, ARestartBetweenTwoPollsLosesNothing) {
  Recording polls = LoadRecording("busy-0.5.4");
  const RecordedPoll last = polls.back();
  for (RecordedPoll poll : LoadRecording("hot2-0.5.4")) {  // the same runtime, begun again
    poll.t += last.t + 1 - polls.front().t;
    for (const auto& [app, sent] : last.sent) poll.sent[app] += sent;
    polls.push_back(poll);
  }
  const Account account = Replay(EveryNth(polls, 5));
  EXPECT_FALSE(account.fell);
  for (const auto& [app, counts] : account.apps) EXPECT_NEAR(counts.Error(), 0, 0.005) << app;
}

TEST(RecordingTest, TheLiveRestartIsSurvived) {
  const Account account = Replay(EveryNth(LoadRecording("restart-0.5.4"), 1));
  EXPECT_FALSE(account.fell);
  // What was sent after the last poll before the end, nobody can know: a second's worth.
  for (const auto& [app, counts] : account.apps) EXPECT_NEAR(counts.Error(), 0, 0.04) << app;
}

TEST(RecordingTest, AbsurdNumbersAreLeftOut) {
  const Recording recording = LoadRecording("busy-0.5.4");
  for (const std::string field :
       {"requestCount", "hits", "totalWorkersCreated", "totalWorkersRetired", "uptimeMs"}) {
    for (const std::string number : {"1e308", "8000000000000"}) {
      SCOPED_TRACE(field + " " + number);
      Recording polls = EveryNth(recording, 2);
      std::string& body = polls[20].stats;
      const std::string name = '"' + field + "\":";
      const auto begin = body.find(name) + name.size();
      body.replace(begin, body.find_first_of(",}", begin) - begin, number);
      const Account account = Replay(polls);
      EXPECT_FALSE(account.fell);
      for (const auto& [app, counts] : account.apps) EXPECT_NEAR(counts.Error(), 0, 0.02) << app;
      EXPECT_LT(account.unserved, 300);
    }
  }
}

}  // namespace
}  // namespace buntime
