// Which handshakes get their turn, and which are refused, where more clients connect than there is time for.
#include "web/handshake_queue.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "web/task_queue.h"

namespace buntime::testing {
namespace {

class HandshakeQueueTest : public ::testing::Test {
 protected:
  bool Add(const std::string& name, const std::string& client = "a") {
    owners_.push_back(std::make_unique<std::string>(name));
    return queue_.Add({owners_.back().get(), client, [this, name] { seen_.push_back("begin " + name); },
                       [this, name] { seen_.push_back("step " + name); },
                       [this, name] { seen_.push_back("end " + name); }});
  }
  void AddMany(const std::string& client, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) Add(client + std::to_string(i), client);
  }
  std::size_t Count(const std::string& what) const {
    return static_cast<std::size_t>(std::ranges::count(seen_, what));
  }
  void RunAll() {
    while (!worker_.empty() || !io_.empty()) {
      if (!worker_.empty()) {
        ASSERT_TRUE(worker_.RunOne());
      }
      if (!io_.empty()) {
        ASSERT_TRUE(io_.RunOne());
      }
    }
  }

  TaskQueue worker_;
  TaskQueue io_;
  std::vector<std::unique_ptr<std::string>> owners_;
  std::vector<std::string> seen_;
  HandshakeQueue queue_{worker_.Post(), io_.Post()};
};

TEST_F(HandshakeQueueTest, RunsOneAtATimeInOrder) {
  EXPECT_TRUE(Add("1"));
  EXPECT_TRUE(Add("2"));
  EXPECT_EQ(seen_, std::vector<std::string>{"begin 1"});
  RunAll();
  EXPECT_EQ(seen_, (std::vector<std::string>{"begin 1", "step 1", "end 1", "begin 2", "step 2", "end 2"}));
  EXPECT_TRUE(Add("3"));
  RunAll();
  EXPECT_EQ(seen_.back(), "end 3");
}

TEST_F(HandshakeQueueTest, ClientsTakeTurns) {
  Add("running");
  AddMany("a", 3);
  Add("b", "b");
  RunAll();
  EXPECT_EQ(seen_[3], "begin b");
}

TEST_F(HandshakeQueueTest, OneClientMayFillAPartOfIt) {
  Add("running");
  AddMany("a", HandshakeQueue::kMostOfClient);
  EXPECT_FALSE(Add("too many"));
  EXPECT_TRUE(Add("other", "b"));
  RunAll();
  EXPECT_EQ(Count("step other"), 1U);
  EXPECT_EQ(Count("end too many"), 0U);
}

TEST_F(HandshakeQueueTest, TheLargestCrowdLosesAPlaceToANewClient) {
  Add("running");
  constexpr std::size_t kCrowds = HandshakeQueue::kMost / HandshakeQueue::kMostOfClient;
  for (std::size_t i = 0; i < kCrowds; ++i)
    AddMany("crowd" + std::to_string(i), HandshakeQueue::kMostOfClient);
  EXPECT_TRUE(Add("new", "new"));
  RunAll();
  EXPECT_EQ(Count("step new"), 1U);
  EXPECT_EQ(seen_.size(), 3 * (HandshakeQueue::kMost + 1) + 1) << "one `end` without `begin` and `step`";
}

TEST_F(HandshakeQueueTest, WhoHasWithdrawnIsNotCalled) {
  Add("1");
  Add("2");
  Add("3");
  queue_.Withdraw(owners_[1].get());
  RunAll();
  EXPECT_EQ(Count("begin 2") + Count("step 2") + Count("end 2"), 0U);
  EXPECT_EQ(Count("end 3"), 1U);
}

}  // namespace
}  // namespace buntime::testing
