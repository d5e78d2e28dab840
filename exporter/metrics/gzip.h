// Streaming deflate for the exposition, on ISA-L: on this text it is five times as fast as zlib's level 1,
// and smaller. Not thread-safe; one per stream.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace buntime {

class Deflater {
 public:
  /// Whether the stream is long enough to pay for the better of the two levels' working memory.
  enum class Size { kSmall, kLarge };
  explicit Deflater(Size size);
  ~Deflater();

  /// Begins a stream, whatever became of the one before: an exception may have ended that. The memory is the
  /// same: allocating it anew costs more than compressing a small page.
  void Begin();
  /// Appends raw deflate blocks (RFC 1951) of `text` to `out`; they may lag behind what was given.
  void Write(std::string_view text, std::string& out);
  /// Appends what is pending, up to a byte boundary; blocks of another stream may follow.
  void Flush(std::string& out);
  /// Appends what is pending and the final block.
  void Finish(std::string& out);

 private:
  struct State;
  enum class Mode { kMore, kFlush, kFinish };
  void Run(std::string_view text, Mode mode, std::string& out);
  const std::unique_ptr<State> state_;
};

/// CRC-32 as gzip wants it, continued from `crc` (0 at the start).
std::uint32_t Crc32(std::uint32_t crc, std::string_view text);

/// Ten bytes: no name, no time, unknown system (RFC 1952, section 2.3).
std::string_view GzipHeader();
/// Eight bytes: checksum and length of the plain text.
std::string GzipTrailer(std::uint32_t crc, std::uint32_t plain_size);

/// `text` as one whole gzip member.
std::string Gzip(Deflater& deflater, std::string_view text);

}  // namespace buntime
