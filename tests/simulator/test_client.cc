#include "simulator/test_client.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <cstdlib>
#include <iostream>

#include "base/text.h"

namespace buntime::simulator {
namespace {

// Size of the whole answer, head included; 0 while that is not known.
std::size_t WholeSize(const Answer& answer) {
  const std::size_t head = answer.bytes.find("\r\n\r\n");
  if (head == std::string::npos) return 0;
  const std::string length = answer.Field("Content-Length");
  return length.empty() ? 0 : head + 4 + std::stoull(length);
}

}  // namespace

std::string Answer::Body() const {
  const std::size_t head = bytes.find("\r\n\r\n");
  return head == std::string::npos ? "" : bytes.substr(head + 4);
}

std::string Answer::Field(std::string_view name) const {
  const std::string head = Head();
  for (std::size_t at = head.find("\r\n"); at != std::string::npos; at = head.find("\r\n", at + 2)) {
    const std::string_view line = std::string_view(head).substr(at + 2, head.find("\r\n", at + 2) - at - 2);
    const std::size_t colon = std::min(line.find(':'), line.size());
    if (EqualsIgnoringCase(line.substr(0, colon), name)) return std::string(Trim(line.substr(colon + 1)));
  }
  return "";
}

int Answer::Status() const { return bytes.starts_with("HTTP/1.1 ") ? std::atoi(bytes.c_str() + 9) : 0; }
bool Answer::Whole() const { return WholeSize(*this) != 0 && bytes.size() == WholeSize(*this); }

Answer Ask(const std::string& url, std::string_view method_and_path, std::string_view extra_headers,
           std::size_t enough, std::chrono::milliseconds patience) {
  Answer answer;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(std::atoi(url.substr(url.rfind(':') + 1).c_str())));
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  const timeval timeout{patience.count() / 1000, patience.count() % 1000 * 1000};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    answer.end = End::kRefused;
  } else {
    const std::string request = std::string(method_and_path) + " HTTP/1.1\r\nHost: simulator\r\n" +
                                std::string(extra_headers) + "\r\n";
    // Whoever is reset before sending hears of it here; later it would look like an ordinary end.
    const bool sent = send(fd, request.data(), request.size(), MSG_NOSIGNAL) >= 0;
    std::array<char, 65536> buffer{};
    std::size_t goal = enough;
    while (true) {
      const ssize_t size = recv(fd, buffer.data(), buffer.size(), 0);
      if (size <= 0) {
        answer.end = !sent                 ? End::kReset
                     : size == 0           ? End::kClosed
                     : errno == ECONNRESET ? End::kReset
                                           : End::kWaiting;
        break;
      }
      answer.bytes.append(buffer.data(), static_cast<std::size_t>(size));
      if (goal == 0) goal = WholeSize(answer);
      if (goal != 0 && answer.bytes.size() >= goal) {
        answer.end = End::kEnough;
        break;
      }
    }
  }
  close(fd);
  return answer;
}

Options QuietOptions(std::string_view release) {
  Options options;
  options.control = "127.0.0.1:0";
  options.speed = 0;
  options.warmup_ms = 30'000;
  options.runtime.release = *FindRelease(release);
  return options;
}

RunningSimulation::RunningSimulation(const Options& options) : io_(1) {
  auto simulation = Simulation::Start(options, clock_, io_, std::cerr);
  EXPECT_TRUE(simulation.ok()) << simulation.error().message;
  simulation_ = std::move(simulation.value());
  urls_ = simulation_->Urls();
  control_url_ = simulation_->ControlUrl();
  thread_ = std::thread([this] { io_.run(); });
}

RunningSimulation::~RunningSimulation() {
  boost::asio::post(io_, [this] { simulation_->Stop(); });
  thread_.join();
}

Answer RunningSimulation::Get(std::string_view path, std::string_view headers) const {
  return Ask(url(), "GET " + std::string(path), headers);
}

std::string RunningSimulation::Post(std::string_view path_and_query) const {
  const Answer answer = Ask(control_url_, "POST " + std::string(path_and_query), "Content-Length: 0\r\n", 0,
                            std::chrono::seconds(10));
  EXPECT_EQ(answer.Status(), 200) << path_and_query << ": " << answer.bytes;
  return answer.Body();
}

std::string RunningSimulation::Truth() const {
  return Ask(control_url_, "GET /control/truth", "", 0, std::chrono::seconds(10)).Body();
}

}  // namespace buntime::simulator
