// TLS handshakes that wait for their turn on the handshake thread: one at a time, two of one client in a row
// only if no other client waits, else in order of arrival; at most so many for each client and in all. An
// entry that is withdrawn costs nothing more, so its socket can be closed at once.
//
// Threading: the I/O thread; steps run on the handshake thread.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <string>

namespace buntime {

class HandshakeQueue {
 public:
  static constexpr std::size_t kMostOfClient = 128;
  static constexpr std::size_t kMost = 512;

  using Post = std::function<void(std::function<void()>)>;

  struct Entry {
    const void* owner = nullptr;  // for Withdraw; at most one entry each
    std::string client;
    std::function<void()> begin;  // on the I/O thread, when its turn has come
    std::function<void()> step;   // on the handshake thread
    std::function<void()> end;    // on the I/O thread
  };

  HandshakeQueue(Post to_handshaker, Post to_io);

  /// False, and nothing of `entry` is called, when the client has kMostOfClient entries, or kMost wait and no
  /// client has more of them. Otherwise the latest entry of the client with the most is dropped for it: its
  /// `end` is called without `begin` and `step`.
  bool Add(Entry entry);
  /// Nothing of the owner's entry is called any more. Without effect on one whose `begin` has been called.
  void Withdraw(const void* owner);

 private:
  std::size_t CountOf(const std::string& client) const;
  bool DropOneFor(const std::string& client);
  void RunNext();
  void End(Entry& entry);

  const Post to_handshaker_;
  const Post to_io_;
  std::deque<Entry> waiting_;
  std::string last_client_;
  bool running_ = false;
};

}  // namespace buntime
