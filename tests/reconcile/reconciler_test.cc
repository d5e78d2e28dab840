#include "reconcile/reconciler.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

namespace buntime {
namespace {

using Status = ReportedKey::Status;

struct Line {
  std::string key;
  double requests = 0;
  double age = 0;
  Status status = Status::kAlive;
};

// Polls are five seconds apart, and begin at an uptime of 100.
class ReconcilerTest : public ::testing::Test {
 protected:
  struct Totals {
    double requests = 0;
    double estimated = 0;
    double discarded = 0;
  };

  void Poll(double hits, double created, const std::vector<Line>& lines, double retired = 0,
            double failed = 0) {
    std::vector<ReportedKey> keys;
    for (const Line& line : lines) {
      ReportedKey key;
      key.state = &states_[line.key];
      key.status = line.status;
      key.age_seconds = line.age;
      key.raw = {line.requests, 0, line.requests / 100};
      keys.push_back(key);
    }
    unserved_ += reconciler_.Settle({uptime_, hits, created, failed, retired, 2}, keys);
    for (std::size_t i = 0; i < keys.size(); ++i) {
      Totals& total = totals_[lines[i].key];
      total.requests += keys[i].rise.requests;
      total.estimated += keys[i].estimated;
      total.discarded += keys[i].discarded;
    }
    uptime_ += 5;
  }

