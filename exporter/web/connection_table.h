// All open connections: owns them, closes those whose deadline has passed, and decides which one to close for
// a new client. No I/O of its own: Server tells it the time and arms one timer for all of them.
//
// Threading: the I/O thread only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "base/clock.h"
#include "web/server.h"

namespace buntime {

class Connection;

class ConnectionTable {
 public:
  /// Places beyond ServerLimits::connections. They serve the open routes, so that health checks are answered
  /// when all other places are taken, and let a client prove that it may take one of those.
  static constexpr std::size_t kMostReserve = 32;

  /// Which connections may be closed for another one, the first that apply before the later ones.
  enum class Cost : std::uint8_t {
    kFinished,   // all answers are sent, the client has not closed yet
    kUnproven,   // no request of it was let in yet, and none is being answered
    kRefused,    // no request of it was let in yet; it is checked, or its refusal is written
    kIdle,       // between requests
    kReading,    // a request is arriving
    kStreaming,  // receives events; its client reconnects by itself
    kServed,     // an answer is being made or written: only for a client with fewer connections
  };

  /// `wake_at` is told about deadlines, so that Expire is called in time. `when_empty` is called whenever the
  /// last connection has gone.
  ConnectionTable(const ServerLimits& limits, std::function<void(SteadyTime)> wake_at,
                  std::function<void()> when_empty);

  /// Makes room at the expense of clients that were not let in, else uses the reserve.
  void Add(std::shared_ptr<Connection> connection);
  /// The connection is destroyed once no operation of it is under way.
  void Remove(Connection& connection);
  /// Moves a connection whose request was let in out of the reserve; false: all places are taken.
  bool Promote(Connection& connection);
  /// Closes the least costly connection, up to `most`; of those, one of the client with the most connections,
  /// the longest in its phase. False: there is none.
  bool MakeRoom(Cost most, const std::string& client);

  void WakeAt(SteadyTime deadline) { wake_at_(deadline); }
  /// Times out those whose deadline is at or before `now`; returns the next deadline.
  std::optional<SteadyTime> Expire(SteadyTime now);

  /// Counts the body of an answer, a shared one once for all its readers. Beyond ServerLimits::body_bytes,
  /// the answers that have been written for longest are aborted.
  void BeginBody(const Connection& connection, const HttpResponse& response);
  void EndBody(const HttpResponse& response);

  /// Asks those that stream for their next event.
  void FeedStreams();
  void EndStreams();
  /// Rises with each EndStreams: a stream of an earlier term must not begin any more.
  std::uint64_t stream_term() const { return stream_term_; }

  /// From now on every answer is the last of its connection; those that are not being answered are closed.
  void Drain();
  bool draining() const { return draining_; }
  void CloseAll();

 private:
  template <class Condition>
  Connection* Longest(Condition condition) const;

  const std::size_t capacity_;
  const std::size_t reserve_;
  const std::size_t body_bytes_limit_;
  const std::function<void(SteadyTime)> wake_at_;
  const std::function<void()> when_empty_;

  std::unordered_map<const Connection*, std::shared_ptr<Connection>> connections_;
  std::unordered_map<std::string, std::size_t> by_client_;
  std::size_t reserved_ = 0;                                     // connections in the reserve
  std::unordered_map<const std::string*, std::size_t> readers_;  // of shared bodies under way
  std::size_t body_bytes_ = 0;
  std::uint64_t stream_term_ = 0;
  bool draining_ = false;
};

}  // namespace buntime
