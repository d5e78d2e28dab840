// Sockets: a listener hands each connection's requests to a Site and carries out the plans it gets back,
// however broken. Everything runs on the one thread of the io_context.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "simulator/runtime.h"

namespace buntime::simulator {

class Connection;

/// "127.0.0.1:8000", "[::1]:0".
Result<boost::asio::ip::tcp::endpoint> ParseEndpoint(std::string_view text);

class Listener final : public Port, public std::enable_shared_from_this<Listener> {
 public:
  /// Binds and listens. `io` and `site` outlive the listener and its connections.
  static Result<std::shared_ptr<Listener>> Open(boost::asio::io_context& io,
                                                const boost::asio::ip::tcp::endpoint& endpoint, Site& site);

  void Refuse() override;
  void Accept() override;
  void Drop() override;
  std::string Url() const override;
  unsigned short port() const { return endpoint_.port(); }
  /// Stops listening and ends every connection.
  void Stop();

 private:
  Listener(boost::asio::io_context& io, Site& site) : io_(io), acceptor_(io), site_(site) {}
  boost::system::error_code Bind();
  void AcceptNext();

  boost::asio::io_context& io_;
  boost::asio::ip::tcp::acceptor acceptor_;
  Site& site_;
  boost::asio::ip::tcp::endpoint endpoint_;
  std::vector<std::weak_ptr<Connection>> connections_;
};

}  // namespace buntime::simulator
