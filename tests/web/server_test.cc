// What an honest client sees.
#include "web/server.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "web/server_fixture.h"

namespace buntime::testing {
namespace {

TEST_F(ServerTest, AnswersWithTheHeadersThatEveryAnswerHas) {
  Start();
  const Answer answer = Connect().Ask("/");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "hello\n");
  EXPECT_EQ(answer.head.substr(0, 17), "HTTP/1.1 200 OK\r\n");
  EXPECT_EQ(answer.Header("Content-Type"), "text/plain; charset=utf-8");
  EXPECT_EQ(answer.Header("Content-Length"), "6");
  EXPECT_EQ(answer.Header("X-Content-Type-Options"), "nosniff");
  EXPECT_EQ(answer.Header("Connection"), "keep-alive");
  EXPECT_EQ(answer.Header("Date").size(), 29u) << answer.head;
}

TEST_F(ServerTest, HandsTheRequestOver) {
  Start();
  const std::string_view headers =
      "Accept: text/plain\r\nAccept-Encoding: gzip;q=0.5\r\nAccept-Encoding: br\r\nIf-None-Match: \"a\"\r\n";
  for (const std::string path : {"/echo", "/pool-echo"}) {
    EXPECT_EQ(Connect().Ask(path + "?a=%20b&c?d", headers).body,
              "GET|" + path + "|a=%20b&c?d|text/plain|gzip;q=0.5|\"a\"|");
    EXPECT_EQ(Connect().Ask(path).body, "GET|" + path + "|||||");
  }
}

TEST_F(ServerTest, TakesDecodedAndAbsoluteTargets) {
  Start();
  EXPECT_EQ(Connect().Ask("/%65ch%6F?%65").body, "GET|/echo|%65||||");
  EXPECT_EQ(Connect().Ask("http://other:1/echo?x").body, "GET|/echo|x||||");
  EXPECT_EQ(Connect().Ask("HTTPS://other").body, "hello\n");
}

TEST_F(ServerTest, HeadHasTheHeadersOfGetAndNoBody) {
  Start();
  HttpClient client = Connect();
  const Answer get = client.Ask("/large");
  const Answer head = client.Ask("/large", "", "HEAD");
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.Header("Content-Length"), std::to_string(kLargeBytes + 5));
  EXPECT_EQ(head.Header("Content-Type"), get.Header("Content-Type"));
  // Nothing of a body stands before the next answer.
  EXPECT_EQ(client.Ask("/").body, "hello\n");
  EXPECT_EQ(client.Ask("/nowhere", "", "HEAD").status, 404);
  EXPECT_EQ(client.Ask("/").body, "hello\n");
}

TEST_F(ServerTest, SharedBodyComesBeforeTheTail) {
  Start();
  const Answer answer = Connect().Ask("/large");
  EXPECT_EQ(answer.body.size(), kLargeBytes + 5);
  EXPECT_EQ(answer.body, *large_ + "tail\n");
}

TEST_F(ServerTest, StatusWithoutBodyHasNoneAndValuesAddNoHeaders) {
  Start();
  HttpClient client = Connect();
  const Answer answer = client.Ask("/unchanged");
  EXPECT_EQ(answer.status, 304);
  EXPECT_EQ(answer.Header("Content-Length"), "(none)");
  EXPECT_EQ(answer.Header("Injected"), "(none)");
  EXPECT_EQ(answer.Header("ETag"), "\"1\"  Injected: yes");
  EXPECT_EQ(client.Ask("/").body, "hello\n");
}

TEST_F(ServerTest, KeepsConnectionsAliveAsAsked) {
  Start();
  HttpClient client = Connect();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(client.Ask("/").status, 200);
  EXPECT_EQ(client.Ask("/", "Connection: close\r\n").Header("Connection"), "close");
  EXPECT_TRUE(client.AtEnd());

  HttpClient old = Connect();
  EXPECT_EQ(old.AskRaw("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").Header("Connection"),
            "keep-alive");
  EXPECT_EQ(old.AskRaw("GET / HTTP/1.0\r\n\r\n").Header("Connection"), "close");
  EXPECT_TRUE(old.AtEnd());
}

TEST_F(ServerTest, AnswersPipelinedRequestsInOrder) {
  Start();
  HttpClient client = Connect();
  std::string requests;
  for (int i = 0; i < 100; ++i) {
    // The slower kind among the faster one: order must come from the server.
    const std::string path = i % 3 == 0 ? "/pool-echo" : "/echo";
    requests += "GET " + path + "?" + std::to_string(i) + " HTTP/1.1\r\nHost: test\r\n\r\n";
  }
  ASSERT_TRUE(client.Send(requests));
  for (int i = 0; i < 100; ++i) {
    const std::string path = i % 3 == 0 ? "/pool-echo" : "/echo";
    ASSERT_EQ(client.Read().body, "GET|" + path + "|" + std::to_string(i) + "||||");
  }
}

TEST_F(ServerTest, ReadsRequestsThatArriveByteByByte) {
  Start();
  HttpClient client = Connect();
  const std::string request =
      "GET /echo?split HTTP/1.1\r\nHost: test\r\nAccept: a\r\nContent-Length: 3\r\n\r\nabc";
  for (int i = 0; i < 2; ++i) {
    for (const char byte : request) ASSERT_TRUE(client.Send({&byte, 1}));
    EXPECT_EQ(client.Read().body, "GET|/echo|split|a|||");
  }
}

