// A blocking HTTP client for tests that need to see and send exact bytes. Every wait ends after kPatience, so
// a server that hangs fails a test instead of hanging it. One thread a client.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

struct ssl_st;

namespace buntime::testing {

struct Answer {
  int status = 0;  // 0: the connection ended before a whole answer
  std::string head;
  std::string body;

  /// The value of a header, "(none)" when absent.
  std::string Header(std::string_view name) const;
};

class HttpClient {
 public:
  struct Options {
    int receive_buffer = 0;    // 0: the system's choice
    std::string source = {};   // the address to connect from; empty: the system's choice
    std::string ca_file = {};  // not empty: over TLS, with a server that this CA signed
  };

  /// Connects to an address as Server::Addresses prints it; connected() tells whether that worked.
  explicit HttpClient(const std::string& address) : HttpClient(address, Options()) {}
  HttpClient(const std::string& address, Options options);
  HttpClient(HttpClient&& other) noexcept;
  HttpClient& operator=(HttpClient&&) = delete;
  ~HttpClient();

  /// Over TLS: the handshake included.
  bool connected() const { return fd_ >= 0; }

  /// False when the server does not take it any more.
  bool Send(std::string_view bytes);
  /// The next answer; `has_body` false after HEAD.
  Answer Read(bool has_body = true);
  /// Sends "<method> <target> HTTP/1.1" with Host and `headers` (each ending with CR LF), and reads the
  /// answer.
  Answer Ask(std::string_view target, std::string_view headers = "", std::string_view method = "GET");
  /// What comes up to and with `mark`; nothing when that does not come.
  std::string ReadPast(std::string_view mark);
  /// Sends `bytes` and reads the answer.
  Answer AskRaw(std::string_view bytes);

  /// True once the server has closed or reset the connection, with nothing unread before that.
  bool AtEnd();
  /// Whether something (also an end) arrives within `milliseconds`.
  bool HasNews(int milliseconds);
  /// True once the server has torn the connection down (reset) within `milliseconds`, whatever is unread.
  bool WasReset(int milliseconds = 20'000);
  void CloseSending();
  /// Closes so that the server sees a reset.
  void Reset();

 private:
  bool Fill();
  bool StartTls(const std::string& ca_file);

  struct FreeTls {
    void operator()(ssl_st* session) const;
  };

  int fd_ = -1;
  std::unique_ptr<ssl_st, FreeTls> tls_;  // null: plain
  std::string unread_;
};

}  // namespace buntime::testing
