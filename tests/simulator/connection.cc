#include "simulator/connection.h"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <utility>
#include <variant>

namespace buntime::simulator {
namespace {

using boost::system::error_code;

constexpr std::size_t kReadSize = 4096;
constexpr std::size_t kMaxHeader = 64 * 1024;
constexpr auto kAwaitInterval = std::chrono::milliseconds(20);
constexpr auto kEventInterval = std::chrono::seconds(1);

}  // namespace

Connection::Connection(boost::asio::ip::tcp::socket socket, Site& site)
    : socket_(std::move(socket)), timer_(socket_.get_executor()), site_(site) {
  error_code ignored;
  socket_.set_option(boost::asio::ip::tcp::no_delay(true), ignored);
}

void Connection::Abort() {
  error_code ignored;
  timer_.cancel(ignored);
  socket_.set_option(boost::asio::socket_base::linger(true, 0), ignored);
  socket_.close(ignored);
}

void Connection::Read() {
  const std::size_t end = input_.find("\r\n\r\n", searched_);
  if (end != std::string::npos) return Handle();
  searched_ = input_.size() < 3 ? 0 : input_.size() - 3;
  if (input_.size() > kMaxHeader) return Abort();
  const std::size_t before = input_.size();
  input_.resize(before + kReadSize);
  socket_.async_read_some(boost::asio::buffer(input_.data() + before, kReadSize),
                          [self = shared_from_this(), before](error_code error, std::size_t size) {
                            self->input_.resize(before + size);
                            if (!error) self->Read();
                          });
}

void Connection::Handle() {
  const std::size_t end = input_.find("\r\n\r\n", searched_);
  const Result<Request> request = ParseRequest(std::string_view(input_).substr(0, end));
  // Nothing the simulator serves takes a body; one that comes is read over, as far as it has arrived with the
  // header.
  const std::size_t consumed = end + 4 + (request.ok() ? request->content_length : 0);
  input_.erase(0, std::min(consumed, input_.size()));
  searched_ = 0;
  if (request.ok()) {
    answering_ = true;
    plan_ = site_.Answer(*request);
    answering_ = false;
  } else {
    Request broken;
    broken.keep_alive = false;
    plan_ = Honest(MakeResponse(400, "text/plain", request.error().message + "\n"), broken);
  }
  step_ = 0;
  Next();
}

void Connection::Next() {
  if (!socket_.is_open()) return;
  if (step_ == plan_.size()) {
    plan_.clear();
    return Read();
  }
  std::visit([this](auto& step) { Do(step); }, plan_[step_++]);
}

void Connection::Write(Bytes bytes) {
  const auto buffer = boost::asio::buffer(*bytes);
  boost::asio::async_write(
      socket_, buffer, [self = shared_from_this(), bytes = std::move(bytes)](error_code error, std::size_t) {
        if (!error) self->Next();
      });
}

void Connection::Do(const Send& step) { Write(step.bytes); }

void Connection::Do(Drip&) {
  dripped_ = 0;
  DoDrip();
}

void Connection::DoDrip() {
  const Drip& drip = std::get<Drip>(plan_[step_ - 1]);
  if (dripped_ == drip.bytes.size()) return Next();
  // Never more often than every ten milliseconds: a fast drip sends more at a time.
  const double pause = std::max(0.01, 1 / drip.bytes_per_second);
  const auto size = std::max<std::size_t>(1, static_cast<std::size_t>(drip.bytes_per_second * pause));
  const std::size_t count = std::min(size, drip.bytes.size() - dripped_);
  boost::asio::async_write(socket_, boost::asio::buffer(drip.bytes.data() + dripped_, count),
                           [self = shared_from_this(), count, pause](error_code error, std::size_t) {
                             if (error || !self->socket_.is_open()) return;
                             self->dripped_ += count;
                             self->timer_.expires_after(std::chrono::duration_cast<std::chrono::nanoseconds>(
                                 std::chrono::duration<double>(pause)));
                             self->timer_.async_wait([self](error_code cancelled) {
                               if (!cancelled && self->socket_.is_open()) self->DoDrip();
                             });
                           });
}

void Connection::Do(Stream&) { DoStream(); }

void Connection::DoStream() {
  if (!std::get<Stream>(plan_[step_ - 1]).next(chunk_)) return Next();
  boost::asio::async_write(socket_, boost::asio::buffer(chunk_),
                           [self = shared_from_this()](error_code error, std::size_t) {
                             if (!error) self->DoStream();
                           });
}

void Connection::Do(Await&) { DoAwait(); }

void Connection::DoAwait() {
  if (std::get<Await>(plan_[step_ - 1]).done()) return Next();
  timer_.expires_after(kAwaitInterval);
  timer_.async_wait([self = shared_from_this()](error_code cancelled) {
    if (!cancelled && self->socket_.is_open()) self->DoAwait();
  });
}

void Connection::Do(Events&) { DoEvents(); }

void Connection::DoEvents() {
  chunk_ = "data: " + std::get<Events>(plan_[step_ - 1]).next() + "\n\n";
  boost::asio::async_write(socket_, boost::asio::buffer(chunk_),
                           [self = shared_from_this()](error_code error, std::size_t) {
                             if (error || !self->socket_.is_open()) return;
                             self->timer_.expires_after(kEventInterval);
                             self->timer_.async_wait([self](error_code cancelled) {
                               if (!cancelled && self->socket_.is_open()) self->DoEvents();
                             });
                           });
}

void Connection::Do(Stall&) { WatchForEnd(); }

void Connection::WatchForEnd() {
  chunk_.resize(kReadSize);
  socket_.async_read_some(boost::asio::buffer(chunk_),
                          [self = shared_from_this()](error_code error, std::size_t) {
                            if (!error) self->WatchForEnd();
                          });
}

void Connection::Do(Close&) {
  error_code ignored;
  socket_.shutdown(boost::asio::ip::tcp::socket::shutdown_send, ignored);
  // Closing with unread input would send a RST, and the client would lose what it has not read yet.
  WatchForEnd();
}

void Connection::Do(Reset&) { Abort(); }

}  // namespace buntime::simulator
