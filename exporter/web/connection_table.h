// All open connections: owns them, knows which has waited longest in each phase, closes those whose time is
// up and makes room for new ones. No I/O of its own: Server tells it the time and arms one timer for all of
// them.
//
// Threading: the I/O thread only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <unordered_map>
#include <unordered_set>

#include "web/deadline_queue.h"
#include "web/server.h"

namespace buntime {

class Connection;

class ConnectionTable {
 public:
  enum class Phase {
    kOpening,
    kIdle,
    kReading,
    kHandling,
    kWriting,
    kStreaming,  // waits for its next event
    kFeeding,    // writes one
    kLingering,
    kClosed
  };

  /// The places of a connection in the queues; a member of it.
  struct Places {
    explicit Places(Connection* connection) : phase(connection), request(connection) {}
    DeadlineQueue<Connection>::Place phase;    // how long the current phase may last
    DeadlineQueue<Connection>::Place request;  // how long the current request may last
  };

  /// `wake_at` is told about deadlines, so that Expire is called in time. `when_empty` is called whenever the
  /// last connection has gone.
  ConnectionTable(const ServerLimits& limits, std::function<void(SteadyTime)> wake_at,
                  std::function<void()> when_empty);

  void Add(std::shared_ptr<Connection> connection);
  /// The connection is destroyed once no operation of it is under way.
  void Remove(Connection& connection);
  /// Restarts the deadline of the phase; none for kHandling, kStreaming and kClosed.
  void EnterPhase(Places& places, Phase phase);
  void BeginRequest(Places& places);
  void EndRequest(Places& places);

  /// Those that stream events, until they are removed.
  void AddStream(Connection& connection) { streams_.insert(&connection); }
  /// Asks them for their next event.
  void FeedStreams();
  void EndStreams();
  /// Rises with each EndStreams: a stream of an earlier term must not begin any more.
  std::uint64_t stream_term() const { return stream_term_; }

  bool full() const { return connections_.size() >= capacity_; }
  bool empty() const { return connections_.empty(); }
  /// Closes the connection that can best be spared: one that has said all, is not open yet, is idle, or is
  /// sending its request, the longest such, or else one that streams. False if all of them are being
  /// answered.
  bool MakeRoom();
  /// Times out those whose deadline is at or before `now`; returns the next deadline.
  std::optional<SteadyTime> Expire(SteadyTime now);

  /// From now on every answer is the last of its connection; those that are not being answered are closed.
  void Drain();
  bool draining() const { return draining_; }
  void CloseAll();

 private:
  const std::size_t capacity_;
  const std::function<void(SteadyTime)> wake_at_;
  const std::function<void()> when_empty_;

  // Declared before the connections: these leave their queue when destroyed.
  DeadlineQueue<Connection> opening_;
  DeadlineQueue<Connection> idle_;
  DeadlineQueue<Connection> reading_;
  DeadlineQueue<Connection> writing_;
  DeadlineQueue<Connection> feeding_;
  DeadlineQueue<Connection> lingering_;
  DeadlineQueue<Connection> request_;
  std::unordered_map<const Connection*, std::shared_ptr<Connection>> connections_;
  std::unordered_set<Connection*> streams_;
  std::uint64_t stream_term_ = 0;
  bool draining_ = false;
};

}  // namespace buntime
