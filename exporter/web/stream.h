// One client's bytes, without saying what carries them: TCP today, TLS by another implementation. Connection
// speaks HTTP over it and never sees the I/O library.
//
// Threading: the I/O thread only. Completions are delivered from the event loop, never from inside Read or
// Write, so a connection with many pipelined requests does not recurse.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

namespace buntime {

class TlsContext;

/// How opening a stream ended. kPlainText: the client does not encrypt; it can be told so, unencrypted.
enum class Opening { kOpen, kFailed, kPlainText };

/// Validity of an open connection after a reload: same settings as a new one; older settings, to be closed
/// after its next request; or its client would be refused now.
enum class Validity { kCurrent, kOutdated, kRevoked };

class StreamEvents {
 public:
  virtual ~StreamEvents() = default;
  virtual void OnOpen(Opening how) = 0;
  /// `bytes` is 0 when the client sent its last byte or the stream failed.
  virtual void OnRead(std::size_t bytes) = 0;
  virtual void OnWritten(bool ok) = 0;
};

class Stream {
 public:
  static constexpr std::size_t kMaxPieces = 3;

  virtual ~Stream() = default;
  /// Exchanges what goes before the first byte. False: nothing does, and OnOpen is not called. `to` is kept
  /// alive.
  virtual bool Open(std::shared_ptr<StreamEvents> to) = 0;
  /// `tls` is what new streams are opened with; null: plain TCP.
  virtual Validity ValidityUnder(const TlsContext* tls) const = 0;
  /// Reads what has arrived, at most one Read at a time. `into` must stay valid until OnRead; `to` is kept
  /// alive.
  virtual void Read(std::span<char> into, std::shared_ptr<StreamEvents> to) = 0;
  /// Writes all pieces (at most kMaxPieces) in order without copying them, at most one Write at a time. They
  /// must stay valid until OnWritten; `to` is kept alive.
  virtual void Write(std::span<const std::string_view> pieces, std::shared_ptr<StreamEvents> to) = 0;
  /// From now on the system keeps little of what the client has not taken yet, and notices soon when it has
  /// vanished.
  virtual void LimitBacklog() = 0;
  /// Tells the client that nothing follows; reading goes on.
  virtual void CloseSending() = 0;
  /// Cancels what is under way (reported as failed). What was written is still delivered.
  virtual void Close() = 0;
  /// As Close, but throws away what the client has not taken yet and frees its memory at once.
  virtual void Abort() = 0;
};

}  // namespace buntime
