#include "web/tls_stream.h"

#include <openssl/err.h>
#include <openssl/x509_vfy.h>

#include <array>
#include <utility>

#include "tls/openssl_handles.h"
#include "web/tcp_stream.h"

namespace buntime {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

// What is encrypted before others get their turn.
constexpr std::size_t kBytesPerTurn = 262'144;
// An answer of one record is sent as one: TLS counts its overhead by records.
constexpr std::size_t kRecordBytes = 16'384;

class TlsStream final : public Stream {
 public:
  TlsStream(tcp::socket socket, std::shared_ptr<const TlsContext> tls, const TlsServices& services,
            std::string client)
      : services_(services),
        tls_(std::move(tls)),
        client_(std::move(client)),
        socket_(std::move(socket)),
        session_(tls_->NewSession()) {
    error_code ignored;
    socket_.non_blocking(true, ignored);
    if (session_ && SSL_set_fd(session_.get(), socket_.native_handle()) != 1) session_.reset();
  }

  bool Open(std::shared_ptr<StreamEvents> to) override {
    // A client that says nothing costs the handshaker nothing.
    AwaitHandshake(tcp::socket::wait_read, std::move(to));
    return true;
  }

  Validity ValidityUnder(const TlsContext* tls) const override {
    if (plain_ || tls == tls_.get()) return Validity::kCurrent;
    return tls != nullptr && session_ && tls->Admits(*session_) ? Validity::kOutdated : Validity::kRevoked;
  }

  void Read(std::span<char> into, std::shared_ptr<StreamEvents> to) override {
    if (plain_) return plain_->Read(into, std::move(to));
    into_ = into;
    services_.to_io([this, to = std::move(to)] { ContinueRead(to); });
  }

  void Write(std::span<const std::string_view> pieces, std::shared_ptr<StreamEvents> to) override {
    if (plain_) return plain_->Write(pieces, std::move(to));
    pieces_ = {};
    std::copy_n(pieces.begin(), std::min(pieces.size(), kMaxPieces), pieces_.begin());
    JoinSmallPieces();
    services_.to_io([this, to = std::move(to)] { ContinueWrite(to); });
  }

  void LimitBacklog() override {
    if (plain_) return plain_->LimitBacklog();
    buntime::LimitBacklog(socket_);
  }

  void CloseSending() override {
    if (plain_) return plain_->CloseSending();
    SayGoodbye();
    error_code ignored;
    socket_.shutdown(tcp::socket::shutdown_send, ignored);
  }

  void Close() override {
    if (plain_) return plain_->Close();
    SayGoodbye();
    CloseSocket();
  }

  void Abort() override {
    if (plain_) return plain_->Abort();
    error_code ignored;
    socket_.set_option(asio::socket_base::linger(true, 0), ignored);
    CloseSocket();
  }

 private:
  struct Step {
    int error = SSL_ERROR_NONE;  // of SSL_get_error
    bool plain_text = false;
    std::string cause;
  };

  void AwaitHandshake(tcp::socket::wait_type what, std::shared_ptr<StreamEvents> to) {
    socket_.async_wait(what, [this, to = std::move(to)](const error_code& error) mutable {
      if (error || !session_) return to->OnOpen(Opening::kFailed);
      step_ = {SSL_ERROR_SSL, false, "too many handshakes are waiting"};  // where its turn never comes
      const bool added =
          services_.handshakes.Add({this, client_, [this] { stepping_ = true; },
                                    [this] { step_ = TakeStep(); }, [this, to] { AfterStep(to); }});
      if (!added) AfterStep(to);
    });
  }

  // On the handshaker: touches the session only.
  Step TakeStep() {
    ERR_clear_error();
    Step step;
    const int result = SSL_do_handshake(session_.get());
    step.error = SSL_get_error(session_.get(), result);
    if (step.error == SSL_ERROR_NONE || step.error == SSL_ERROR_WANT_READ ||
        step.error == SSL_ERROR_WANT_WRITE) {
      return step;
    }
    const int reason = ERR_GET_REASON(ERR_peek_last_error());
    step.plain_text = step.error == SSL_ERROR_SSL && reason == SSL_R_HTTP_REQUEST;
    if (const long verdict = SSL_get_verify_result(session_.get());
        reason == SSL_R_CERTIFICATE_VERIFY_FAILED && verdict != X509_V_OK) {
      step.cause = verdict == X509_V_ERR_APPLICATION_VERIFICATION
                       ? "the client's certificate has none of the allowed names"
                       : std::string("client certificate: ") + X509_verify_cert_error_string(verdict);
    } else {
      step.cause = step.error == SSL_ERROR_SSL ? TakeOpensslError() : "the client closed the connection";
    }
    ERR_clear_error();
    return step;
  }

