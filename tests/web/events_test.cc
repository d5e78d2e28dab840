// Streams of events: what the server asks its sources for, and what becomes of clients that go, stall, or
// come in crowds.
#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "web/http_client.h"
#include "web/security.h"
#include "web/server_fixture.h"

namespace buntime::testing {
namespace {

constexpr auto kPatience = std::chrono::seconds(20);

// What all sources of a test say, and how many of them there are. Thread-safe.
class Script {
 public:
  void Say(const std::string& text, bool last = false) {
    const std::lock_guard lock(mutex_);
    said_.push_back({std::make_shared<const std::string>(text), last});
  }
  void SayNothingMore() {
    const std::lock_guard lock(mutex_);
    said_.push_back({nullptr, true});
  }
  EventSource::Piece At(std::size_t index) {
    const std::lock_guard lock(mutex_);
    return index < said_.size() ? said_[index] : EventSource::Piece();
  }
  void Count(int change) {
    const std::lock_guard lock(mutex_);
    sources_ += change;
    changed_.notify_all();
  }
  bool AwaitSources(int count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kPatience, [&] { return sources_ == count; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<EventSource::Piece> said_;
  int sources_ = 0;
};

class Source final : public EventSource {
 public:
  explicit Source(Script& script) : script_(script) { script_.Count(1); }
  ~Source() override { script_.Count(-1); }
  Piece Next() override {
    Piece piece = script_.At(next_);
    if (piece.bytes || piece.last) ++next_;
    return piece;
  }

 private:
  Script& script_;
  std::size_t next_ = 0;
};

class EventsTest : public ::testing::Test {
 protected:
  EventsTest() { options_.listen = {"127.0.0.1:0"}; }

  void Start() {
    std::vector<Route> routes;
    routes.push_back({"/", Route::Where::kInline, [](const HttpRequest&) { return HttpResponse(); }});
    routes.push_back({"/events", Route::Where::kPool, [this](const HttpRequest& request) {
                        HttpResponse response;
                        response.content_type = "text/event-stream";
                        response.headers = {{"Last", std::string(request.last_event_id)}};
                        response.events = std::make_shared<Source>(script_);
                        if (hold_.valid()) hold_.wait_for(kPatience);
                        return response;
                      }});
    auto server = StartServer(options_, std::move(routes), observations_.Observer(), log_);
    ASSERT_TRUE(server.ok()) << server.error().message;
    server_ = std::move(*server);
  }
  HttpClient Listen(HttpClient::Options options = HttpClient::Options()) {
    HttpClient client(server_->Addresses().front(), options);
    EXPECT_TRUE(client.Send("GET /events HTTP/1.1\r\nHost: a\r\nlast-event-id: 7\r\n\r\n"));
    return client;
  }

  LogLines log_;
  Observations observations_;
  Script script_;
  ServerOptions options_;
  std::shared_future<void> hold_;   // what a handler waits for, if valid
  std::unique_ptr<Server> server_;  // last: stops before what its handlers use goes
};

TEST_F(EventsTest, ComeAsTheyAreSaidUntilTheLast) {
  Start();
  script_.Say("data: 1\n\n");
  HttpClient client = Listen();
  EXPECT_EQ(client.ReadPast("data: 1\n\n").substr(0, 15), "HTTP/1.1 200 OK");
  script_.Say("data: 2\n\n");
  script_.Say("data: 3\n\n");
  server_->Wake();
  EXPECT_EQ(client.ReadPast("data: 3\n\n"), "data: 2\n\ndata: 3\n\n");
  script_.Say("bye", true);
  server_->Wake();
  EXPECT_EQ(client.ReadPast("bye"), "bye");
  EXPECT_TRUE(client.AtEnd());
  EXPECT_TRUE(script_.AwaitSources(0));
}

TEST_F(EventsTest, HaveAHeadWithoutLengthAndAreCountedWhenTheyBegin) {
  Start();
  script_.Say("data: 1\n\n");
  HttpClient client = Listen();
  const std::string head = client.ReadPast("\r\n\r\n");
  EXPECT_NE(head.find("Content-Type: text/event-stream\r\n"), head.npos) << head;
  EXPECT_NE(head.find("Connection: close\r\n"), head.npos) << head;
  EXPECT_NE(head.find("Last: 7\r\n"), head.npos) << head;
  EXPECT_EQ(head.find("Content-Length"), head.npos) << head;
  EXPECT_EQ(observations_.Await(1), std::vector<std::string>{"/events 200"});
}

TEST_F(EventsTest, HeadOnlySaysWhatTheyWouldBe) {
  Start();
  script_.Say("data: 1\n\n");
  HttpClient client(server_->Addresses().front());
  ASSERT_TRUE(client.Send("HEAD /events HTTP/1.1\r\nHost: a\r\n\r\n"));
  EXPECT_EQ(client.Read(false).status, 200);
  EXPECT_TRUE(client.AtEnd());
  EXPECT_TRUE(script_.AwaitSources(0));
}

TEST_F(EventsTest, ASourceWithNothingMoreEndsTheStream) {
  Start();
  HttpClient client = Listen();
  client.ReadPast("\r\n\r\n");
  script_.SayNothingMore();
  server_->Wake();
  EXPECT_TRUE(client.AtEnd());
}

TEST_F(EventsTest, AClientThatGoesIsNoticedWithoutAnEvent) {
  Start();
  {
    HttpClient client = Listen();
    client.ReadPast("\r\n\r\n");
    EXPECT_TRUE(script_.AwaitSources(1));
  }
  EXPECT_TRUE(script_.AwaitSources(0));
}

TEST_F(EventsTest, AClientThatDoesNotReadIsDroppedAndHoldsUpNobody) {
  options_.limits.event_timeout = std::chrono::milliseconds(500);
  Start();
  HttpClient slow = Listen({.receive_buffer = 4096});
  HttpClient quick = Listen();
  ASSERT_TRUE(script_.AwaitSources(2));
  script_.Say(std::string(1'000'000, 'x') + "end of the first");
  server_->Wake();
  EXPECT_NE(quick.ReadPast("end of the first"), "");
  EXPECT_TRUE(script_.AwaitSources(1)) << "the slow one is gone";
  EXPECT_TRUE(slow.WasReset());
  script_.Say("the second");
  server_->Wake();
  EXPECT_EQ(quick.ReadPast("the second"), "the second");
}

TEST_F(EventsTest, AClientThatTalksOnIsCutOff) {
  Start();
  HttpClient client = Listen();
  client.ReadPast("\r\n\r\n");
  bool sent = true;
  for (int i = 0; i < 1000 && sent; ++i) sent = client.Send(std::string(65'536, 'x'));
  EXPECT_FALSE(sent);
  EXPECT_TRUE(script_.AwaitSources(0));
}

TEST_F(EventsTest, OutliveTheDeadlinesOfOtherAnswers) {
  options_.limits.header_timeout = options_.limits.idle_timeout = std::chrono::milliseconds(100);
  options_.limits.write_timeout = options_.limits.total_timeout = std::chrono::milliseconds(300);
  Start();
  HttpClient client = Listen();
  client.ReadPast("\r\n\r\n");
  EXPECT_FALSE(client.HasNews(1000));
  script_.Say("data: 1\n\n");
  server_->Wake();
  EXPECT_EQ(client.ReadPast("data: 1\n\n"), "data: 1\n\n");
}

TEST_F(EventsTest, EndWhenTheServerStops) {
  Start();
  HttpClient client = Listen();
  client.ReadPast("\r\n\r\n");
  const auto before = std::chrono::steady_clock::now();
  std::thread stopper([&] { server_->Stop(); });
  EXPECT_TRUE(client.AtEnd());
  client.CloseSending();
  stopper.join();
  EXPECT_LT(std::chrono::steady_clock::now() - before, options_.limits.drain_timeout);
  EXPECT_TRUE(script_.AwaitSources(0));
}

TEST_F(EventsTest, EndWhenTheLockChangesSoThatClientsAreJudgedAnew) {
  Start();
  HttpClient client = Listen();
  client.ReadPast("\r\n\r\n");
  server_->Secure(std::make_shared<const Security>());
  EXPECT_TRUE(client.AtEnd());
}

TEST_F(EventsTest, ThatTheOldLockLetInDoNotBeginUnderTheNew) {
  std::promise<void> release;
  hold_ = release.get_future().share();
  Start();
  script_.Say("data: 1\n\n");
  HttpClient client = Listen();
  ASSERT_TRUE(script_.AwaitSources(1));
  server_->Secure(std::make_shared<const Security>());
  EXPECT_EQ(HttpClient(server_->Addresses().front()).Ask("/").status, 200) << "the lock has changed by now";
  release.set_value();
  EXPECT_NE(client.ReadPast("\r\n\r\n"), "");
  EXPECT_TRUE(client.AtEnd());
}

TEST_F(EventsTest, MakeRoomForWhoWouldBeTurnedAway) {
  options_.limits.connections = 2;
  Start();
  HttpClient first = Listen();
  HttpClient second = Listen();
  ASSERT_TRUE(script_.AwaitSources(2));
  first.ReadPast("\r\n\r\n");
  second.ReadPast("\r\n\r\n");
  EXPECT_EQ(HttpClient(server_->Addresses().front()).Ask("/").status, 200);
  EXPECT_TRUE(script_.AwaitSources(1));
}

TEST_F(EventsTest, CrowdsThatComeAndGoLeaveNothingBehind) {
  Start();
  script_.Say("data: 1\n\n");
  for (int round = 0; round < 20; ++round) {
    std::vector<HttpClient> crowd;
    for (int i = 0; i < 20; ++i) crowd.push_back(Listen());
    for (std::size_t i = 0; i < crowd.size(); ++i) {
      if (i % 3 == 0) crowd[i].Reset();
      if (i % 3 == 1) crowd[i].ReadPast("data: 1\n\n");
    }
    server_->Wake();
  }
  EXPECT_TRUE(script_.AwaitSources(0));
  HttpClient client(server_->Addresses().front());
  EXPECT_EQ(client.Ask("/").status, 200);
}

}  // namespace
}  // namespace buntime::testing
