#include "web/tcp_stream.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>
#include <utility>

namespace buntime {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

// Asio's own limit of 64 KiB a call would cut a page of 5 MB into 80 calls; one without limit would let one
// fast reader hold the thread for a whole page.
constexpr std::size_t kBytesPerCall = 1'048'576;

class TcpStream final : public Stream {
 public:
  explicit TcpStream(asio::ip::tcp::socket socket) : socket_(std::move(socket)) {}

  bool Open(std::shared_ptr<StreamEvents>) override { return false; }

  Validity ValidityUnder(const TlsContext* tls) const override {
    return tls == nullptr ? Validity::kCurrent : Validity::kRevoked;
  }

  void Read(std::span<char> into, std::shared_ptr<StreamEvents> to) override {
    socket_.async_read_some(
        asio::buffer(into.data(), into.size()),
        [to = std::move(to)](const error_code& error, std::size_t bytes) { to->OnRead(error ? 0 : bytes); });
  }

  void Write(std::span<const std::string_view> pieces, std::shared_ptr<StreamEvents> to) override {
    std::array<asio::const_buffer, kMaxPieces> buffers;
    for (std::size_t i = 0; i < pieces.size() && i < kMaxPieces; ++i) {
      buffers[i] = asio::const_buffer(pieces[i].data(), pieces[i].size());
    }
    asio::async_write(
        socket_, buffers,
        [](const error_code& error, std::size_t) { return error ? std::size_t{0} : kBytesPerCall; },
        [to = std::move(to)](const error_code& error, std::size_t) { to->OnWritten(!error); });
  }

  void LimitBacklog() override { buntime::LimitBacklog(socket_); }

  void CloseSending() override {
    error_code ignored;  // the client may be gone already
    socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
  }

  void Close() override {
    error_code ignored;
    socket_.close(ignored);
  }

  void Abort() override {
    error_code ignored;
    socket_.set_option(asio::socket_base::linger(true, 0), ignored);
    socket_.close(ignored);
  }

 private:
  asio::ip::tcp::socket socket_;
};

}  // namespace

void LimitBacklog(asio::ip::tcp::socket& socket) {
  // A client that does not read is noticed once this is full; by default the system would take megabytes
  // first.
  constexpr int kBytes = 65'536;
  constexpr unsigned kMilliseconds = 30'000;
  error_code ignored;
  socket.set_option(asio::socket_base::send_buffer_size(kBytes), ignored);
  setsockopt(socket.native_handle(), IPPROTO_TCP, TCP_USER_TIMEOUT, &kMilliseconds, sizeof kMilliseconds);
}

std::unique_ptr<Stream> MakeTcpStream(asio::ip::tcp::socket socket) {
  return std::make_unique<TcpStream>(std::move(socket));
}

}  // namespace buntime