  void AfterStep(const std::shared_ptr<StreamEvents>& to) {
    stepping_ = false;
    if (closing_) return CloseSocket();
    switch (step_.error) {
      case SSL_ERROR_NONE:
        open_ = true;
        return to->OnOpen(Opening::kOpen);
      case SSL_ERROR_WANT_READ:
        return AwaitHandshake(tcp::socket::wait_read, to);
      case SSL_ERROR_WANT_WRITE:
        return AwaitHandshake(tcp::socket::wait_write, to);
      default:
        break;
    }
    services_.log.Debug("TLS handshake failed", {{"client", client_}, {"cause", step_.cause}});
    if (!step_.plain_text) return to->OnOpen(Opening::kFailed);
    plain_ = MakeTcpStream(std::move(socket_));
    to->OnOpen(Opening::kPlainText);
  }

  void ContinueRead(const std::shared_ptr<StreamEvents>& to) {
    if (!open_) return to->OnRead(0);
    ERR_clear_error();
    std::size_t bytes = 0;
    if (SSL_read_ex(session_.get(), into_.data(), into_.size(), &bytes) == 1) return to->OnRead(bytes);
    const auto again = [this](const std::shared_ptr<StreamEvents>& self) { ContinueRead(self); };
    if (!AwaitMore(to, again)) to->OnRead(0);
  }

  void ContinueWrite(const std::shared_ptr<StreamEvents>& to) {
    std::size_t turn = 0;
    for (std::string_view& piece : pieces_) {
      while (!piece.empty()) {
        if (!open_) return to->OnWritten(false);
        const auto again = [this](const std::shared_ptr<StreamEvents>& self) { ContinueWrite(self); };
        if (turn >= kBytesPerTurn) {
          return services_.to_io([again, to] { again(to); });
        }
        ERR_clear_error();
        std::size_t bytes = 0;
        if (SSL_write_ex(session_.get(), piece.data(), std::min(piece.size(), kBytesPerTurn), &bytes) != 1) {
          if (!AwaitMore(to, again)) to->OnWritten(false);
          return;
        }
        turn += bytes;
        piece.remove_prefix(bytes);
      }
    }
    joined_ = {};
    to->OnWritten(true);
  }

  // Whether the session can go on once the socket is ready; then `again` is called.
  template <class Again>
  bool AwaitMore(const std::shared_ptr<StreamEvents>& to, Again again) {
    const int error = SSL_get_error(session_.get(), 0);
    if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) {
      // After these two, the session may not even say goodbye.
      if (error == SSL_ERROR_SSL || error == SSL_ERROR_SYSCALL) open_ = false;
      return false;
    }
    // Not after the socket was closed: then there is nothing that would end the wait.
    if (!socket_.is_open()) return false;
    socket_.async_wait(error == SSL_ERROR_WANT_READ ? tcp::socket::wait_read : tcp::socket::wait_write,
                       [this, to, again](const error_code& failure) {
                         if (failure) open_ = false;
                         again(to);
                       });
    return true;
  }

  void JoinSmallPieces() {
    std::size_t total = 0;
    for (const std::string_view piece : pieces_) total += piece.size();
    if (total > kRecordBytes) return;
    joined_.clear();
    for (const std::string_view piece : pieces_) joined_ += piece;
    pieces_ = {joined_};
  }

  void SayGoodbye() {
    if (!open_) return;
    ERR_clear_error();
    SSL_shutdown(session_.get());  // a client that is gone already needs none
  }

  void CloseSocket() {
    error_code ignored;
    services_.handshakes.Withdraw(this);
    if (stepping_) {
      // Its number may not go to another connection while the handshaker uses it.
      closing_ = true;
      socket_.shutdown(tcp::socket::shutdown_both, ignored);
      return;
    }
    open_ = false;
    socket_.close(ignored);
  }

  const TlsServices& services_;
  const std::shared_ptr<const TlsContext> tls_;
  const std::string client_;
  tcp::socket socket_;
  SslPtr session_;
  std::unique_ptr<Stream> plain_;  // where the client turned out to speak plain HTTP
  Step step_;                      // the latest of the handshake
  bool stepping_ = false;          // the handshake thread has session_ and step_
  bool closing_ = false;           // to be closed once it has given it back
  bool open_ = false;              // data can be exchanged

  std::span<char> into_;
  std::array<std::string_view, kMaxPieces> pieces_;
  std::string joined_;
};

}  // namespace

std::unique_ptr<Stream> MakeTlsStream(tcp::socket socket, std::shared_ptr<const TlsContext> tls,
                                      const TlsServices& services, std::string client) {
  return std::make_unique<TlsStream>(std::move(socket), std::move(tls), services, std::move(client));
}

}  // namespace buntime
