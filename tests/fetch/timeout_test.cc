// The deadline covers the whole exchange, and the message says what it was spent on.
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "fetch/fetch_case.h"
#include "fetch/resolver.h"

namespace buntime {
namespace {

using namespace std::chrono_literals;
using testing::Answer;
using testing::Authority;
using testing::Connection;
using testing::FetchCase;
using testing::HangingName;
using testing::ScriptServer;

constexpr auto kShort = 150ms;

class Timeouts : public FetchCase {
 protected:
  static std::string TimedOut(const std::string& authority, const std::string& phase) {
    return authority + " did not answer within 150ms: timed out while " + phase;
  }
};

// Accepts nobody: once its queue is full, the kernel leaves further clients without an answer.
class FullListener {
 public:
  explicit FullListener(in_addr_t host = INADDR_LOOPBACK, int port = 0)
      : listener_(socket(AF_INET, SOCK_STREAM, 0)) {
    address_.sin_family = AF_INET;
    address_.sin_addr.s_addr = htonl(host);
    address_.sin_port = htons(static_cast<in_port_t>(port));
    socklen_t size = sizeof address_;
    EXPECT_EQ(bind(listener_, Generic(), size), 0);
    EXPECT_EQ(listen(listener_, 0), 0);
    EXPECT_EQ(getsockname(listener_, Generic(), &size), 0);
    bool full = false;
    while (!full && clients_.size() < 64) {
      const int client = clients_.emplace_back(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
      static_cast<void>(connect(client, Generic(), size));  // poll tells what came of it
      pollfd connected{client, POLLOUT, 0};
      full = poll(&connected, 1, 100) == 0;
    }
    EXPECT_TRUE(full);
  }
  ~FullListener() {
    for (const int client : clients_) close(client);
    close(listener_);
  }
  FullListener(const FullListener&) = delete;
  FullListener& operator=(const FullListener&) = delete;
  std::string authority() const { return "127.0.0.1:" + std::to_string(ntohs(address_.sin_port)); }

 private:
  sockaddr* Generic() { return reinterpret_cast<sockaddr*>(&address_); }

  const int listener_;
  sockaddr_in address_{};
  std::vector<int> clients_;
};

TEST_F(Timeouts, WhileResolving) {
  HangingName hanging;
  Request request = Get("http://hang.test:8000/", kShort);
  request.timings = std::make_shared<Timings>();
  ExpectError(Run(request), Outcome::kTimeout, TimedOut("hang.test:8000", "resolving the host name"));
  EXPECT_GE(request.timings->total, kShort);
}

TEST_F(Timeouts, WhileConnecting) {
  const FullListener listener;
  ExpectError(Run(Get("http://" + listener.authority() + "/", kShort)), Outcome::kTimeout,
              TimedOut(listener.authority(), "connecting"));
}

TEST_F(Timeouts, AnAddressThatRefusesLateIsFollowedByTheNextAtOnce) {
  ScriptServer server(testing::Always(Answer("{}")));  // on 127.0.0.1
  std::optional<FullListener> silent(std::in_place, INADDR_LOOPBACK + 1, server.port());
  std::optional<ExchangeResult> result;
  fetcher_->Start(Get("http://two.test:" + std::to_string(server.port()), 60s),
                  [&](ExchangeResult r) { result = std::move(r); });
  for (const auto end = std::chrono::steady_clock::now() + 200ms; std::chrono::steady_clock::now() < end;)
    fetcher_->Wait(10ms);
  EXPECT_FALSE(result) << "tried 127.0.0.2 first, which does not answer";
  silent.reset();  // refuses when the kernel asks again, after a second or three
  EXPECT_TRUE(WaitUntil([&] { return result.has_value(); }));
  if (result) ExpectAnswer(*result, 200, "{}");
}

TEST_F(Timeouts, WhileNegotiatingTls) {
  ScriptServer server([](Connection& connection) { connection.AwaitClose(); });
  ExpectError(Run(Get("https://" + Authority(server) + "/", kShort)), Outcome::kTimeout,
              TimedOut(Authority(server), "negotiating TLS"));
}

TEST_F(Timeouts, BeforeTheFirstByte) {
  ScriptServer server([](Connection& connection) {
    connection.ReadRequest();
    connection.AwaitClose();
  });
  ExpectError(Run(Get(server.url(), kShort)), Outcome::kTimeout,
              TimedOut(Authority(server), "waiting for the first byte of the answer"));
}

TEST_F(Timeouts, WithinTheBody) {
  ScriptServer server([](Connection& connection) {
    connection.ReadRequest();
    connection.Send("HTTP/1.1 200 OK\r\nContent-Length: 4096\r\n\r\n{\"pool\":");
    connection.AwaitClose();
  });
  ExpectError(Run(Get(server.url(), kShort)), Outcome::kTimeout,
              TimedOut(Authority(server), "receiving the answer (8 of 4096 bytes came)"));
}

TEST_F(Timeouts, EachByteDoesNotBuyMoreTime) {
  ScriptServer server([](Connection& connection) {
    connection.ReadRequest();
    connection.Send("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
    while (connection.StaysOpenFor(20ms) && connection.Send(" ")) {
    }
  });
  const auto start = std::chrono::steady_clock::now();
  ExpectError(Run(Get(server.url(), kShort)), Outcome::kTimeout,
              TimedOut(Authority(server), "receiving the answer (* of 100000 bytes came)"));
  EXPECT_LT(std::chrono::steady_clock::now() - start, 5s);
}

TEST_F(Timeouts, ASlowAnswerInTimeIsGood) {
  ScriptServer server([](Connection& connection) {
    connection.ReadRequest();
    for (const char c : Answer("{\"pool\":{}}")) {
      if (!connection.StaysOpenFor(1ms) || !connection.Send(std::string(1, c))) return;
    }
  });
  ExpectAnswer(Run(Get(server.url())), 200, "{\"pool\":{}}");
}

TEST_F(Timeouts, NeitherStartNorTheEndWaitForAName) {
  HangingName hanging;
  const auto start = std::chrono::steady_clock::now();
  const auto first = fetcher_->Start(Get("http://hang.test/"), [](const ExchangeResult&) { ADD_FAILURE(); });
  fetcher_->Start(Get("http://hang.test/"), [](const ExchangeResult&) { ADD_FAILURE(); });
  fetcher_->Wait(10ms);
  fetcher_->Cancel(first);
  fetcher_.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - start, 5s);
}

TEST_F(Timeouts, NamesThatHangLeaveRoomForThoseThatWereAnswered) {
  ScriptServer server([](Connection& connection) {
    connection.ReadRequest();
    connection.Send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}");
  });
  const std::string known = "http://runtime.test:" + std::to_string(server.port()) + "/";
  ExpectAnswer(Run(Get(known)), 200, "{}");
  HangingName hanging;
  constexpr int kNames = 200;
  int resolving = 0;
  int waited = 0;
  int ended = 0;
  for (int i = 0; i < kNames; ++i) {
    fetcher_->Start(
        Get("http://hang" + std::to_string(i) + ".test:8000/", 1s), [&](const ExchangeResult& result) {
          ++ended;
          ASSERT_FALSE(result.ok());
          EXPECT_EQ(Name(result.error().outcome), Name(Outcome::kTimeout));
          const std::string& told = result.error().message;
          resolving +=
              told.ends_with("did not answer within 1s: timed out while resolving the host name") ? 1 : 0;
          waited += told.find("waited for its turn, for at most 24 names") != std::string::npos ? 1 : 0;
        });
  }
  EXPECT_TRUE(WaitUntil([] { return HangingName::waiting() == 24; }));
  ExpectAnswer(Run(Get(known)), 200, "{}");
  EXPECT_TRUE(WaitUntil([&] { return ended == kNames; }));
  EXPECT_EQ(HangingName::waiting(), 24);
  EXPECT_EQ(resolving, 24);
  EXPECT_EQ(waited, kNames - 24);
}

}  // namespace
}  // namespace buntime
