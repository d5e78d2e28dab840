// Undoes the compression of a body as it arrives. libcurl's own decoder ends a transfer at the second member
// of a gzip file and at padding behind it. Private to fetch; not thread-safe.
#pragma once

#include <zlib.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace buntime {

class Unpacker {
 public:
  /// For a Content-Encoding: gzip, x-gzip or deflate (RFC 9110, 8.4.1), the latter with zlib's header or
  /// without. Null for a body that is not compressed. The error says which coding is not supported.
  static Result<std::unique_ptr<Unpacker>> For(std::string_view content_encoding);

  explicit Unpacker(bool gzip) : gzip_(gzip) {}
  ~Unpacker();
  Unpacker(const Unpacker&) = delete;
  Unpacker& operator=(const Unpacker&) = delete;

  /// Takes unpacked bytes; false: no more are wanted.
  using Sink = std::function<bool(std::string_view)>;
  /// Gives `sink` what `piece` unpacks to, at most 64 KiB at a time. False: `sink` wanted no more, or the
  /// data is broken, which fault() then describes. A gzip body may have several members (RFC 1952, 2.2) and
  /// zeros behind the last.
  bool Feed(std::string_view piece, const Sink& sink);

  /// What is wrong with the data; empty: nothing.
  const std::string& fault() const { return fault_; }
  /// Whether the data ends inside a stream so far.
  bool inside() const { return state_ == State::kInside; }

 private:
  enum class State { kNew, kInside, kBetween, kPadding, kBroken };

  bool Begin(unsigned char first);
  bool Fail(std::string fault);

  const bool gzip_;
  z_stream stream_{};
  bool initialized_ = false;
  State state_ = State::kNew;
  std::string fault_;
};

}  // namespace buntime
