#include "web/connection.h"

#include <array>
#include <cstring>
#include <ctime>
#include <new>
#include <optional>
#include <utility>

#include "base/text.h"

namespace buntime {
namespace {

// Room behind a head of the greatest length: for body bytes on their way to nowhere.
constexpr std::size_t kBodyRoom = 4096;

// What a client that was told good-bye may still send before its socket is closed under it.
constexpr std::size_t kDiscardBytes = 262'144;

// How long a client may take to notice the end of the connection before its socket is closed.
constexpr Duration kLingerTimeout = std::chrono::seconds(1);

constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

}  // namespace

Connection::Connection(std::unique_ptr<Stream> stream, std::string client, ConnectionServices& services)
    : services_(services),
      stream_(std::move(stream)),
      client_(std::move(client)),
      capacity_(services.limits.header_bytes + kBodyRoom),
      buffer_(std::make_unique_for_overwrite<char[]>(capacity_)),  // pages stay untouched until they are used
      reader_(services.limits.header_bytes, services.limits.target_bytes) {}

void Connection::Start() {
  const bool opens = stream_->Open(shared_from_this());
  Enter(opens ? Phase::kOpening : Phase::kIdle);
  if (!opens) Read();
}

void Connection::OnOpen(Opening how) {
  if (phase_ != Phase::kOpening) return;
  switch (how) {
    case Opening::kOpen:
      Enter(Phase::kIdle);
      return Read();
    case Opening::kPlainText:
      return Refuse({400, "this address speaks HTTPS: begin its URL with https://"});
    case Opening::kFailed:
      return Close();
  }
}

void Connection::Enter(Phase phase) {
  phase_ = phase;
  since_ = std::chrono::steady_clock::now();
  const Duration timeout = TimeoutOf(phase);
  phase_deadline_ = timeout == Duration::max() ? SteadyTime::max() : since_ + timeout;
  if (timeout != Duration::max()) services_.table.WakeAt(phase_deadline_);
}

Duration Connection::TimeoutOf(Phase phase) const {
  switch (phase) {
    case Phase::kOpening:
    case Phase::kReading:
      return services_.limits.header_timeout;
    case Phase::kIdle:
      return services_.limits.idle_timeout;
    case Phase::kWriting:
      return services_.limits.write_timeout;
    case Phase::kFeeding:
      return services_.limits.event_timeout;
    case Phase::kLingering:
      return kLingerTimeout;
    case Phase::kHandling:
    case Phase::kStreaming:
    case Phase::kClosed:
      break;
  }
  return Duration::max();
}

void Connection::BeginRequest() {
  request_deadline_ = std::chrono::steady_clock::now() + services_.limits.total_timeout;
  services_.table.WakeAt(request_deadline_);
}

ConnectionTable::Cost Connection::cost() const {
  using enum ConnectionTable::Cost;
  switch (phase_) {
    case Phase::kLingering:
    case Phase::kClosed:
      return kFinished;
    case Phase::kOpening:
    case Phase::kIdle:
      return admitted_ ? kIdle : kUnproven;
    case Phase::kReading:
      return admitted_ ? kReading : kUnproven;
    case Phase::kHandling:
    case Phase::kWriting:
      return admitted_ ? kServed : kRefused;
    case Phase::kStreaming:
    case Phase::kFeeding:
      break;
  }
  return kStreaming;
}

bool Connection::awaits_request() const {
  return phase_ == Phase::kOpening || phase_ == Phase::kIdle || phase_ == Phase::kReading;
}

void Connection::Expire(SteadyTime now) {
  if (request_deadline_ <= now || phase_ == Phase::kWriting || phase_ == Phase::kFeeding) return Abort();
  if (phase_ == Phase::kReading) return RefuseLateRequest();
  Close();
}

void Connection::Read() {
  if (reading_) return;
  if (begin_ > kept_) {
    std::memmove(buffer_.get() + kept_, buffer_.get() + begin_, end_ - begin_);
    end_ -= begin_ - kept_;
    begin_ = kept_;
  }
  reading_ = true;
  stream_->Read({buffer_.get() + end_, capacity_ - end_}, shared_from_this());
}

void Connection::OnRead(std::size_t bytes) {
  reading_ = false;
  switch (phase_) {
    case Phase::kIdle:
    case Phase::kReading:
      if (bytes == 0) return Close();
      end_ += bytes;
      return Advance();
    case Phase::kLingering:
    case Phase::kStreaming:  // who has nothing more to say does not listen either
    case Phase::kFeeding:
      discarded_ += bytes;
      if (bytes == 0 || discarded_ > kDiscardBytes) return Close();
      return Read();
    case Phase::kOpening:
    case Phase::kHandling:
    case Phase::kWriting:  // saying 408: what comes now comes too late
    case Phase::kClosed:
      return;
  }
}

void Connection::Advance() {
  if (phase_ == Phase::kIdle && reader_.state() == RequestReader::State::kHead) {
    BeginRequest();
  }
  if (reader_.state() == RequestReader::State::kHead) {
    begin_ += reader_.Feed(Unread());
    if (reader_.state() == RequestReader::State::kBody) kept_ = begin_;
  }
  if (reader_.state() == RequestReader::State::kBody && begin_ < end_) begin_ += reader_.Feed(Unread());

  switch (reader_.state()) {
    case RequestReader::State::kHead:
    case RequestReader::State::kBody:
      return AwaitMore();
    case RequestReader::State::kComplete:
      return Dispatch();
    case RequestReader::State::kRefused:
      return Refuse(reader_.refusal());
  }
}

void Connection::AwaitMore() {
  if (phase_ == Phase::kIdle) Enter(Phase::kReading);
  if (reader_.state() == RequestReader::State::kBody && reader_.request().awaits_continue && !continued_) {
    continued_ = true;
    if (begin_ == end_) return Write(std::array{kContinue});
  }
  Read();
}

void Connection::Dispatch() {
  asked_at_ = std::chrono::steady_clock::now();
  if (CurrentValidity() == Validity::kRevoked) return Close();
  stream_term_ = services_.table.stream_term();
  Enter(Phase::kHandling);
  // What is answered meanwhile is observed later, when it has been written.
  try {
    observed_path_ = services_.router.Handle(reader_.request(), client_, shared_from_this());
  } catch (const std::bad_alloc&) {
    Answer(PlainAnswer(503, "out of memory: try again, or raise the exporter's memory limit"));
  }
}

bool Connection::Admit() {
  if (phase_ != Phase::kHandling) return false;  // the client has gone while its password was checked
  admitted_ = true;
  if (services_.table.Promote(*this)) return true;
  HttpResponse full = PlainAnswer(503, "connection limit reached; try again in a moment");
  full.headers.emplace_back("Retry-After", "1");
  Answer(std::move(full));
  return false;
}

void Connection::Answer(HttpResponse response) {
  if (phase_ != Phase::kHandling) return;  // the client has gone, or its time was up
  response_ = std::move(response);
  // A second request before the first is let in only serves to keep the server busy.
  const bool crowds = !admitted_ && begin_ < end_ && !services_.authenticator.security().users.empty();
  WriteAnswer(reader_.request().keep_alive && !reserved_ && !crowds && !services_.table.draining() &&
              CurrentValidity() == Validity::kCurrent);
}

Validity Connection::CurrentValidity() const {
  return stream_->ValidityUnder(services_.authenticator.security().tls.get());
}

void Connection::Refuse(const Refusal& refusal) {
  asked_at_ = std::chrono::steady_clock::now();
  observed_path_ = "other";
  response_ = PlainAnswer(refusal.status, refusal.reason);
  WriteAnswer(false);
}

void Connection::RefuseLateRequest() {
  if (writing_) return Abort();  // it does not even read our "100 Continue"
  Refuse({408, "the request did not arrive whole within " + FormatDuration(services_.limits.header_timeout)});
}

void Connection::WriteAnswer(bool keep_alive) {
  keep_alive_ = keep_alive && !response_.events;
  FormatHead(response_, services_.authenticator.security().headers, keep_alive_,
             services_.date.At(std::time(nullptr)), head_);
  std::array<std::string_view, Stream::kMaxPieces> pieces = {head_};
  if (reader_.request().method == "HEAD") {
    response_.events = nullptr;
  } else if (HasBody(response_.status)) {
    if (response_.shared) pieces[1] = *response_.shared;
    pieces[2] = response_.tail;
  }
  Enter(Phase::kWriting);
  Write(pieces);
  body_counted_ = true;
  services_.table.BeginBody(*this, response_);
}

// An idle client must not keep a large page alive.
void Connection::DropResponse() {
  StopCounting();
  response_ = {};
}

void Connection::StopCounting() {
  if (std::exchange(body_counted_, false)) services_.table.EndBody(response_);
}

void Connection::Write(std::span<const std::string_view> pieces) {
  writing_ = true;
  stream_->Write(pieces, shared_from_this());
}

void Connection::OnWritten(bool ok) {
  writing_ = false;
  if (phase_ == Phase::kClosed) return;
  if (!ok) return Close();
  if (phase_ == Phase::kReading) return Read();  // the client may go on with its body
  if (phase_ == Phase::kFeeding) {
    const bool last = event_.last;
    event_ = {};
    if (last) return Linger();
    Enter(Phase::kStreaming);
    return Feed();
  }
  if (response_.events) return BeginStream();
  EndAnswer();
}

void Connection::Observe() {
  if (!services_.observer) return;
  services_.observer(observed_path_, response_.status, Seconds(std::chrono::steady_clock::now() - asked_at_));
}

void Connection::EndAnswer() {
  Observe();
  DropResponse();
  EndRequest();
  if (!keep_alive_ || services_.table.draining()) return Linger();
  reader_.Reset();
  kept_ = 0;
  continued_ = false;
  Enter(Phase::kIdle);
  if (begin_ < end_) return Advance();
  Read();
}

void Connection::BeginStream() {
  Observe();
  EndRequest();
  StopCounting();
  // Streams were ended since this one was let in.
  if (services_.table.draining() || stream_term_ != services_.table.stream_term()) return Linger();
  stream_->LimitBacklog();
  kept_ = begin_ = end_ = 0;
  Enter(Phase::kStreaming);
  Read();  // to see the client go
  Feed();
}

void Connection::Feed() {
  if (phase_ != Phase::kStreaming) return;
  event_ = response_.events->Next();
  if (event_.bytes) {
    Enter(Phase::kFeeding);
    Write(std::array{std::string_view(*event_.bytes)});
  } else if (event_.last) {
    Linger();
  }
}

void Connection::EndStream() {
  event_.last = true;
  if (phase_ == Phase::kStreaming) Linger();
}

// Closing a socket with unread bytes makes the kernel reset the connection, and the client may lose the
// answer it has not read yet. So: say that nothing follows, and read until the client has heard it.
void Connection::Linger() {
  kept_ = begin_ = end_ = 0;
  DropResponse();
  Enter(Phase::kLingering);
  stream_->CloseSending();
  Read();
}

void Connection::Close() {
  if (phase_ == Phase::kClosed) return;
  stream_->Close();
  Leave();
}

void Connection::Abort() {
  if (phase_ == Phase::kClosed) return;
  stream_->Abort();
  Leave();
}

void Connection::Leave() {
  Enter(Phase::kClosed);
  EndRequest();
  // The bytes stay where they are: a write that was cancelled may still refer to them.
  StopCounting();
  services_.table.Remove(*this);  // the last statement: it may destroy this
}

}  // namespace buntime
