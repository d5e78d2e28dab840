// Clients that are slow, silent, or many: each may only ever hurt itself. Deadlines are short here, and every
// wait is for what the server does when they pass.
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <string>
#include <vector>

#include "web/server_fixture.h"

namespace buntime::testing {
namespace {

using std::chrono::milliseconds;

class DeadlinesTest : public ServerTest {};

TEST_F(DeadlinesTest, DripFedHeaderEndsAtItsDeadline) {
  options_.limits.header_timeout = milliseconds(200);
  Start();
  HttpClient client = Connect();
  const auto start = std::chrono::steady_clock::now();
  ASSERT_TRUE(client.Send("GET /"));
  while (!client.HasNews(5) && client.Send("x")) {
  }
  EXPECT_GE(std::chrono::steady_clock::now() - start, milliseconds(200));
  const Answer answer = client.Read();
  EXPECT_EQ(answer.status, 408);
  EXPECT_EQ(answer.body, "the request did not arrive whole within 200ms\n");
  EXPECT_EQ(observations_.Await(1), std::vector<std::string>{"other 408"});
}

TEST_F(DeadlinesTest, DripFedBodyAndEmptyLinesEndToo) {
  options_.limits.header_timeout = milliseconds(100);
  Start();
  HttpClient body = Connect();
  ASSERT_TRUE(body.Send("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 4000\r\n\r\n"));
  while (!body.HasNews(5) && body.Send("x")) {
  }
  EXPECT_EQ(body.Read().status, 408);
  EXPECT_TRUE(body.AtEnd());

  HttpClient lines = Connect();
  while (lines.Send("\r\n") && !lines.HasNews(5)) {
  }
  EXPECT_EQ(lines.Read().status, 408);
}

TEST_F(DeadlinesTest, BodyThatDoesNotFollowContinueEndsToo) {
  options_.limits.header_timeout = milliseconds(100);
  Start();
  HttpClient client = Connect();
  ASSERT_TRUE(client.Send("GET / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n"));
  EXPECT_EQ(client.Read(false).status, 100);
  EXPECT_EQ(client.Read().status, 408);
  EXPECT_TRUE(client.AtEnd());
}

TEST_F(DeadlinesTest, IdleConnectionsEndQuietly) {
  options_.limits.idle_timeout = milliseconds(100);
  Start();
  HttpClient silent = Connect();
  HttpClient served = Connect();
  EXPECT_EQ(served.Ask("/").status, 200);
  EXPECT_TRUE(silent.AtEnd());
  EXPECT_TRUE(served.AtEnd());
  EXPECT_EQ(observations_.Await(1).size(), 1u);
}

TEST_F(DeadlinesTest, ClientThatDoesNotReadIsDropped) {
  options_.limits.write_timeout = milliseconds(200);
  Start();
  HttpClient client(server_->Addresses().front(), kSmallBuffer);
  ASSERT_TRUE(client.Send(kGetLarge));
  EXPECT_TRUE(client.WasReset());
  server_->Stop();
  EXPECT_EQ(large_.use_count(), 1);
  EXPECT_TRUE(observations_.Await(0).empty()) << "it was not answered";
}

TEST_F(DeadlinesTest, HandlerThatNeverAnswersCostsItsClientOnly) {
  options_.limits.total_timeout = milliseconds(100);
  Start();
  HttpClient client = Connect();
  ASSERT_TRUE(client.Send(kGetPool));
  ASSERT_TRUE(AwaitPool());
  EXPECT_TRUE(client.AtEnd());
  EXPECT_EQ(Connect().Ask("/-/healthy").status, 200);
  Release();
}

TEST_F(DeadlinesTest, LargePageIsSharedNotCopied) {
  options_.limits.drain_timeout = milliseconds(10);
  Start();
  HttpClient a(server_->Addresses().front(), kSmallBuffer);
  HttpClient b(server_->Addresses().front(), kSmallBuffer);
  ASSERT_TRUE(a.Send(kGetLarge));
  ASSERT_TRUE(b.Send(kGetLarge));
  // Neither can have been sent whole: it is larger than what the kernel takes.
  EXPECT_EQ(a.Read(false).status, 200);
  EXPECT_EQ(b.Read(false).status, 200);
  EXPECT_EQ(large_.use_count(), 3);
  server_->Stop();
}

TEST_F(DeadlinesTest, ResetInTheMiddleOfAnAnswerIsNoTrouble) {
  Start();
  for (int i = 0; i < 5; ++i) {
    HttpClient client(server_->Addresses().front(), kSmallBuffer);
    ASSERT_TRUE(client.Send(kGetLarge));
    EXPECT_EQ(client.Read(false).status, 200);
    client.Reset();
  }
  EXPECT_EQ(Connect().Ask("/").status, 200);
  server_->Stop();
  EXPECT_EQ(large_.use_count(), 1);
}

TEST_F(DeadlinesTest, IdleClientsMakeRoom) {
  options_.limits.connections = 20;
  Start();
  std::vector<HttpClient> idle;
  for (int i = 0; i < 200; ++i) {
    idle.push_back(Connect());
    ASSERT_TRUE(idle.back().connected());
  }
  EXPECT_EQ(Connect().Ask("/-/healthy").body, "ok\n");
  for (std::size_t i = 0; i < 180; ++i) EXPECT_TRUE(idle[i].AtEnd()) << i;
  // The youngest were not touched.
  EXPECT_EQ(idle.back().Ask("/").status, 200);
}

TEST_F(DeadlinesTest, ClientsThatSendNoWholeRequestMakeRoom) {
  options_.limits.connections = 20;
  Start();
  std::vector<HttpClient> slow;
  for (int i = 0; i < 200; ++i) {
    slow.push_back(Connect());
    ASSERT_TRUE(slow.back().Send("GET / HTTP/1.1\r\nHost:"));
  }
  EXPECT_EQ(Connect().Ask("/-/healthy").body, "ok\n");
  EXPECT_TRUE(slow.front().AtEnd());
  EXPECT_EQ(slow.back().AskRaw(" a\r\n\r\n").status, 200);
}

TEST_F(DeadlinesTest, NewClientIsRefusedWhenAllAreBeingAnswered) {
  options_.limits.connections = 2;
  options_.pool_threads = 2;
  Start();
  HttpClient a = Connect();
  HttpClient b = Connect();
  ASSERT_TRUE(a.Send(kGetPool));
  ASSERT_TRUE(b.Send(kGetPool));
  ASSERT_TRUE(AwaitPool(2));
  HttpClient c = Connect();
  const Answer refused = c.Ask("/");
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.Header("Connection"), "close");
  EXPECT_EQ(refused.body, "connection limit reached; try again in a moment\n");
  EXPECT_TRUE(c.AtEnd());
  EXPECT_EQ(Connect().Ask("/-/healthy").body, "ok\n");
  Release();
  EXPECT_EQ(a.Read().status, 200);
  EXPECT_EQ(b.Read().status, 200);
  EXPECT_EQ(Connect().Ask("/").status, 200);
}

// Leaves this process one more file descriptor until Restore or destruction.
class OneDescriptor {
 public:
  OneDescriptor() {
    getrlimit(RLIMIT_NOFILE, &before_);
    const int next = dup(STDERR_FILENO);
    close(next);
    rlimit low = before_;
    low.rlim_cur = static_cast<rlim_t>(next) + 1;
    setrlimit(RLIMIT_NOFILE, &low);
  }
  ~OneDescriptor() { Restore(); }
  OneDescriptor(const OneDescriptor&) = delete;
  OneDescriptor& operator=(const OneDescriptor&) = delete;
  void Restore() { setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_ = {};
};

TEST_F(DeadlinesTest, RunningOutOfDescriptorsIsSaidOnceAndOver) {
  Start();
  HttpClient busy = Connect();
  ASSERT_TRUE(busy.Send(kGetPool));
  ASSERT_TRUE(AwaitPool());
  // The first time that UBSan sees an object of a class, it takes a descriptor to look at it.
  static_cast<Log&>(log_).Info("running out of descriptors");
  EXPECT_TRUE(log_.Await("running out"));
  OneDescriptor shortage;
  HttpClient waiting = Connect();  // takes the last one, so the server has none to accept it with
  ASSERT_TRUE(waiting.Send(kGet));
  EXPECT_TRUE(log_.Await("cannot accept connections"));
  EXPECT_FALSE(waiting.HasNews(350));
  EXPECT_EQ(log_.Count("cannot accept connections"), 1u);
  shortage.Restore();
  EXPECT_EQ(waiting.Read().status, 200);
  EXPECT_TRUE(log_.Await("accepting connections again"));
  Release();
  EXPECT_EQ(busy.Read().status, 200);
}

TEST_F(DeadlinesTest, IdleClientGivesItsDescriptorAway) {
  Start();
  HttpClient idle = Connect();
  EXPECT_EQ(idle.Ask("/").status, 200);
  const OneDescriptor shortage;
  EXPECT_EQ(Connect().Ask("/-/healthy").status, 200);
  EXPECT_TRUE(idle.AtEnd());
}

TEST_F(DeadlinesTest, ConnectionsLeaveDescriptorsForTheRest) {
  rlimit files = {};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &files), 0);
  if (files.rlim_cur == RLIM_INFINITY) GTEST_SKIP() << "no limit of open files here";
  options_.limits.connections = files.rlim_cur;
  Start();
  EXPECT_EQ(log_.Count("fewer connections than configured"), 1u);
}

}  // namespace
}  // namespace buntime::testing
