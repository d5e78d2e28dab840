#include "support/script_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <stdexcept>
#include <utility>

namespace buntime::testing {
namespace {

class PlainChannel final : public Channel {
 public:
  explicit PlainChannel(Wire wire) : wire_(wire) {}

  std::optional<std::string> Receive() override {
    std::string bytes(16384, '\0');
    for (;;) {
      const ssize_t got = recv(wire_.fd, bytes.data(), bytes.size(), 0);
      if (got > 0) {
        bytes.resize(static_cast<std::size_t>(got));
        return bytes;
      }
      if (got == 0 || errno != EAGAIN || !wire_.Await(POLLIN)) return std::nullopt;
    }
  }

  bool Send(std::string_view bytes) override {
    while (!bytes.empty()) {
      const ssize_t sent = send(wire_.fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent >= 0) {
        bytes.remove_prefix(static_cast<std::size_t>(sent));
      } else if (errno != EAGAIN || !wire_.Await(POLLOUT)) {
        return false;
      }
    }
    return true;
  }

 private:
  const Wire wire_;
};

}  // namespace

bool Wire::Await(short events, std::chrono::milliseconds at_most) const {
  std::array<pollfd, 2> wanted = {{{fd, events, 0}, {stop, POLLIN, 0}}};
  const int ready = poll(wanted.data(), wanted.size(), static_cast<int>(at_most.count()));
  return ready > 0 && wanted[1].revents == 0;
}

Connection::Connection(Wire wire, int number, std::unique_ptr<Channel> channel, Record record)
    : wire_(wire), number_(number), channel_(std::move(channel)), record_(std::move(record)) {}

std::optional<std::string> Connection::ReadRequest() {
  for (;;) {
    if (const std::size_t end = unread_.find("\r\n\r\n"); end != std::string::npos) {
      std::string head = unread_.substr(0, end + 4);
      unread_.erase(0, end + 4);
      record_(head);
      return head;
    }
    const auto more = channel_->Receive();
    if (!more) return std::nullopt;
    unread_ += *more;
  }
}

bool Connection::StaysOpenFor(std::chrono::milliseconds pause) {
  // A client that only waits sends nothing, so the first event is its end, or the server's.
  std::array<pollfd, 2> wanted = {{{wire_.fd, POLLIN, 0}, {wire_.stop, POLLIN, 0}}};
  return poll(wanted.data(), wanted.size(), static_cast<int>(pause.count())) == 0;
}

void Connection::AwaitClose() {
  while (channel_->Receive()) {
  }
}

void Connection::Reset() {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  setsockopt(wire_.fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

ScriptServer::ScriptServer(Script script, Wrap wrap)
    : script_(std::move(script)), wrap_(std::move(wrap)), stop_(eventfd(0, EFD_CLOEXEC)) {
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  if (bind(listener_, generic, size) != 0 || listen(listener_, 1024) != 0 ||
      getsockname(listener_, generic, &size) != 0) {
    throw std::runtime_error("cannot listen on a loopback port");
  }
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this] { Accept(); });
}

ScriptServer::~ScriptServer() {
  const std::uint64_t one = 1;
  if (write(stop_, &one, sizeof one) != sizeof one) std::terminate();
  acceptor_.join();
  for (std::thread& serving : servings_) serving.join();
  close(listener_);
  close(stop_);
}

std::vector<std::string> ScriptServer::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

void ScriptServer::Accept() {
  const Wire wire{listener_, stop_};
  while (wire.Await(POLLIN, std::chrono::minutes(5))) {
    const int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) continue;
    const int number = accepted_++;
    servings_.emplace_back([this, fd, number] { Serve(fd, number); });
  }
}

void ScriptServer::Serve(int fd, int number) {
  const Wire wire{fd, stop_};
  if (auto channel = wrap_ ? wrap_(wire) : std::make_unique<PlainChannel>(wire)) {
    Connection connection(wire, number, std::move(channel), [this](std::string head) {
      const std::lock_guard lock(mutex_);
      requests_.push_back(std::move(head));
    });
    script_(connection);
  } else {
    // What the peer has still sent would turn the close into a reset, and that would swallow a farewell of
    // ours.
    shutdown(fd, SHUT_WR);
    PlainChannel rest(wire);
    while (rest.Receive()) {
    }
  }
  close(fd);
}

std::string Answer(std::string_view body, std::string_view headers, std::string_view status) {
  std::string answer = "HTTP/1.1 ";
  answer.append(status).append("\r\nContent-Type: application/json\r\nContent-Length: ");
  answer.append(std::to_string(body.size())).append("\r\n").append(headers).append("\r\n").append(body);
  return answer;
}

}  // namespace buntime::testing
