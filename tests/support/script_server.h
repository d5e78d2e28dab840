// A TCP server whose every answer a test writes byte for byte: what no well-behaved HTTP library would send.
// Each connection is served by the test's script on a thread of its own. All waiting has a deadline, nothing
// sleeps.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace buntime::testing {

/// A non-blocking socket and the event that ends all waiting; owned by the server.
struct Wire {
  int fd = -1;
  int stop = -1;
  /// False when ten seconds pass, or the server stops.
  bool Await(short events, std::chrono::milliseconds at_most = std::chrono::seconds(10)) const;
};

/// How bytes travel over a wire; TLS is one of the ways. Nullopt and false: nothing travels any more.
class Channel {
 public:
  virtual ~Channel() = default;
  virtual std::optional<std::string> Receive() = 0;
  virtual bool Send(std::string_view bytes) = 0;
};

/// One accepted connection, as a script sees it.
class Connection {
 public:
  using Record = std::function<void(std::string)>;
  Connection(Wire wire, int number, std::unique_ptr<Channel> channel, Record record);

  /// The next request's head, the empty line included; nullopt when none comes any more.
  std::optional<std::string> ReadRequest();
  bool Send(std::string_view bytes) { return channel_->Send(bytes); }
  /// Lets `pause` pass; false when the peer closed or the server stopped meanwhile.
  bool StaysOpenFor(std::chrono::milliseconds pause);
  /// Returns when the peer closes or the server stops.
  void AwaitClose();
  /// Makes the end of the script a reset instead of an orderly close.
  void Reset();
  /// 0 for the first connection of the server.
  int number() const { return number_; }

 private:
  const Wire wire_;
  const int number_;
  const std::unique_ptr<Channel> channel_;
  const Record record_;
  std::string unread_;
};

class ScriptServer {
 public:
  using Script = std::function<void(Connection&)>;
  /// Makes the channel of an accepted socket; null when that fails.
  using Wrap = std::function<std::unique_ptr<Channel>(Wire)>;

  explicit ScriptServer(Script script, Wrap wrap = nullptr);
  ~ScriptServer();
  ScriptServer(const ScriptServer&) = delete;
  ScriptServer& operator=(const ScriptServer&) = delete;

  int port() const { return port_; }
  /// "http://127.0.0.1:PORT/stats"
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/stats"; }
  int accepted() const { return accepted_; }
  /// Heads of the requests that scripts have read, in that order.
  std::vector<std::string> requests() const;

 private:
  void Accept();
  void Serve(int fd, int number);

  const Script script_;
  const Wrap wrap_;
  const int stop_;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<int> accepted_ = 0;
  mutable std::mutex mutex_;
  std::vector<std::string> requests_;  // guarded by mutex_
  std::vector<std::thread> servings_;  // of the accepting thread, and after it the destructor's
  std::thread acceptor_;
};

/// An HTTP/1.1 answer with its Content-Length; `headers` end in CRLF each.
std::string Answer(std::string_view body, std::string_view headers = {}, std::string_view status = "200 OK");

}  // namespace buntime::testing
