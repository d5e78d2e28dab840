#include "web/deadline_queue.h"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>

namespace buntime {
namespace {

using std::chrono::seconds;

struct Guest {
  explicit Guest(std::string n) : name(std::move(n)) {}
  std::string name;
  DeadlineQueue<Guest>::Place place{this};
};

TEST(DeadlineQueueTest, OldestFirst) {
  DeadlineQueue<Guest> queue{seconds(10)};
  EXPECT_EQ(queue.Oldest(), nullptr);
  EXPECT_EQ(queue.NextDeadline(), std::nullopt);
  Guest a("a");
  Guest b("b");
  const SteadyTime start{seconds(1000)};
  EXPECT_EQ(queue.Enter(a.place, start), start + seconds(10));
  EXPECT_EQ(queue.Enter(b.place, start + seconds(1)), start + seconds(11));
  EXPECT_EQ(queue.Oldest()->name, "a");
  EXPECT_EQ(queue.NextDeadline(), start + seconds(10));
  // Entering again starts anew.
  queue.Enter(a.place, start + seconds(2));
  EXPECT_EQ(queue.Oldest()->name, "b");
  b.place.Leave();
  b.place.Leave();
  EXPECT_EQ(queue.Oldest()->name, "a");
  EXPECT_EQ(queue.NextDeadline(), start + seconds(12));
}

TEST(DeadlineQueueTest, MovesBetweenQueuesAndLeavesWhenDestroyed) {
  DeadlineQueue<Guest> idle{seconds(10)};
  DeadlineQueue<Guest> writing{seconds(5)};
  auto guest = std::make_unique<Guest>("a");
  idle.Enter(guest->place, SteadyTime{});
  EXPECT_EQ(writing.Enter(guest->place, SteadyTime{}), SteadyTime{seconds(5)});
  EXPECT_EQ(idle.Oldest(), nullptr);
  EXPECT_EQ(writing.Oldest(), guest.get());
  guest.reset();
  EXPECT_EQ(writing.Oldest(), nullptr);
}

}  // namespace
}  // namespace buntime
