#include "metrics/gzip.h"

#include <isa-l/crc.h>
#include <isa-l/igzip_lib.h>

#include <array>
#include <cstddef>
#include <new>
#include <vector>

namespace buntime {

struct Deflater::State {
  isal_zstream stream;
  std::vector<std::uint8_t> level_buffer;
};

Deflater::Deflater(Size size) : state_(std::make_unique<State>()) {
  isal_zstream& stream = state_->stream;
  isal_deflate_init(&stream);
  stream.gzip_flag = IGZIP_DEFLATE;
  if (size == Size::kLarge) {
    state_->level_buffer.resize(ISAL_DEF_LVL1_DEFAULT);
    stream.level = 1;
    stream.level_buf = state_->level_buffer.data();
    stream.level_buf_size = static_cast<std::uint32_t>(state_->level_buffer.size());
  }
}

Deflater::~Deflater() = default;

void Deflater::Begin() { isal_deflate_reset(&state_->stream); }

void Deflater::Write(std::string_view text, std::string& out) { Run(text, Mode::kMore, out); }

void Deflater::Flush(std::string& out) { Run({}, Mode::kFlush, out); }

void Deflater::Finish(std::string& out) { Run({}, Mode::kFinish, out); }

void Deflater::Run(std::string_view text, Mode mode, std::string& out) {
  isal_zstream& stream = state_->stream;
  std::array<std::uint8_t, 16 * 1024> buffer;  // NOLINT(cppcoreguidelines-pro-type-member-init): output only
  // The library takes a pointer to non-const input but does not write there.
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast)
  stream.next_in = reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<std::uint32_t>(text.size());
  stream.flush = mode == Mode::kFlush ? FULL_FLUSH : NO_FLUSH;
  stream.end_of_stream = mode == Mode::kFinish ? 1 : 0;
  do {
    stream.next_out = buffer.data();
    stream.avail_out = static_cast<std::uint32_t>(buffer.size());
    if (isal_deflate(&stream) != COMP_OK)
      throw std::bad_alloc();  // its only cause here is a broken level buffer
    out.append(reinterpret_cast<const char*>(buffer.data()), buffer.size() - stream.avail_out);
  } while (stream.avail_out == 0);
}

std::uint32_t Crc32(std::uint32_t crc, std::string_view text) {
  return crc32_gzip_refl(crc, reinterpret_cast<const unsigned char*>(text.data()), text.size());
}

std::string_view GzipHeader() {
  constexpr std::string_view kHeader("\x1f\x8b\x08\0\0\0\0\0\0\xff", 10);
  return kHeader;
}

std::string GzipTrailer(std::uint32_t crc, std::uint32_t plain_size) {
  std::string out;
  for (const std::uint32_t word : {crc, plain_size}) {
    for (unsigned shift = 0; shift < 32; shift += 8) out += static_cast<char>((word >> shift) & 0xFFU);
  }
  return out;
}

std::string Gzip(Deflater& deflater, std::string_view text) {
  std::string out(GzipHeader());
  deflater.Begin();
  deflater.Write(text, out);
  deflater.Finish(out);
  out += GzipTrailer(Crc32(0, text), static_cast<std::uint32_t>(text.size()));
  return out;
}

}  // namespace buntime