TEST_F(ServerTest, ReadsAndDropsSmallBodies) {
  Start();
  HttpClient client = Connect();
  EXPECT_EQ(client.AskRaw("GET /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nGET ").status, 200);
  EXPECT_EQ(client.AskRaw("\r\nGET /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n").status, 200);
  const std::string full(4096, 'b');
  EXPECT_EQ(client.AskRaw("GET /echo?b HTTP/1.1\r\nHost: a\r\nContent-Length: 4096\r\n\r\n" + full).body,
            "GET|/echo|b||||");
  EXPECT_EQ(client.Ask("/").body, "hello\n");
}

TEST_F(ServerTest, SaysContinueToThoseWhoWaitForIt) {
  Start();
  HttpClient client = Connect();
  ASSERT_TRUE(
      client.Send("GET /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n"));
  EXPECT_EQ(client.Read(false).status, 100);
  EXPECT_EQ(client.AskRaw("abc").body, "GET|/echo|||||");
  // Sent at once: no need to say it.
  EXPECT_EQ(client.Ask("/echo", "Expect: 100-continue\r\n").status, 200);
  EXPECT_EQ(client.Ask("/echo", "Expect: 200-ok\r\n").status, 417);
}

TEST_F(ServerTest, ThrowingHandlerIsLoggedAndTellsTheClientNothing) {
  Start();
  HttpClient client = Connect();
  const Answer answer = client.Ask("/throw");
  EXPECT_EQ(answer.status, 500);
  EXPECT_EQ(answer.body.find("secret"), std::string::npos);
  EXPECT_TRUE(log_.Await("path=/throw error=a secret of the inside"));
  EXPECT_EQ(client.Ask("/").status, 200);
}

TEST_F(ServerTest, RepliesLaterFromAnotherThreadInAnyOrder) {
  Start();
  HttpClient first = Connect();
  HttpClient second = Connect();
  ASSERT_TRUE(
      first.Send("GET /later HTTP/1.1\r\nHost: a\r\nx-prometheus-scrape-timeout-seconds: 10\r\n\r\n"));
  const auto [reply_first, timeout] = TakeReply();
  ASSERT_TRUE(reply_first);
  EXPECT_EQ(timeout, "10");
  ASSERT_TRUE(second.Send("GET /later HTTP/1.1\r\nHost: a\r\n\r\n"));
  const auto later = TakeReply();
  ASSERT_TRUE(later.first);
  EXPECT_EQ(later.second, "");
  EXPECT_EQ(Connect().Ask("/-/healthy").body, "ok\n");
  HttpResponse response;
  response.tail = "late\n";
  std::thread([&] { later.first(response); }).join();
  EXPECT_EQ(second.Read().body, "late\n");
  reply_first(response);
  EXPECT_EQ(first.Read().body, "late\n");
  EXPECT_EQ(first.Ask("/").status, 200);
}

TEST_F(ServerTest, ReplyToAClientThatHasGoneIsDropped) {
  Start();
  Reply reply;
  {
    HttpClient gone = Connect();
    ASSERT_TRUE(gone.Send("GET /later HTTP/1.1\r\nHost: a\r\n\r\n"));
    reply = TakeReply().first;
    ASSERT_TRUE(reply);
  }
  reply(HttpResponse());
  EXPECT_EQ(Connect().Ask("/").status, 200);
}

TEST_F(ServerTest, ThrowingLaterHandlerIsLoggedAndTellsTheClientNothing) {
  Start();
  HttpClient client = Connect();
  EXPECT_EQ(client.Ask("/throw-later").status, 500);
  EXPECT_TRUE(log_.Await("path=/throw-later error=a secret of the inside"));
  EXPECT_EQ(client.Ask("/").status, 200);
}

TEST_F(ServerTest, SlowPoolHandlerDelaysNobodyElse) {
  Start();
  HttpClient slow = Connect();
  ASSERT_TRUE(slow.Send("GET /pool HTTP/1.1\r\nHost: a\r\n\r\n"));
  ASSERT_TRUE(AwaitPool());
  EXPECT_EQ(Connect().Ask("/-/healthy").body, "ok\n");
  Release();
  EXPECT_EQ(slow.Read().body, "from the pool\n");
}

TEST_F(ServerTest, ObservesEachAnswerOnce) {
  Start();
  HttpClient client = Connect();
  client.Ask("/echo?x");
  client.Ask("/pool-echo", "", "HEAD");
  client.Ask("/nowhere");
  client.Ask("/", "", "PUT");
  client.AskRaw("nonsense\r\n\r\n");
  EXPECT_EQ(observations_.Await(5),
            (std::vector<std::string>{"/echo 200", "/pool-echo 200", "other 404", "/ 405", "other 400"}));
}

TEST_F(ServerTest, ServesManyClientsAtOnce) {
  options_.pool_threads = 2;
  Start();
  const std::string address = server_->Addresses().front();
  std::vector<std::thread> clients;
  clients.reserve(8);
  for (int c = 0; c < 8; ++c) {
    clients.emplace_back([&address, c] {
      HttpClient client(address);
      for (int i = 0; i < 100; ++i) {
        const std::string query = std::to_string(c * 1000 + i);
        ASSERT_EQ(client.Ask("/pool-echo?" + query).body, "GET|/pool-echo|" + query + "||||");
        ASSERT_EQ(client.Ask("/echo?" + query).body, "GET|/echo|" + query + "||||");
      }
    });
  }
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(observations_.Await(1600).size(), 1600u);
}

TEST_F(ServerTest, HalfClosedClientGetsItsAnswer) {
  Start();
  HttpClient client = Connect();
  ASSERT_TRUE(client.Send("GET /pool-echo?half HTTP/1.1\r\nHost: a\r\n\r\n"));
  client.CloseSending();
  EXPECT_EQ(client.Read().body, "GET|/pool-echo|half||||");
  EXPECT_TRUE(client.AtEnd());
}

}  // namespace
}  // namespace buntime::testing