  double uptime_ = 100;
  double unserved_ = 0;
  Reconciler reconciler_;
  std::map<std::string, KeyState> states_;
  std::map<std::string, Totals> totals_;
};

TEST_F(ReconcilerTest, TheFirstPollTakesEveryCountAsItStands) {
  Poll(999, 1, {{"a", 100, 50}, {"b", 7, 0, Status::kOffline}, {"c", 3, 0.1, Status::kEphemeral}});
  EXPECT_EQ(totals_["a"].requests, 100);
  EXPECT_EQ(totals_["b"].requests, 7);
  EXPECT_EQ(totals_["c"].requests, 3);
  EXPECT_EQ(unserved_, 0);
}

TEST_F(ReconcilerTest, ADiscardedWorkersRequestsAreFoundInThePoolsCount) {
  Poll(899, 1, {{"a", 900, 90}});
  Poll(949, 1, {{"a", 950, 95}});
  // 50 more, then a new worker takes 10: 60 requests, of which one created a worker.
  Poll(1008, 2, {{"a", 10, 1}});
  EXPECT_EQ(totals_["a"].requests, 1010);
  EXPECT_EQ(totals_["a"].estimated, 50);
  EXPECT_EQ(totals_["a"].discarded, 1);
}

TEST_F(ReconcilerTest, ANewWorkerThatHasCaughtUpIsSeenByItsAge) {
  Poll(3, 1, {{"a", 4, 90}});
  Poll(1003, 2, {{"a", 504, 2.5}});  // 500 of the old worker's requests were never shown
  EXPECT_EQ(totals_["a"].requests, 4 + 500 + 501);
  EXPECT_EQ(totals_["a"].discarded, 1);
}

TEST_F(ReconcilerTest, AMergedWorkerIsExact) {
  Poll(99, 1, {{"a", 100, 90}});
  Poll(149, 2, {{"a", 151, 2}}, 1);
  EXPECT_EQ(totals_["a"].requests, 151);
  EXPECT_EQ(totals_["a"].estimated, 0);
  EXPECT_EQ(totals_["a"].discarded, 0);
  Poll(149, 2, {{"a", 151, 0, Status::kOffline}}, 2);
  EXPECT_EQ(totals_["a"].requests, 151);
}

TEST_F(ReconcilerTest, RequestsThatWaitForAStartAreNotLostWhereAMergeHidesIt) {
  Poll(99, 1, {{"a", 100, 90}});
  Poll(149, 1, {{"a", 150, 95}});
  Poll(160, 2, {{"a", 158, 0.5}}, 1);  // 8 more, evicted; 4 wait for the new worker
  Poll(203, 2, {{"a", 205, 5.5}}, 1);
  Poll(233, 3, {{"a", 158, 0.5}}, 1);  // discarded: some of the 31 requests are lost, others wait
  Poll(252, 3, {{"a", 203, 5.5}}, 1);
  EXPECT_EQ(totals_["a"].requests, 252 + 3);
}

TEST_F(ReconcilerTest, RequestsThatWaitForAMergedWorkersSuccessorAreNotThoseOfADiscardedOne) {
  Poll(198, 2, {{"a", 100, 90}, {"b", 100, 90}});
  Poll(298, 2, {{"a", 150, 95}, {"b", 150, 95}});
  Poll(355, 4, {{"a", 20, 2}, {"b", 155, 0.5}}, 1);  // 30 of a's are lost, 4 of b's wait
  Poll(451, 4, {{"a", 70, 7}, {"b", 205, 5.5}}, 1);
  EXPECT_EQ(totals_["a"].requests, 150 + 30 + 70);
  EXPECT_EQ(totals_["b"].requests, 205);
}

TEST_F(ReconcilerTest, RequestsThatWaitForAStartAreNotUnserved) {
  Poll(0, 0, {});
  Poll(30, 1, {{"a", 0, 0.4}});  // 31 wait
  Poll(80, 1, {{"a", 81, 5.4}});
  EXPECT_EQ(totals_["a"].requests, 81);
  EXPECT_EQ(unserved_, 0);
}

TEST_F(ReconcilerTest, AnAppThatNeverStartsGetsNothing) {
  Poll(0, 0, {});
  for (int i = 1; i <= 20; ++i) Poll(0, 5 * i, {{"noboot", 0, 0.5}});
  EXPECT_EQ(totals_["noboot"].requests, 0);
  EXPECT_GE(totals_["noboot"].discarded, 95);
  EXPECT_GE(unserved_, 90);
  EXPECT_LE(unserved_, 100);
}

TEST_F(ReconcilerTest, AHealthyAppDoesNotPayForOneThatNeverStarts) {
  Poll(0, 1, {{"a", 1, 0.1}});
  for (int i = 1; i <= 20; ++i) {
    Poll(50 * i, 1 + 5 * i, {{"a", 1 + 50.0 * i, 0.1 + 5 * i}, {"noboot", 0, 0.5}});
  }
  EXPECT_EQ(totals_["a"].requests, 1001);
  EXPECT_EQ(totals_["a"].estimated, 0);
  EXPECT_GE(unserved_, 90);
}

TEST_F(ReconcilerTest, AnAppWhoseWorkersStopStartingGetsNothing) {
  Poll(899, 1, {{"a", 900, 90}});
  Poll(949, 1, {{"a", 950, 95}});
  // 50 requests between two polls: each fifth creates a worker, the others wait for it in vain.
  for (int i = 1; i <= 20; ++i) Poll(949 + 40 * i, 1 + 10 * i, {{"a", 0, 0.1}});
  EXPECT_GE(unserved_, 800);
  EXPECT_LE(totals_["a"].requests, 950 + 200);
}

TEST_F(ReconcilerTest, AnAppOfUnknownHistoryWhoseWorkersStopStartingGetsNothing) {
  Poll(899, 6, {{"a", 900, 90}}, 5);
  Poll(949, 6, {{"a", 950, 95}}, 5);
  for (int i = 1; i <= 20; ++i)
    Poll(949 + 40 * i, 6 + 10 * i, {{"a", 600, 0.1}}, 5);  // 600 are of merged workers
  EXPECT_GE(unserved_, 700);
  EXPECT_LE(totals_["a"].requests, 950 + 300);
}

// Ten requests a second and maxRequests 50: polls stay in step with the starts of workers.
TEST_F(ReconcilerTest, AWorkerThatEachPollFindsStartingServes) {
  Poll(19, 1, {{"a", 20, 2}});
  for (int i = 1; i <= 4; ++i) Poll(19 + 49 * i, 1 + i, {{"a", 20, 2}});
  for (int i = 5; i <= 20; ++i) Poll(19 + 49 * i, 1 + i, {{"a", 0, 0.1}});
  Poll(19 + 49 * 21, 22, {{"a", 20, 2}});
  EXPECT_EQ(unserved_, 0);
  EXPECT_NEAR(totals_["a"].requests, 20 + 50 * 21, 50);
}

// Thirty a second and maxRequests 4: most polls find a worker starting, but not for long.
TEST_F(ReconcilerTest, ALimitThatBecomesSmallIsLearned) {
  Poll(899, 1, {{"a", 900, 30}});
  double hits = 899;
  double created = 1;
  for (int i = 0; i < 200; ++i) {
    hits += 112;
    created += 38;
    Poll(hits, created, {{"a", i % 5 == 4 ? 3.0 : 0.0, i % 5 == 4 ? 0.12 : 0.05}});
  }
  EXPECT_LE(unserved_, 600);  // of 30,000
}

TEST_F(ReconcilerTest, RequestsToEphemeralAppsInFlightAreNoWorkersOfOthers) {
  Poll(100, 10, {{"a", 101, 50}, {"eph", 9, 0.1, Status::kEphemeral}});
  for (int i = 1; i <= 20; ++i) {
    const int in_flight = i % 3;
    Poll(100 + 10 * i, 10 + 5 * i + in_flight,
         {{"a", 101 + 10.0 * i, 50 + 5.0 * i}, {"eph", 9 + 5.0 * i, 0.1, Status::kEphemeral}});
  }
  EXPECT_EQ(totals_["a"].requests, 301);
  EXPECT_EQ(totals_["a"].discarded, 0);
  EXPECT_EQ(totals_["eph"].requests, 109);
  EXPECT_EQ(unserved_, 0);
}

TEST_F(ReconcilerTest, AFailedEphemeralRequestIsNoWorkerOfOthers) {
  Poll(100, 1, {{"a", 101, 50}});
  for (int i = 1; i <= 20; ++i)
    Poll(100 + 10 * i, 1 + 3 * i, {{"a", 101 + 10.0 * i, 50 + 5.0 * i}}, 0, 3 * i);
  EXPECT_EQ(totals_["a"].requests, 301);
  EXPECT_EQ(unserved_, 0);
}

TEST_F(ReconcilerTest, ALostHistoryIsNoRise) {
  Poll(199, 2, {{"a", 150, 90}}, 1);
  Poll(209, 2, {{"a", 60, 95}}, 1);  // the same worker: the runtime forgot what was merged
  EXPECT_EQ(totals_["a"].requests, 150);
  Poll(219, 2, {{"a", 70, 100}}, 1);
  EXPECT_EQ(totals_["a"].requests, 160);
}

TEST_F(ReconcilerTest, AStalledRuntimeShowsNoNewWorkers) {
  // The clock is read once for the uptime and once for the ages, and the process may stand still in between.
  Poll(699, 1, {{"a", 700, 60}});
  for (int i = 1; i <= 10; ++i)
    Poll(699 + 100 * i, 1 + i, {{"a", 700 + 100.0 * i, 60 + 5 * i + (i % 2 ? 0.12 : 0)}});
  EXPECT_EQ(totals_["a"].requests, 1700);
  EXPECT_EQ(totals_["a"].discarded, 0);
}

TEST_F(ReconcilerTest, AfterARestartTheWholeNewCountsAreTheRise) {
  Poll(99, 1, {{"a", 100, 90}});
  reconciler_.Restart();
  states_["a"].Restart();
  uptime_ = 3;
  Poll(29, 1, {{"a", 30, 2}});
  EXPECT_EQ(totals_["a"].requests, 130);
  EXPECT_EQ(unserved_, 0);
}

}  // namespace
}  // namespace buntime
