// A server on loopback with the routes that the tests of this folder share. Main thread only, but for the
// log.
#pragma once

#include <gtest/gtest.h>

#include <condition_variable>
#include <deque>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/log.h"
#include "web/http_client.h"
#include "web/server.h"

namespace buntime::testing {

/// The bcrypt hash, cost 4, of "secret", and the header of the user "prom" with that password.
inline constexpr const char* kHash = "$2y$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW";
inline const std::string kGood = "Authorization: Basic cHJvbTpzZWNyZXQ=\r\n";

inline const std::string kGet = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
inline const std::string kGetLarge = "GET /large HTTP/1.1\r\nHost: a\r\n\r\n";
inline const std::string kGetPool = "GET /pool HTTP/1.1\r\nHost: a\r\n\r\n";
inline const HttpClient::Options kSmallBuffer{.receive_buffer = 4096};

/// Collects lines for a later look. Thread-safe.
class LogLines final : public Log {
 public:
  void Write(LogLevel, std::string_view message, std::initializer_list<LogField> fields) override;
  /// Waits until `count` lines contain `text`; false when they do not come.
  bool Await(std::string_view text, std::size_t count = 1);
  std::size_t Count(std::string_view text);

 private:
  std::size_t CountLocked(std::string_view text) const;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> lines_;
};

/// What the observer was told. Thread-safe.
class Observations {
 public:
  AccessObserver Observer();
  /// Waits until `count` answers were observed and returns them as "path status".
  std::vector<std::string> Await(std::size_t count);

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> seen_;
};

class ServerTest : public ::testing::Test {
 protected:
  static constexpr std::size_t kLargeBytes = 33'554'432;  // more than the kernel buffers between two sockets

  ServerTest();

  /// Starts with `options_` and the shared routes:
  /// "/" inline "hello\n"; "/shared" inline, for pages of other origins; "/-/healthy" inline "ok\n", open;
  /// "/echo" inline, what it saw of the request;
  /// "/throw" inline; "/pool" on the pool, waits for Release; "/later" replies when TakeReply's result is
  /// called; "/throw-later"; "/large" inline, `large_` as shared body and a tail; "/own-large" as large, not
  /// shared.
  void Start();
  HttpClient Connect() const { return HttpClient(server_->Addresses().front()); }
  /// Blocks until `count` handlers of /pool have begun.
  bool AwaitPool(int count = 1);
  /// Lets all handlers of /pool end, those that run and those that come.
  void Release();
  /// Waits for the handler of /later, and returns the reply of its request, which waits for the number of
  /// seconds that it was called with; empty when none comes.
  std::pair<Reply, std::string> TakeReply();

  LogLines log_;
  Observations observations_;
  ServerOptions options_;
  std::shared_ptr<const std::string> large_;  // one string for all tests, counted anew in each

 private:
  HttpResponse WaitInPool();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::pair<Reply, std::string>> later_;
  int in_pool_ = 0;
  bool released_ = false;

 protected:
  std::unique_ptr<Server> server_;  // last: stops before what its handlers use goes
};

}  // namespace buntime::testing
