#include "simulator/server.h"

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <charconv>
#include <utility>

#include "base/text.h"
#include "simulator/connection.h"

namespace buntime::simulator {

using boost::asio::ip::tcp;
using boost::system::error_code;

Result<tcp::endpoint> ParseEndpoint(std::string_view text) {
  const Error bad{"\"" + Printable(text) + "\" is not ADDRESS:PORT, like 127.0.0.1:8000 or [::1]:0"};
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return bad;
  std::string_view host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  error_code error;
  const auto address = boost::asio::ip::make_address(std::string(host), error);
  unsigned short port = 0;
  const char* const end = text.data() + text.size();
  const auto [at, number_error] = std::from_chars(text.data() + colon + 1, end, port);
  if (error || number_error != std::errc() || at != end) return bad;
  return tcp::endpoint(address, port);
}

Result<std::shared_ptr<Listener>> Listener::Open(boost::asio::io_context& io, const tcp::endpoint& endpoint,
                                                 Site& site) {
  std::shared_ptr<Listener> listener(new Listener(io, site));
  listener->endpoint_ = endpoint;
  error_code error = listener->Bind();
  if (!error) listener->acceptor_.listen(boost::asio::socket_base::max_listen_connections, error);
  if (error)
    return Error{"cannot listen on " + listener->Url() + ": " + error.message() +
                 "; choose another --listen"};
  listener->AcceptNext();
  return listener;
}

error_code Listener::Bind() {
  error_code error;
  if (!acceptor_.is_open()) acceptor_.open(endpoint_.protocol(), error);
  if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor_.bind(endpoint_, error);
  if (!error) endpoint_ = acceptor_.local_endpoint(error);
  return error;
}

void Listener::AcceptNext() {
  acceptor_.async_accept([self = shared_from_this()](error_code error, tcp::socket socket) {
    if (!self->acceptor_.is_open() || error == boost::asio::error::operation_aborted) return;
    if (!error) {
      auto connection = std::make_shared<Connection>(std::move(socket), self->site_);
      if (self->site_.ResetsConnections()) {
        connection->Abort();
      } else {
        connection->Start();
        std::erase_if(self->connections_, [](const auto& old) { return old.expired(); });
        self->connections_.push_back(connection);
      }
    }
    self->AcceptNext();
  });
}

// Bound but not listening: the kernel refuses, and nobody else gets the port meanwhile.
void Listener::Refuse() {
  error_code ignored;
  acceptor_.close(ignored);
  ignored = Bind();
  Drop();
}

void Listener::Accept() {
  error_code error;
  acceptor_.listen(boost::asio::socket_base::max_listen_connections, error);
  if (!error) AcceptNext();
}

void Listener::Drop() {
  std::vector<std::weak_ptr<Connection>> spared;
  for (const auto& weak : connections_) {
    const auto connection = weak.lock();
    if (connection == nullptr) continue;
    if (connection->answering()) {
      spared.push_back(weak);
    } else {
      connection->Abort();
    }
  }
  connections_ = std::move(spared);
}

void Listener::Stop() {
  error_code ignored;
  acceptor_.close(ignored);
  Drop();
}

std::string Listener::Url() const {
  const std::string host = endpoint_.address().to_string();
  return "http://" + (endpoint_.address().is_v6() ? "[" + host + "]" : host) + ":" +
         std::to_string(endpoint_.port());
}

}  // namespace buntime::simulator
