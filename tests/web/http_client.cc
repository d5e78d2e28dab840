#include "web/http_client.h"

#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
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
  if (connect(fd_, found->ai_addr, found->ai_addrlen) != 0) {
    close(fd_);
    fd_ = -1;
  }
  freeaddrinfo(found);
}

HttpClient::HttpClient(HttpClient&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), unread_(std::move(other.unread_)) {}

HttpClient::~HttpClient() {
  if (fd_ >= 0) close(fd_);
}

bool HttpClient::Send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

bool HttpClient::Fill() {
  std::array<char, 65536> piece;
  if (!Await(fd_, POLLIN)) return false;
  const ssize_t got = recv(fd_, piece.data(), piece.size(), 0);
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
  return unread_.empty() && Await(fd_, POLLIN) && recv(fd_, &byte, 1, 0) <= 0;
}

bool HttpClient::HasNews(int milliseconds) { return !unread_.empty() || Await(fd_, POLLIN, milliseconds); }

bool HttpClient::WasReset() {
  // No events are asked for: only an error or a hang-up of both directions ends this wait.
  return Await(fd_, 0);
}

void HttpClient::CloseSending() { shutdown(fd_, SHUT_WR); }

void HttpClient::Reset() {
  const linger now{1, 0};
  setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  close(std::exchange(fd_, -1));
}

}  // namespace buntime::testing
