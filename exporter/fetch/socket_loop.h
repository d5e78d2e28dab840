// Moves the transfers of one multi handle. libcurl says which sockets it waits for, and epoll which of them
// are ready, so a wake-up costs the same however many transfers are under way. Used by the fetcher, on its
// thread; Wakeup from any. Private to fetch.
#pragma once

#include <sys/epoll.h>

#include <array>
#include <cstddef>
#include <set>
#include <span>

#include "base/clock.h"
#include "base/descriptor.h"
#include "fetch/curl_handles.h"

namespace buntime {

class SocketLoop {
 public:
  /// Throws std::system_error where there are no descriptors for it.
  SocketLoop();

  CURLM* multi() const { return multi_.get(); }
  /// From now on sockets are only closed. For before the handles are removed at the end.
  void Stop() { curl_multi_setopt(multi(), CURLMOPT_SOCKETFUNCTION, nullptr); }
  /// Waits until a socket is ready or libcurl wants to be called, at most `at_most` and not at all after
  /// Wakeup. Then moves transfers on, for about `work`: what would take longer is for the next call.
  void Run(Duration at_most, Duration work);
  /// A transfer has ended.
  void Forget(CURL* easy) { left_.erase(easy); }
  /// After Run and Forget: moves on the transfers that gave up a socket and go on without one.
  void RunLeft();
  /// Makes the current or the next Run wait no longer.
  void Wakeup();

 private:
  static int OnSocket(CURL* easy, curl_socket_t socket, int what, void* self, void* known);
  static int OnTimer(CURLM* multi, long milliseconds, void* self);
  void AwaitEvents(Duration at_most);
  void Handle(const epoll_event& event);
  void RunTimer();

  const Descriptor epoll_;
  const Descriptor wakeup_;
  std::array<epoll_event, 64> events_{};
  std::span<const epoll_event> ready_;    // of events_, not handled yet
  std::set<const CURL*> left_;            // that gave up a socket in the latest Run
  SteadyTime timer_ = SteadyTime::max();  // when libcurl wants to be called though no socket is ready
  const MultiHandle multi_;               // last: its end calls back
};

}  // namespace buntime
