#include "poll/translate.h"

#include <gtest/gtest.h>

#include <vector>

#include "support/snapshots.h"

namespace buntime {
namespace {

Snapshot WithStates(Dialect dialect, const std::vector<WorkerState>& states) {
  Snapshot snapshot;
  snapshot.dialect = dialect;
  snapshot.workers_reported = true;
  for (std::size_t i = 0; i < states.size(); ++i) {
    AddWorker(snapshot, "w" + std::to_string(i), "a").state = states[i];
  }
  return snapshot;
}

TEST(DerivePoolTest, CountsReleasedWorkersAndNeverInventsCreating) {
  using enum WorkerState;
  Snapshot snapshot = WithStates(Dialect::kReleased, {kActive, kActive, kIdle, kEphemeral, kOffline});
  snapshot.pool.total = 3;
  DerivePool(snapshot, 10);
  EXPECT_EQ(snapshot.pool.active, 2);
  EXPECT_EQ(snapshot.pool.idle, 1);
  EXPECT_EQ(snapshot.pool.creating, std::nullopt);
  EXPECT_EQ(snapshot.pool.total, 3);
  EXPECT_EQ(snapshot.pool.size, 10);
  EXPECT_EQ(snapshot.pool.utilization, 0.2);
}

TEST(DerivePoolTest, WithoutASizeThereIsNoUtilization) {
  Snapshot snapshot = WithStates(Dialect::kReleased, {WorkerState::kActive});
  DerivePool(snapshot, std::nullopt);
  EXPECT_EQ(snapshot.pool.size, std::nullopt);
  EXPECT_EQ(snapshot.pool.utilization, std::nullopt);
  snapshot.pool.size = 0;
  DerivePool(snapshot, std::nullopt);
  EXPECT_EQ(snapshot.pool.utilization, std::nullopt);
}

TEST(DerivePoolTest, CompletesADocumentedPool) {
  using enum WorkerState;
  Snapshot snapshot = WithStates(Dialect::kDocumented, {kActive, kIdle, kReady, kCreating, kTerminated});
  snapshot.pool.size = 500;
  DerivePool(snapshot, 7);
  EXPECT_EQ(snapshot.pool.size, 500);
  EXPECT_EQ(snapshot.pool.active, 1);
  EXPECT_EQ(snapshot.pool.idle, 2);
  EXPECT_EQ(snapshot.pool.creating, 1);
  EXPECT_EQ(snapshot.pool.total, 4);
  EXPECT_EQ(snapshot.pool.utilization, 0.002);
}

TEST(DerivePoolTest, WhatTheRuntimeReportsIsPassedThrough) {
  Snapshot snapshot = WithStates(Dialect::kDocumented, {});
  snapshot.pool.size = 500;
  snapshot.pool.active = 12;
  snapshot.pool.idle = 3;
  snapshot.pool.creating = 0;
  snapshot.pool.total = 15;
  snapshot.pool.utilization = 0.03;
  const Pool before = snapshot.pool;
  DerivePool(snapshot, std::nullopt);
  EXPECT_EQ(snapshot.pool, before);
}

TEST(DerivePoolTest, WithoutWorkersNothingIsCounted) {
  Snapshot snapshot;
  snapshot.dialect = Dialect::kReleased;
  DerivePool(snapshot, 10);
  EXPECT_EQ(snapshot.pool.active, std::nullopt);
  EXPECT_EQ(snapshot.pool.utilization, std::nullopt);
}

TEST(DropTimesOfTheDeadTest, KeepsThoseOfTheLiving) {
  using enum WorkerState;
  Snapshot snapshot = WithStates(Dialect::kReleased, {kActive, kOffline, kEphemeral});
  for (Worker& worker : snapshot.workers) {
    worker.uptime_seconds = 1;
    worker.idle_seconds = 2;
    worker.requests = 3;
  }
  DropTimesOfTheDead(snapshot);
  EXPECT_EQ(snapshot.workers[0].uptime_seconds, 1);
  for (const std::size_t i : {1U, 2U}) {
    EXPECT_EQ(snapshot.workers[i].uptime_seconds, std::nullopt);
    EXPECT_EQ(snapshot.workers[i].idle_seconds, std::nullopt);
    EXPECT_EQ(snapshot.workers[i].requests, 3);
  }
}

TEST(ChooseWorkersTest, TakesTheBusiestThenTheSmallestIdInTheRuntimesOrder) {
  Snapshot snapshot;
  AddWorker(snapshot, "d", "a").requests = 5;
  AddWorker(snapshot, "c", "a").requests = 9;
  AddWorker(snapshot, "b", "a").requests = 5;
  AddWorker(snapshot, "a", "a");
  using Indexes = std::vector<std::uint32_t>;
  EXPECT_EQ(ChooseWorkers(snapshot, 9), (Indexes{0, 1, 2, 3}));
  EXPECT_EQ(ChooseWorkers(snapshot, 3), (Indexes{0, 1, 2}));
  EXPECT_EQ(ChooseWorkers(snapshot, 2), (Indexes{1, 2}));
  EXPECT_EQ(ChooseWorkers(snapshot, 1), (Indexes{1}));
  EXPECT_EQ(ChooseWorkers(snapshot, 0), (Indexes{}));
}

}  // namespace
}  // namespace buntime
