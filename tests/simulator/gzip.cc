#include "simulator/gzip.h"

#include <zlib.h>

#include <new>

namespace buntime::simulator {
namespace {

constexpr int kRaw = -MAX_WBITS;
constexpr int kGzip = MAX_WBITS + 16;

// `flush` is Z_FINISH for a whole stream, Z_FULL_FLUSH for a piece that any other piece may follow.
std::string Deflate(std::string_view plain, int level, int window_bits, int flush) {
  z_stream stream{};
  if (deflateInit2(&stream, level, Z_DEFLATED, window_bits, 9, Z_DEFAULT_STRATEGY) != Z_OK)
    throw std::bad_alloc();
  std::string out(deflateBound(&stream, static_cast<uLong>(plain.size())) + 16, '\0');
  // zlib's older interface takes input that it does not change as non-const.
  stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(plain.data()));
  stream.avail_in = static_cast<uInt>(plain.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, flush);
  out.resize(out.size() - stream.avail_out);
  deflateEnd(&stream);
  return out;
}

uLong Crc(std::string_view bytes) {
  return crc32(0, reinterpret_cast<const Bytef*>(bytes.data()), static_cast<uInt>(bytes.size()));
}

void AppendLittleEndian(std::string& out, std::uint64_t value) {
  for (int i = 0; i < 4; ++i) out += static_cast<char>(value >> (8 * i) & 0xFFU);
}

}  // namespace

std::string Gzip(std::string_view plain) { return Deflate(plain, Z_BEST_SPEED, kGzip, Z_FINISH); }

std::string GzipBomb(std::string_view prefix, std::uint64_t size) {
  const std::string mebibyte(1U << 20U, ' ');
  const std::string piece = Deflate(mebibyte, Z_BEST_COMPRESSION, kRaw, Z_FULL_FLUSH);
  const uLong piece_crc = Crc(mebibyte);
  const uLong step = crc32_combine_gen(static_cast<z_off_t>(mebibyte.size()));

  std::string out("\x1f\x8b\x08\0\0\0\0\0\0\x03", 10);
  out += Deflate(prefix, Z_BEST_SPEED, kRaw, Z_FULL_FLUSH);
  uLong crc = Crc(prefix);
  std::uint64_t total = prefix.size();
  for (; total < size; total += mebibyte.size()) {
    out += piece;
    crc = crc32_combine_op(crc, piece_crc, step);
  }
  out += std::string("\x03\0", 2);  // the last, empty block
  AppendLittleEndian(out, crc);
  AppendLittleEndian(out, total);
  return out;
}

}  // namespace buntime::simulator
