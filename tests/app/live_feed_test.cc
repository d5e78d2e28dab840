// The thread that streams, with a real one: publications go in, events come out.
#include "app/live_feed.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

namespace buntime {
namespace {

using namespace std::chrono_literals;

class LiveFeedTest : public ::testing::Test {
 protected:
  static constexpr auto kPatience = 20s;

  ~LiveFeedTest() override {
    thread_.request_stop();
    thread_ = {};
  }

  void Start() {
    thread_ = std::jthread([this](const std::stop_token& stop) {
      feed_.Run(
          stop,
          [this] {
            const std::lock_guard lock(mutex_);
            ++wakes_;
            woken_.notify_all();
          },
          [this] {
            const std::lock_guard lock(mutex_);
            published_ = board_.Latest()->revision;
            woken_.notify_all();
          });
    });
  }
  void Publish(const std::string& url, const std::string& name = "blue") {
    auto fleet = std::make_shared<Fleet>();
    fleet->revision = ++revision_;
    auto runtime = std::make_shared<Runtime>();
    runtime->name = name;
    runtime->url = url;
    runtime->last_poll_unix_seconds = static_cast<double>(revision_) * 10;
    fleet->runtimes.push_back(runtime);
    board_.Publish(fleet);
  }
  std::shared_ptr<EventSource> Subscribe(const std::string& last_event_id = "") {
    const auto fleet = board_.Latest();
    const HttpResponse response = feed_.Subscribe(
        "state",
        [this](const Fleet&, const Runtime& runtime) {
          ++written_;
          return runtime.url;
        },
        *fleet, *fleet->runtimes[0], last_event_id);
    status_ = response.status;
    if (response.events) response.events->Next();  // the greeting
    return response.events;
  }
  // The next event, once there is one; nothing when it does not come.
  std::string Await(EventSource& source) {
    std::unique_lock lock(mutex_);
    const auto end = std::chrono::steady_clock::now() + kPatience;
    while (true) {
      const EventSource::Piece piece = source.Next();
      if (piece.last) return "the end";
      if (piece.bytes && piece.bytes->front() != ':') return *piece.bytes;
      if (woken_.wait_until(lock, end) == std::cv_status::timeout) return "";
    }
  }

  FleetBoard board_;
  History history_;
  SystemClock clock_;
  LiveFeed feed_{board_, history_, clock_, {250ms, 2, "start"}};
  std::mutex mutex_;
  std::condition_variable woken_;
  int wakes_ = 0;
  std::uint64_t published_ = 0;  // the revision at the latest report
  std::uint64_t revision_ = 0;
  std::atomic<int> written_ = 0;
  int status_ = 0;
  std::jthread thread_;
};

TEST_F(LiveFeedTest, TheStateAtHandComesAtOnceAndThenEachNewOne) {
  Publish("one");
  const auto source = Subscribe();
  EXPECT_EQ(*source->Next().bytes, "id: start-1\nevent: state\ndata: one\n\n");
  Start();
  Publish("two");
  EXPECT_EQ(Await(*source), "id: start-2\nevent: state\ndata: two\n\n");
  Publish("three");
  EXPECT_EQ(Await(*source), "id: start-3\nevent: state\ndata: three\n\n");
}

TEST_F(LiveFeedTest, AStateIsWrittenOnceForAllWhoListen) {
  Publish("one");
  const auto first = Subscribe();
  const auto second = Subscribe();
  EXPECT_EQ(written_, 1);
  EXPECT_EQ(first->Next().bytes, second->Next().bytes);
}

TEST_F(LiveFeedTest, NothingIsWrittenForNobody) {
  Publish("one");
  Subscribe();  // and gone
  const int before = written_;
  Start();
  Publish("two");
  for (const auto end = std::chrono::steady_clock::now() + kPatience;
       history_.revision() != 2 && std::chrono::steady_clock::now() < end;) {
    std::this_thread::yield();
  }
  EXPECT_EQ(history_.revision(), 2U) << "the history goes on without listeners";
  EXPECT_EQ(written_, before);
}

TEST_F(LiveFeedTest, EventsKeepTheirDistance) {
  Publish("one");
  const auto source = Subscribe();
  source->Next();
  Start();
  Publish("two");
  Await(*source);
  const auto began = std::chrono::steady_clock::now();
  for (int i = 0; i < 4; ++i) {
    Publish(std::to_string(i));
    EXPECT_NE(Await(*source), "");
  }
  // A late wake-up makes one distance longer and the next one shorter, but never the sum.
  EXPECT_GT(std::chrono::steady_clock::now() - began, 3 * 250ms);
}

TEST_F(LiveFeedTest, ReportsPublicationsWithoutListeners) {
  Start();
  for (int i = 0; i < 3; ++i) {
    Publish("state");
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(woken_.wait_for(lock, kPatience, [this] { return published_ == revision_; }));
  }
}

TEST_F(LiveFeedTest, WhoComesBackIsNotToldTwice) {
  Publish("one");
  EXPECT_EQ(Subscribe("start-1")->Next().bytes, nullptr);
  EXPECT_NE(Subscribe("start-0")->Next().bytes, nullptr);
  EXPECT_NE(Subscribe("another-1")->Next().bytes, nullptr) << "the exporter was restarted meanwhile";
}

TEST_F(LiveFeedTest, ARuntimeThatGoesEndsItsStream) {
  Publish("one");
  const auto source = Subscribe();
  source->Next();
  Start();
  Publish("two", "green");
  EXPECT_EQ(Await(*source), "the end");
}

TEST_F(LiveFeedTest, TooManyAreAskedToComeBack) {
  Publish("one");
  const auto first = Subscribe();
  const auto second = Subscribe();
  EXPECT_EQ(status_, 200);
  EXPECT_EQ(Subscribe(), nullptr);
  EXPECT_EQ(status_, 503);
}

TEST_F(LiveFeedTest, StopsAtOnce) {
  Publish("one");
  Start();
  const auto began = std::chrono::steady_clock::now();
  thread_.request_stop();
  thread_.join();
  EXPECT_LT(std::chrono::steady_clock::now() - began, 4s);
}

}  // namespace
}  // namespace buntime
