#include "app/event_topic.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "support/fake_clock.h"

namespace buntime {
namespace {

using namespace std::chrono_literals;

class EventTopicTest : public ::testing::Test {
 protected:
  EventSubscription Subscribe(std::optional<std::uint64_t> seen = std::nullopt) {
    return {topic_, subscribers_.Take(), seen, clock_};
  }
  // What the client gets now: "-" for nothing, "." where the stream ends.
  static std::string Next(EventSubscription& subscription) {
    const EventSource::Piece piece = subscription.Next();
    return (piece.bytes ? *piece.bytes : "-") + (piece.last ? "." : "");
  }

  FakeClock clock_;
  SubscriberLimit subscribers_{2};
  std::shared_ptr<EventTopic> topic_ = std::make_shared<EventTopic>();
};

TEST_F(EventTopicTest, AnEventIsLinesAndAnEmptyLine) {
  EXPECT_EQ(FormatEvent("7", "view", "{}"), "id: 7\nevent: view\ndata: {}\n\n");
  EXPECT_EQ(FormatEvent("7", "", "{}"), "id: 7\ndata: {}\n\n");
}

TEST_F(EventTopicTest, TheLatestStateComesFirstAndEachOnce) {
  topic_->Publish("one", 1);
  topic_->Publish("two", 2);
  EventSubscription subscription = Subscribe();
  EXPECT_EQ(Next(subscription), "retry: 2000\n\n");
  EXPECT_EQ(Next(subscription), "two");
  EXPECT_EQ(Next(subscription), "-");
  topic_->Publish("three", 3);
  topic_->Publish("four", 4);
  EXPECT_EQ(Next(subscription), "four");
  EXPECT_EQ(Next(subscription), "-");
}

TEST_F(EventTopicTest, AllReadersShareTheBytes) {
  topic_->Publish("one", 1);
  EventSubscription first = Subscribe();
  EventSubscription second = Subscribe();
  Next(first);
  Next(second);
  EXPECT_EQ(first.Next().bytes, second.Next().bytes);
}

TEST_F(EventTopicTest, AnOlderStateNeverReplacesANewerOne) {
  topic_->Publish("two", 2);
  topic_->Publish("one", 1);
  EXPECT_EQ(*topic_->Latest().event, "two");
}

TEST_F(EventTopicTest, WhoHasSeenTheLatestWaitsForTheNext) {
  topic_->Publish("one", 1);
  EventSubscription subscription = Subscribe(1);
  Next(subscription);
  EXPECT_EQ(Next(subscription), "-");
  topic_->Publish("two", 2);
  EXPECT_EQ(Next(subscription), "two");
}

TEST_F(EventTopicTest, SilenceIsBrokenByAComment) {
  EventSubscription subscription = Subscribe();
  Next(subscription);
  clock_.Advance(EventSubscription::kHeartbeat - 1ms);
  EXPECT_EQ(Next(subscription), "-");
  clock_.Advance(1ms);
  EXPECT_EQ(Next(subscription).front(), ':');
  EXPECT_EQ(Next(subscription), "-");
}

TEST_F(EventTopicTest, TheEndComesAfterTheLastState) {
  topic_->Publish("one", 1);
  EventSubscription subscription = Subscribe();
  Next(subscription);
  topic_->End();
  EXPECT_EQ(Next(subscription), "one.");
  EXPECT_EQ(Next(subscription), "-.");
}

TEST_F(EventTopicTest, SeatsAreGivenBackWhenTheirClientsGo) {
  auto first = std::make_unique<EventSubscription>(Subscribe());
  const EventSubscription second = Subscribe();
  EXPECT_EQ(subscribers_.Take(), nullptr);
  EXPECT_EQ(subscribers_.Take(), nullptr) << "asking in vain takes nothing";
  first.reset();
  EXPECT_NE(subscribers_.Take(), nullptr);
}

}  // namespace
}  // namespace buntime
