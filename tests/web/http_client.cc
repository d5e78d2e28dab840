#include "web/http_client.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <utility>

#include "base/text.h"

namespace buntime::testing {
namespace {

constexpr int kPatienceMs = 20'000;

bool Await(int fd, short events, int milliseconds = kPatienceMs) {
  pollfd waiting{fd, events, 0};
  return poll(&waiting, 1, milliseconds) == 1;
}

}  // namespace

std::string Answer::Header(std::string_view name) const {
  std::string_view rest = head;
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find("\r\n"));
    const std::size_t colon = line.find(':');
    if (colon != std::string_view::npos && EqualsIgnoringCase(line.substr(0, colon), name)) {
      return std::string(Trim(line.substr(colon + 1)));
    }
    rest.remove_prefix(line.size() + 2);
  }
  return "(none)";
}

HttpClient::HttpClient(const std::string& address, Options options) {
  const std::size_t colon = address.rfind(':');
  std::string host = address.substr(0, colon);
  if (host == "[::]" || host == "0.0.0.0") host = "127.0.0.1";
  if (host.front() == '[') host = host.substr(1, host.size() - 2);
  addrinfo hints = {};
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(host.c_str(), address.c_str() + colon + 1, &hints, &found) != 0) return;
  fd_ = socket(found->ai_family, SOCK_STREAM, 0);
  if (options.receive_buffer > 0) {
    setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &options.receive_buffer, sizeof options.receive_buffer);
  }
  if (!options.source.empty()) {
    sockaddr_in from = {};
    from.sin_family = AF_INET;
    inet_pton(AF_INET, options.source.c_str(), &from.sin_addr);
    bind(fd_, reinterpret_cast<const sockaddr*>(&from), sizeof from);
  }
  const bool connected = connect(fd_, found->ai_addr, found->ai_addrlen) == 0;
  if (!connected || (!options.ca_file.empty() && !StartTls(options.ca_file))) {
    close(fd_);
    fd_ = -1;
  }
  freeaddrinfo(found);
}

void HttpClient::FreeTls::operator()(ssl_st* session) const { SSL_free(session); }

bool HttpClient::StartTls(const std::string& ca_file) {
  SSL_CTX* const context = SSL_CTX_new(TLS_client_method());
  SSL_CTX_load_verify_locations(context, ca_file.c_str(), nullptr);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  tls_.reset(SSL_new(context));
  SSL_CTX_free(context);
  const timeval patience = {kPatienceMs / 1000, 0};
  setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  SSL_set_fd(tls_.get(), fd_);
  return SSL_connect(tls_.get()) == 1;
}

HttpClient::HttpClient(HttpClient&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), tls_(std::move(other.tls_)), unread_(std::move(other.unread_)) {}

HttpClient::~HttpClient() {
  if (fd_ >= 0) close(fd_);
}

bool HttpClient::Send(std::string_view bytes) {
  if (tls_) return SSL_write(tls_.get(), bytes.data(), static_cast<int>(bytes.size())) > 0;
  while (!bytes.empty()) {
    const ssize_t sent = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

bool HttpClient::Fill() {
  std::array<char, 65536> piece;
  if (!tls_ && !Await(fd_, POLLIN)) return false;
  const ssize_t got = tls_ ? SSL_read(tls_.get(), piece.data(), static_cast<int>(piece.size()))
                           : recv(fd_, piece.data(), piece.size(), 0);
  if (got <= 0) return false;
  unread_.append(piece.data(), static_cast<std::size_t>(got));
  return true;
}

Answer HttpClient::Read(bool has_body) {
  std::size_t end = 0;
  while ((end = unread_.find("\r\n\r\n")) == std::string::npos) {
    if (!Fill()) return {};
  }
  Answer answer;
  answer.head = unread_.substr(0, end + 2);
  unread_.erase(0, end + 4);
  const std::string length = answer.Header("Content-Length");
  const std::size_t size = has_body && length != "(none)" ? std::strtoul(length.c_str(), nullptr, 10) : 0;
  while (unread_.size() < size) {
    if (!Fill()) return {};
  }
  answer.body = unread_.substr(0, size);
  unread_.erase(0, size);
  answer.status = std::atoi(answer.head.c_str() + answer.head.find(' '));
  return answer;
}

Answer HttpClient::Ask(std::string_view target, std::string_view headers, std::string_view method) {
  std::string request(method);
  request.append(" ").append(target).append(" HTTP/1.1\r\nHost: test\r\n").append(headers).append("\r\n");
  return Send(request) ? Read(method != "HEAD") : Answer{};
}

std::string HttpClient::ReadPast(std::string_view mark) {
  std::size_t at = 0;
  while ((at = unread_.find(mark)) == std::string::npos) {
    if (!Fill()) return {};
  }
  std::string read = unread_.substr(0, at + mark.size());
  unread_.erase(0, read.size());
  return read;
}

Answer HttpClient::AskRaw(std::string_view bytes) { return Send(bytes) ? Read() : Answer{}; }

bool HttpClient::AtEnd() {
  char byte = 0;
  if (tls_) return unread_.empty() && SSL_read(tls_.get(), &byte, 1) <= 0;
  return unread_.empty() && Await(fd_, POLLIN) && recv(fd_, &byte, 1, 0) <= 0;
}

bool HttpClient::HasNews(int milliseconds) { return !unread_.empty() || Await(fd_, POLLIN, milliseconds); }

bool HttpClient::WasReset(int milliseconds) {
  // No events are asked for: only an error or a hang-up of both directions ends this wait.
  return Await(fd_, 0, milliseconds);
}

void HttpClient::CloseSending() { shutdown(fd_, SHUT_WR); }

void HttpClient::Reset() {
  const linger now{1, 0};
  setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  close(std::exchange(fd_, -1));
}

}  // namespace buntime::testing
