#include "support/tls_channel.h"

#include <openssl/ssl.h>
#include <poll.h>

#include <memory>
#include <stdexcept>
#include <utility>

namespace buntime::testing {
namespace {

class TlsChannel final : public Channel {
 public:
  TlsChannel(Wire wire, SSL* ssl) : wire_(wire), ssl_(ssl) { SSL_set_fd(ssl, wire.fd); }
  ~TlsChannel() override {
    SSL_shutdown(ssl_);
    SSL_free(ssl_);
  }

  bool Accept() {
    return Try([&] { return SSL_accept(ssl_); }) > 0;
  }
  std::optional<std::string> Receive() override {
    std::string bytes(16384, '\0');
    const int got = Try([&] { return SSL_read(ssl_, bytes.data(), static_cast<int>(bytes.size())); });
    if (got <= 0) return std::nullopt;
    bytes.resize(static_cast<std::size_t>(got));
    return bytes;
  }
  bool Send(std::string_view bytes) override {
    return Try([&] { return SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size())); }) > 0;
  }
  std::string ServerName() const {
    const char* name = SSL_get_servername(ssl_, TLSEXT_NAMETYPE_host_name);
    return name == nullptr ? "" : name;
  }

 private:
  template <class Step>
  int Try(const Step& step) {
    for (;;) {
      const int result = step();
      if (result > 0) return result;
      const int error = SSL_get_error(ssl_, result);
      const bool reads = error == SSL_ERROR_WANT_READ;
      if (!reads && error != SSL_ERROR_WANT_WRITE) return result;
      if (!wire_.Await(reads ? POLLIN : POLLOUT)) return -1;
    }
  }

  const Wire wire_;
  SSL* const ssl_;
};

}  // namespace

ScriptServer::Wrap ServeTls(const CertificateFiles& files, const std::string& client_ca,
                            const std::string& server_name) {
  const std::shared_ptr<SSL_CTX> context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
  if (SSL_CTX_use_certificate_file(context.get(), files.certificate.c_str(), SSL_FILETYPE_PEM) != 1 ||
      SSL_CTX_use_PrivateKey_file(context.get(), files.key.c_str(), SSL_FILETYPE_PEM) != 1) {
    throw std::runtime_error("cannot use " + files.certificate);
  }
  if (!client_ca.empty()) {
    SSL_CTX_load_verify_locations(context.get(), client_ca.c_str(), nullptr);
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  }
  return [context, server_name](Wire wire) -> std::unique_ptr<Channel> {
    auto channel = std::make_unique<TlsChannel>(wire, SSL_new(context.get()));
    if (!channel->Accept()) return nullptr;
    if (!server_name.empty() && channel->ServerName() != server_name) return nullptr;
    return channel;
  };
}

}  // namespace buntime::testing
