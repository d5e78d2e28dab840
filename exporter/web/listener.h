// The listening sockets: binds them and accepts until closed. Used by Server only.
//
// Threading: Bind before the I/O thread runs; all else on the I/O thread.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <list>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "net/listen_address.h"

namespace buntime {

class Listener {
 public:
  using Socket = boost::asio::ip::tcp::socket;

  /// `on_accept` gets each new client, Nagle's delay already off. `free_descriptor` is called when none is
  /// left: it closes some connection if it can and says whether it did.
  Listener(boost::asio::io_context& io, Log& log, std::function<void(Socket)> on_accept,
           std::function<bool()> free_descriptor);

  /// Listens on all addresses or says which one it cannot listen on and why.
  Result<std::vector<std::string>> Bind(const std::vector<std::string>& addresses);
  /// Accepts clients; called once more after an exception, it goes on where that kept it from accepting.
  void Start();
  void Close();

 private:
  using Endpoint = boost::asio::ip::tcp::endpoint;

  struct Entry {  // one socket that listens
    boost::asio::ip::tcp::acceptor acceptor;
    boost::asio::steady_timer retry;
    bool waiting = false;  // for a client or for the next try
    bool failing = false;  // for want of something; logged once
    bool freed = false;    // the next client gets the descriptor of another one
  };

  boost::system::error_code BindAll(const ListenAddress& address);
  boost::system::error_code BindHost(const ListenAddress& address);
  boost::system::error_code BindEndpoint(const Endpoint& endpoint, bool both_families);
  void Accept(Entry& from);
  void OnShortage(Entry& from, const boost::system::error_code& error);

  boost::asio::io_context& io_;
  Log& log_;
  const std::function<void(Socket)> on_accept_;
  const std::function<bool()> free_descriptor_;
  std::list<Entry> entries_;
};

}  // namespace buntime
