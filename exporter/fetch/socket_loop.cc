#include "fetch/socket_loop.h"

#include <sys/eventfd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <limits>
#include <new>
#include <system_error>

namespace buntime {
namespace {

// What a call has just returned; negative: errno says why it failed.
int Checked(int result) {
  if (result < 0) {
    throw std::system_error(errno, std::generic_category(), "cannot wait for answers of runtimes");
  }
  return result;
}

}  // namespace

SocketLoop::SocketLoop()
    : epoll_(Checked(epoll_create1(EPOLL_CLOEXEC))),
      wakeup_(Checked(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK))),
      multi_(curl_multi_init()) {
  if (!multi_) throw std::bad_alloc();
  curl_multi_setopt(multi(), CURLMOPT_SOCKETFUNCTION, &SocketLoop::OnSocket);
  curl_multi_setopt(multi(), CURLMOPT_SOCKETDATA, static_cast<void*>(this));
  curl_multi_setopt(multi(), CURLMOPT_TIMERFUNCTION, &SocketLoop::OnTimer);
  curl_multi_setopt(multi(), CURLMOPT_TIMERDATA, static_cast<void*>(this));
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = wakeup_.get();
  Checked(epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, wakeup_.get(), &event));
}

void SocketLoop::Wakeup() { eventfd_write(wakeup_.get(), 1); }

int SocketLoop::OnSocket(CURL* easy, curl_socket_t socket, int what, void* self, void* /*known*/) {
  auto& loop = *static_cast<SocketLoop*>(self);
  const int epoll = loop.epoll_.get();
  if (what == CURL_POLL_REMOVE) {
    try {
      loop.left_.insert(easy);
    } catch (const std::bad_alloc&) {  // may not pass through libcurl; this transfer may time out
    }
    epoll_ctl(epoll, EPOLL_CTL_DEL, socket, nullptr);  // fails where it is closed already
    return 0;
  }
  epoll_event event{};
  if (what != CURL_POLL_OUT) event.events |= EPOLLIN;
  if (what != CURL_POLL_IN) event.events |= EPOLLOUT;
  event.data.fd = socket;
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, socket, &event) == 0) return 0;
  if (errno == EEXIST && epoll_ctl(epoll, EPOLL_CTL_MOD, socket, &event) == 0) return 0;
  // Out of kernel memory or fs.epoll.max_user_watches: this transfer times out. -1 would end all of them.
  return 0;
}

int SocketLoop::OnTimer(CURLM* /*multi*/, long milliseconds, void* self) {
  const auto now = std::chrono::steady_clock::now();
  static_cast<SocketLoop*>(self)->timer_ =
      milliseconds < 0 ? SteadyTime::max() : now + std::chrono::milliseconds(milliseconds);
  return 0;
}

void SocketLoop::Run(Duration at_most, Duration work) {
  left_.clear();
  if (ready_.empty()) AwaitEvents(at_most);
  const SteadyTime end = SystemClock().Now() + work;
  while (!ready_.empty()) {
    const epoll_event event = ready_.front();
    ready_ = ready_.subspan(1);
    Handle(event);
    if (SystemClock().Now() >= end) break;
  }
  RunTimer();
}

void SocketLoop::AwaitEvents(Duration at_most) {
  Duration wait = at_most;
  if (timer_ != SteadyTime::max()) wait = std::min(wait, timer_ - SystemClock().Now());
  const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(wait).count();
  const auto timeout = std::clamp<std::int64_t>(milliseconds, 0, std::numeric_limits<int>::max());
  const int count =
      epoll_wait(epoll_.get(), events_.data(), static_cast<int>(events_.size()), static_cast<int>(timeout));
  ready_ = std::span(events_).first(static_cast<std::size_t>(std::max(count, 0)));
}

// The socket may be another one by now, with the same number. libcurl then finds it not ready.
void SocketLoop::Handle(const epoll_event& event) {
  if (event.data.fd == wakeup_.get()) {
    eventfd_t ignored = 0;
    eventfd_read(wakeup_.get(), &ignored);
    return;
  }
  int ready = 0;
  if ((event.events & EPOLLIN) != 0) ready |= CURL_CSELECT_IN;
  if ((event.events & EPOLLOUT) != 0) ready |= CURL_CSELECT_OUT;
  // Without flags libcurl looks itself, and reads what came before the error.
  if ((event.events & (EPOLLERR | EPOLLHUP)) != 0) ready = 0;
  int running = 0;
  curl_multi_socket_action(multi(), event.data.fd, ready, &running);
}

// libcurl 7.88 does not open the socket for the next address of a host in the call in which the one before
// refuses, and asks for no other call.
void SocketLoop::RunLeft() {
  if (left_.empty()) return;
  left_.clear();
  int running = 0;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"  // nothing else moves on what has no socket
  curl_multi_socket_all(multi(), &running);
#pragma GCC diagnostic pop
}

void SocketLoop::RunTimer() {
  if (timer_ > SystemClock().Now()) return;
  timer_ = SteadyTime::max();  // libcurl sets it anew where it wants another call
  int running = 0;
  curl_multi_socket_action(multi(), CURL_SOCKET_TIMEOUT, 0, &running);
}

}  // namespace buntime
