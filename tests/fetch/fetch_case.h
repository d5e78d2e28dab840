// What the fetcher's tests share: a real fetcher, a log that keeps its lines, and a way to run one exchange.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "fetch/fetcher.h"
#include "support/fake_log.h"
#include "support/script_server.h"

namespace buntime::testing {

using namespace std::chrono_literals;

inline void WriteFile(const std::string& path, const std::string& content) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << content;
}

class FetchCase : public ::testing::Test {
 protected:
  FetchCase() { std::signal(SIGPIPE, SIG_IGN); }

  static Request Get(std::string url, Duration timeout = 10s) {
    Request request;
    request.url = std::move(url);
    request.timeout = timeout;
    request.max_body = 1 << 20;
    return request;
  }

  /// Waits until `done` holds; false after twenty seconds.
  template <class Condition>
  bool WaitUntil(const Condition& done) {
    const auto deadline = std::chrono::steady_clock::now() + 20s;
    while (!done()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      fetcher_->Wait(100ms);
    }
    return true;
  }

  ExchangeResult Run(const Request& request) {
    std::optional<ExchangeResult> result;
    fetcher_->Start(request, [&](ExchangeResult r) { result = std::move(r); });
    EXPECT_FALSE(result.has_value()) << "called back from Start";
    if (!WaitUntil([&] { return result.has_value(); })) {
      ADD_FAILURE() << "no result";
      return PollError{};
    }
    return *std::move(result);
  }

  void ExpectAnswer(const ExchangeResult& result, int status, const std::string& body) {
    ASSERT_TRUE(result.ok()) << result.error().message;
    EXPECT_EQ(result->status, status);
    EXPECT_EQ(result->body, body);
  }

  /// `message` may contain one `*` for what differs from run to run.
  void ExpectError(const ExchangeResult& result, Outcome outcome, const std::string& message) {
    ASSERT_FALSE(result.ok()) << "status " << result->status;
    EXPECT_EQ(Name(result.error().outcome), Name(outcome)) << result.error().message;
    const std::size_t star = message.find('*');
    const std::string& told = result.error().message;
    if (star == std::string::npos) {
      EXPECT_EQ(told, message);
      return;
    }
    const std::string tail = message.substr(star + 1);
    EXPECT_TRUE(told.starts_with(message.substr(0, star)) && told.ends_with(tail) &&
                told.size() + 1 >= message.size())
        << "told:   " << told << "\nwanted: " << message;
  }

  FakeLog log_;
  std::unique_ptr<Fetcher> fetcher_ = MakeCurlFetcher("buntime-exporter/1.2.3", log_);
};

/// Answers every request of a connection with the same bytes.
inline ScriptServer::Script Always(std::string answer) {
  return [answer = std::move(answer)](Connection& connection) {
    while (connection.ReadRequest()) {
      if (!connection.Send(answer)) return;
    }
  };
}

inline std::string Authority(const ScriptServer& server) {
  return "127.0.0.1:" + std::to_string(server.port());
}

}  // namespace buntime::testing
