#include "fetch/unpacker.h"

#include <array>
#include <cstddef>
#include <utility>

#include "base/text.h"

namespace buntime {
namespace {

constexpr int kGzip = MAX_WBITS + 16;
constexpr int kZlib = MAX_WBITS;
constexpr int kRaw = -MAX_WBITS;
constexpr std::size_t kBuffer = std::size_t{64} << 10;

}  // namespace

Result<std::unique_ptr<Unpacker>> Unpacker::For(std::string_view content_encoding) {
  const std::string_view coding = Trim(content_encoding);
  const auto is = [&](std::string_view name) { return EqualsIgnoringCase(coding, name); };
  if (coding.empty() || is("identity")) return std::unique_ptr<Unpacker>();
  if (is("gzip") || is("x-gzip")) return std::make_unique<Unpacker>(true);
  if (is("deflate")) return std::make_unique<Unpacker>(false);
  return Error{"Content-Encoding '" + Printable(coding, 80) +
               "' is not gzip or deflate, which were asked for"};
}

Unpacker::~Unpacker() {
  if (initialized_) inflateEnd(&stream_);
}

bool Unpacker::Feed(std::string_view piece, const Sink& sink) {
  // zlib's older interface takes input that it does not change as non-const.
  stream_.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(piece.data()));
  stream_.avail_in = static_cast<uInt>(piece.size());
  std::array<char, kBuffer> out;  // NOLINT(cppcoreguidelines-pro-type-member-init): zeroing it costs time
  while (state_ != State::kBroken) {
    if (state_ != State::kInside) {
      if (stream_.avail_in == 0) return true;
      if (!Begin(*stream_.next_in)) return false;
      if (state_ == State::kPadding) continue;
    }
    stream_.next_out = reinterpret_cast<Bytef*>(out.data());
    stream_.avail_out = static_cast<uInt>(out.size());
    const int code = inflate(&stream_, Z_NO_FLUSH);
    const std::size_t size = out.size() - stream_.avail_out;
    if (size > 0 && !sink({out.data(), size})) return false;
    if (code == Z_STREAM_END) {
      state_ = State::kBetween;
    } else if (code == Z_BUF_ERROR || (code == Z_OK && stream_.avail_in == 0 && stream_.avail_out > 0)) {
      return true;  // all input is used up
    } else if (code != Z_OK) {
      return Fail(stream_.msg != nullptr ? Printable(stream_.msg) : "zlib error " + std::to_string(code));
    }
  }
  return false;
}

// The next byte stands before a stream, or behind the end of one.
bool Unpacker::Begin(unsigned char first) {
  if (state_ == State::kNew) {
    // A raw stream never starts with the 8 of zlib's header: it would be a stored block with dirty padding.
    const int format = gzip_ ? kGzip : (first & 0x0fU) == 8 ? kZlib : kRaw;
    if (inflateInit2(&stream_, format) != Z_OK) return Fail("out of memory");
    initialized_ = true;
    state_ = State::kInside;
    return true;
  }
  if (first == 0) {
    state_ = State::kPadding;
    ++stream_.next_in;
    --stream_.avail_in;
    return true;
  }
  if (state_ == State::kPadding || !gzip_) return Fail("more data follows its end");
  inflateReset(&stream_);
  state_ = State::kInside;
  return true;
}

bool Unpacker::Fail(std::string fault) {
  state_ = State::kBroken;
  fault_ = std::move(fault);
  return false;
}

}  // namespace buntime
