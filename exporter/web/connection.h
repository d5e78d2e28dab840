// One client: reads its requests in order, has each answered, writes the answer, and goes on while both sides
// want to. Pipelined requests wait in the buffer until the answer before them is written.
//
// Threading: the I/O thread only. Kept alive by the ConnectionTable and by the operations under way.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "web/authenticator.h"
#include "web/connection_table.h"
#include "web/request_reader.h"
#include "web/response_head.h"
#include "web/router.h"
#include "web/server.h"
#include "web/stream.h"

namespace buntime {

/// What all connections of a server share; outlives them.
struct ConnectionServices {
  const ServerLimits limits;
  const AccessObserver observer;
  Authenticator authenticator;
  Router router;
  ConnectionTable table;
  DateHeader date;
};

class Connection final : public StreamEvents,
                         public AnswerSink,
                         public std::enable_shared_from_this<Connection> {
 public:
  /// `client` is the fairness key: the IPv4 address, or the /64 of an IPv6 one.
  Connection(std::unique_ptr<Stream> stream, std::string client, ConnectionServices& services);

  /// Opens the stream and starts reading. The connection must be in the table.
  void Start();

  const std::string& client() const { return client_; }
  /// What closing this connection for another one would cost.
  ConnectionTable::Cost cost() const;
  /// When the current phase began.
  SteadyTime since() const { return since_; }
  /// When the connection has to be expired, SteadyTime::max() for never.
  SteadyTime deadline() const { return std::min(phase_deadline_, request_deadline_); }
  /// Ends what takes too long: with a 408 where the client can still be told.
  void Expire(SteadyTime now);
  bool awaits_request() const;
  /// Whether an answer with a body is being written.
  bool sends_body() const { return body_counted_; }
  /// Whether it has a place of ConnectionTable's reserve. Set by the table only.
  bool reserved() const { return reserved_; }
  void set_reserved(bool reserved) { reserved_ = reserved; }

  /// Closes at once and leaves the table; what is under way ends without effect. Close lets the client have
  /// what was written, Abort does not. Both may destroy the connection.
  void Close();
  void Abort();
  /// Writes the next event, if there is one and the last one was taken.
  void Feed();
  /// Lets the event at hand be the last.
  void EndStream();

  void OnOpen(Opening how) override;
  void OnRead(std::size_t bytes) override;
  void OnWritten(bool ok) override;
  bool Admit() override;
  void Answer(HttpResponse response) override;

 private:
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

  void Enter(Phase phase);
  Duration TimeoutOf(Phase phase) const;
  void BeginRequest();
  void EndRequest() { request_deadline_ = SteadyTime::max(); }
  void RefuseLateRequest();
  void DropResponse();
  void StopCounting();
  void Read();
  void Advance();
  void AwaitMore();
  void Dispatch();
  void Refuse(const Refusal& refusal);
  void WriteAnswer(bool keep_alive);
  void Write(std::span<const std::string_view> pieces);
  void EndAnswer();
  void BeginStream();
  void Observe();
  void Linger();
  Validity CurrentValidity() const;
  void Leave();
  std::string_view Unread() const { return {buffer_.get() + begin_, end_ - begin_}; }

  ConnectionServices& services_;
  const std::unique_ptr<Stream> stream_;
  const std::string client_;
  const std::size_t capacity_;
  Phase phase_ = Phase::kIdle;
  SteadyTime since_;
  SteadyTime phase_deadline_ = SteadyTime::max();
  SteadyTime request_deadline_ = SteadyTime::max();
  bool admitted_ = false;  // a request was let in
  bool reserved_ = false;
  bool body_counted_ = false;  // by ConnectionTable::BeginBody
  bool reading_ = false;       // a Read is under way
  bool writing_ = false;       // a Write is under way

  // The buffer never moves: views in the request point into it. [0, kept_) is the head of the request at
  // hand, [begin_, end_) what was not consumed yet.
  const std::unique_ptr<char[]> buffer_;
  std::size_t kept_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  RequestReader reader_;
  bool continued_ = false;     // "100 Continue" was said to the request at hand
  std::size_t discarded_ = 0;  // bytes read after the last answer

  // The answer at hand.
  SteadyTime asked_at_;
  std::string_view observed_path_;
  HttpResponse response_;
  std::string head_;
  bool keep_alive_ = false;
  std::uint64_t stream_term_ = 0;  // when the request arrived
  EventSource::Piece event_;       // being written
};

}  // namespace buntime
