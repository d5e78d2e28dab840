// Many transfers on one thread: connections kept, transfers started and cancelled at any moment, waiting.
#include <atomic>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "fetch/fetch_case.h"
#include "fetch/resolver.h"

namespace buntime {
namespace {

using namespace std::chrono_literals;
using testing::Always;
using testing::Answer;
using testing::Connection;
using testing::FetchCase;
using testing::MoveName;
using testing::ScriptServer;

class Connections : public FetchCase {};

void Unexpected(const ExchangeResult&) { ADD_FAILURE() << "called back"; }

TEST_F(Connections, AreKeptAndUsedAgain) {
  ScriptServer server(Always(Answer("{}")));
  for (int i = 0; i < 5; ++i) ExpectAnswer(Run(Get(server.url())), 200, "{}");
  EXPECT_EQ(server.accepted(), 1);
  EXPECT_EQ(server.requests().size(), 5U);
}

TEST_F(Connections, EndAfterTheirLifetimeSoThatANameThatMovedIsNoticed) {
  ScriptServer server(Always(Answer("{}")));
  fetcher_ = MakeCurlFetcher("buntime-exporter/1.2.3", log_, 1s);
  const Request request = Get("http://moving.test:" + std::to_string(server.port()));
  MoveName("127.0.0.1");
  ExpectAnswer(Run(request), 200, "{}");
  MoveName("127.0.0.2");  // where nothing listens on this port
  std::optional<ExchangeResult> latest;
  EXPECT_TRUE(WaitUntil([&] {
    latest = Run(request);
    return !latest->ok();
  })) << "still the old server";
  EXPECT_EQ(latest->error().outcome, Outcome::kConnect);
  MoveName("127.0.0.1");
  ExpectAnswer(Run(request), 200, "{}");
  EXPECT_EQ(server.accepted(), 2);
}

TEST_F(Connections, ThatAreNotUsedAnyMoreAreClosedWhileOthersAreUsed) {
  constexpr int kLeft = 20;
  std::atomic<int> closed = 0;
  std::vector<std::unique_ptr<ScriptServer>> left;  // of each a connection, whichever cache keeps it
  for (int i = 0; i < kLeft; ++i) {
    left.push_back(std::make_unique<ScriptServer>([&](Connection& connection) {
      connection.ReadRequest();
      connection.Send(Answer("{}"));
      connection.AwaitClose();
      ++closed;
    }));
  }
  ScriptServer used(Always(Answer("{}")));
  fetcher_ = MakeCurlFetcher("buntime-exporter/1.2.3", log_, 1s);
  for (const auto& server : left) ExpectAnswer(Run(Get(server->url())), 200, "{}");
  const auto start = std::chrono::steady_clock::now();
  EXPECT_TRUE(WaitUntil([&] {
    ExpectAnswer(Run(Get(used.url())), 200, "{}");
    return closed == kLeft;
  }));
  EXPECT_LT(std::chrono::steady_clock::now() - start, 9s) << "after ten the server closes them";
}

TEST_F(Connections, ThatTheServerClosedAreReplaced) {
  ScriptServer server([](Connection& connection) {
    connection.ReadRequest();
    connection.Send(Answer("{}"));
    // Closed without notice: the fetcher believes it can be used again.
  });
  for (int i = 0; i < 3; ++i) ExpectAnswer(Run(Get(server.url())), 200, "{}");
  EXPECT_EQ(server.accepted(), 3);
}

TEST_F(Connections, HandlesThatAreUsedAgainForgetTheLastRequest) {
  ScriptServer server(Always(Answer("{}")));
  Request limited = Get(server.url());
  limited.max_body = 1;
  EXPECT_FALSE(Run(limited).ok());
  ExpectAnswer(Run(Get(server.url())), 200, "{}");
}

TEST_F(Connections, TwoHundredAtOnce) {
  // None is answered before all have asked, so they cannot have run one after the other.
  constexpr int kTransfers = 200;
  std::atomic<int> asked = 0;
  ScriptServer server([&](Connection& connection) {
    if (!connection.ReadRequest()) return;
    ++asked;
    while (asked < kTransfers) {
      if (!connection.StaysOpenFor(10ms)) return;
    }
    connection.Send(Answer(std::to_string(connection.number())));
  });
  std::set<std::string> bodies;
  int ended = 0;
  for (int i = 0; i < kTransfers; ++i) {
    fetcher_->Start(Get(server.url(), 20s), [&](const ExchangeResult& result) {
      ++ended;
      ASSERT_TRUE(result.ok()) << result.error().message;
      bodies.insert(result->body);
    });
  }
  EXPECT_TRUE(WaitUntil([&] { return ended == kTransfers; }));
  EXPECT_EQ(bodies.size(), std::size_t{kTransfers});
}

TEST_F(Connections, OneThatHangsHoldsNoOtherUp) {
  ScriptServer hangs([](Connection& connection) { connection.AwaitClose(); });
  ScriptServer answers(Always(Answer("{}")));
  const auto id = fetcher_->Start(Get(hangs.url()), Unexpected);
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < 10; ++i) ExpectAnswer(Run(Get(answers.url())), 200, "{}");
  EXPECT_LT(std::chrono::steady_clock::now() - start, 5s);
  fetcher_->Cancel(id);
}

TEST_F(Connections, CancelClosesAndNeverCallsBack) {
  std::atomic<bool> asked = false;
  std::atomic<bool> closed = false;
  ScriptServer server([&](Connection& connection) {
    connection.ReadRequest();
    asked = true;
    connection.AwaitClose();
    closed = true;
  });
  const auto id = fetcher_->Start(Get(server.url()), Unexpected);
  ASSERT_TRUE(WaitUntil([&] { return asked.load(); }));
  fetcher_->Cancel(id);
  EXPECT_TRUE(WaitUntil([&] { return closed.load(); }));
  fetcher_->Cancel(id);
  fetcher_->Cancel(12345);
}

TEST_F(Connections, CancelReachesWhatHasEndedAlready) {
  const auto id = fetcher_->Start(Get("not a url"), Unexpected);
  fetcher_->Cancel(id);
  fetcher_->Wait(0s);
}

TEST_F(Connections, CallbacksMayStartAndCancel) {
  ScriptServer server(Always(Answer("{}")));
  ScriptServer hangs([](Connection& connection) { connection.AwaitClose(); });
  const auto hanging = fetcher_->Start(Get(hangs.url()), Unexpected);
  int left = 5;
  Fetcher::Done again = [&](const ExchangeResult& result) {
    EXPECT_TRUE(result.ok());
    fetcher_->Cancel(hanging);
    if (--left > 0) fetcher_->Start(Get(server.url()), again);
  };
  fetcher_->Start(Get(server.url()), again);
  EXPECT_TRUE(WaitUntil([&] { return left == 0; }));
}

TEST_F(Connections, OneCallbackMayCancelTheOtherThatEndedWithIt) {
  int called = 0;
  Fetcher::TransferId first = 0;
  Fetcher::TransferId second = 0;
  first = fetcher_->Start(Get("no url"), [&](const ExchangeResult&) { ++called, fetcher_->Cancel(second); });
  second = fetcher_->Start(Get("no url"), [&](const ExchangeResult&) { ++called, fetcher_->Cancel(first); });
  fetcher_->Wait(0s);
  fetcher_->Wait(0s);
  EXPECT_EQ(called, 1);
}

TEST_F(Connections, AFailureThatStartsItselfAgainDoesNotKeepWaitBusy) {
  int called = 0;
  Fetcher::Done again = [&](const ExchangeResult&) {
    ++called;
    fetcher_->Start(Get("no url"), again);
  };
  fetcher_->Start(Get("no url"), again);
  fetcher_->Wait(10s);
  EXPECT_EQ(called, 1);
  fetcher_->Wait(10s);
  EXPECT_EQ(called, 2);
}

TEST_F(Connections, AWaitRunsCallbacksForABoundedTime) {
  constexpr int kTransfers = 30;
  int called = 0;
  for (int i = 0; i < kTransfers; ++i) {
    fetcher_->Start(Get("no url"), [&](const ExchangeResult&) {
      ++called;
      const auto end = std::chrono::steady_clock::now() + 10ms;  // as if it read a large answer
      while (std::chrono::steady_clock::now() < end) {
      }
    });
  }
  for (int before = 0; called < kTransfers; before = called) {
    fetcher_->Wait(10s);
    ASSERT_GT(called, before);
    ASSERT_LE(called, before + 5) << "so long is the caller kept from what else it has to do";
  }
}

TEST_F(Connections, AnAddressGoesToThoseThatWaitForItsName) {
  ScriptServer server(Always(Answer("{}")));
  const std::string port = ":" + std::to_string(server.port());
  int good = 0;
  int missing = 0;
  int cancelled = 0;
  for (int i = 0; i < 20; ++i) {
    fetcher_->Start(Get("http://runtime.test" + port),
                    [&](const auto& result) { good += result.ok() ? 1 : 0; });
    fetcher_->Start(Get("http://missing.test" + port), [&](const auto& result) {
      missing += !result.ok() && result.error().outcome == Outcome::kDns ? 1 : 0;
    });
    fetcher_->Cancel(fetcher_->Start(Get("http://runtime.test" + port), [&](const auto&) { ++cancelled; }));
  }
  EXPECT_TRUE(WaitUntil([&] { return good == 20 && missing == 20; }));
  EXPECT_EQ(cancelled, 0);
}

TEST_F(Connections, WaitReturnsInTimeWithNothingToDo) {
  const auto start = std::chrono::steady_clock::now();
  fetcher_->Wait(50ms);
  const auto waited = std::chrono::steady_clock::now() - start;
  EXPECT_GE(waited, 45ms);
  EXPECT_LT(waited, 5s);
}

TEST_F(Connections, WakeupEndsAWait) {
  const auto start = std::chrono::steady_clock::now();
  std::thread waker([&] { fetcher_->Wakeup(); });
  fetcher_->Wait(30s);  // it does not matter which of the two comes first
  waker.join();
  EXPECT_LT(std::chrono::steady_clock::now() - start, 10s);
}

TEST_F(Connections, TheEndWaitsForNobody) {
  ScriptServer hangs([](Connection& connection) { connection.AwaitClose(); });
  for (int i = 0; i < 20; ++i) fetcher_->Start(Get(hangs.url()), Unexpected);
  fetcher_->Wait(10ms);
  const auto start = std::chrono::steady_clock::now();
  fetcher_.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - start, 5s);
}

}  // namespace
}  // namespace buntime
