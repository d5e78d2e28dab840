// How the server ends: what was asked is answered, and nothing keeps it longer than its drain timeout.
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "web/server_fixture.h"

namespace buntime::testing {
namespace {

class StopTest : public ServerTest {
 protected:
  StopTest() { options_.limits.drain_timeout = std::chrono::minutes(10); }

  // Stops in another thread and returns once it has begun: it closes idle connections first.
  std::thread BeginStop() {
    HttpClient idle = Connect();
    EXPECT_EQ(idle.Ask("/").status, 200);
    std::thread stopping([this] { server_->Stop(); });
    EXPECT_TRUE(idle.AtEnd());
    return stopping;
  }
};

TEST_F(StopTest, ClosesIdleConnectionsAtOnce) {
  Start();
  const std::string address = server_->Addresses().front();
  std::vector<HttpClient> clients;
  for (int i = 0; i < 50; ++i) {
    clients.push_back(Connect());
    if (i % 2 == 0) {
      EXPECT_EQ(clients.back().Ask("/").status, 200);
    }
    if (i % 3 == 0) {
      EXPECT_TRUE(clients.back().Send("GET / HT"));
    }
  }
  server_->Stop();  // the timeout of the test program fails this if it waits for the drain timeout
  for (HttpClient& client : clients) EXPECT_TRUE(client.AtEnd());
  EXPECT_FALSE(HttpClient(address).connected());
}

TEST_F(StopTest, FinishesTheRequestInThePool) {
  Start();
  HttpClient client = Connect();
  // The pipelined one was not begun and is not answered.
  ASSERT_TRUE(client.Send(kGetPool + kGetPool));
  ASSERT_TRUE(AwaitPool());
  std::thread stopping = BeginStop();
  EXPECT_FALSE(Connect().connected());
  Release();
  const Answer answer = client.Read();
  EXPECT_EQ(answer.body, "from the pool\n");
  EXPECT_EQ(answer.Header("Connection"), "close");
  EXPECT_TRUE(client.AtEnd());
  client.Reset();
  stopping.join();
  EXPECT_EQ(observations_.Await(2), (std::vector<std::string>{"/ 200", "/pool 200"}));
}

TEST_F(StopTest, FinishesTheAnswerBeingWritten) {
  Start();
  HttpClient client(server_->Addresses().front(), kSmallBuffer);
  ASSERT_TRUE(client.Send("GET /large HTTP/1.1\r\nHost: a\r\n\r\n"));
  ASSERT_TRUE(client.HasNews(20'000));
  std::thread stopping = BeginStop();
  EXPECT_EQ(client.Read().body.size(), kLargeBytes + 5);
  EXPECT_TRUE(client.AtEnd());
  client.Reset();
  stopping.join();
}

TEST_F(StopTest, DropsWhatTakesLongerThanTheDrainTimeout) {
  options_.limits.drain_timeout = std::chrono::milliseconds(50);
  Start();
  HttpClient unread(server_->Addresses().front(), kSmallBuffer);
  ASSERT_TRUE(unread.Send("GET /large HTTP/1.1\r\nHost: a\r\n\r\n"));
  HttpClient waiting = Connect();
  ASSERT_TRUE(waiting.Send(kGetPool));
  ASSERT_TRUE(AwaitPool());
  std::thread stopping = BeginStop();
  EXPECT_TRUE(waiting.AtEnd());
  EXPECT_TRUE(unread.WasReset());
  Release();  // a thread cannot be ended from outside
  stopping.join();
}

TEST_F(StopTest, MayBeCalledTwiceAndFromSeveralThreads) {
  Start();
  EXPECT_EQ(Connect().Ask("/").status, 200);
  std::vector<std::thread> threads;
  threads.reserve(4);
  for (int i = 0; i < 4; ++i) threads.emplace_back([this] { server_->Stop(); });
  for (std::thread& thread : threads) thread.join();
  server_->Stop();
  server_.reset();
}

TEST_F(StopTest, DestructorStops) {
  Start();
  HttpClient client = Connect();
  EXPECT_EQ(client.Ask("/").status, 200);
  server_.reset();
  EXPECT_TRUE(client.AtEnd());
}

TEST_F(StopTest, UnderLoad) {
  Start();
  const std::string address = server_->Addresses().front();
  std::vector<std::thread> clients;
  clients.reserve(4);
  for (int c = 0; c < 4; ++c) {
    clients.emplace_back([&address] {
      while (true) {
        HttpClient client(address);
        if (!client.connected()) return;
        while (client.Ask("/pool-echo").status == 200 && client.Ask("/").status == 200) {
        }
      }
    });
  }
  EXPECT_GE(observations_.Await(200).size(), 200u);
  server_->Stop();
  for (std::thread& client : clients) client.join();
}

}  // namespace
}  // namespace buntime::testing
