// One connection: reads requests, carries out plans. Keeps itself alive while something is under way. One
// thread.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstddef>
#include <memory>
#include <string>

#include "simulator/http.h"
#include "simulator/runtime.h"

namespace buntime::simulator {

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  /// `site` outlives the connection.
  Connection(boost::asio::ip::tcp::socket socket, Site& site);

  void Start() { Read(); }
  /// Ends it at once with a RST.
  void Abort();
  /// True while its own request is being answered: a command that ends connections spares the one it came by.
  bool answering() const { return answering_; }

 private:
  void Read();
  void Handle();
  void Next();
  void Write(Bytes bytes);
  void DoDrip();
  void DoStream();
  void DoAwait();
  void DoEvents();
  void WatchForEnd();

  void Do(const Send& step);
  void Do(Drip& step);
  void Do(Stream& step);
  void Do(Await& step);
  void Do(Events& step);
  void Do(Stall& step);
  void Do(Close& step);
  void Do(Reset& step);

  boost::asio::ip::tcp::socket socket_;
  boost::asio::steady_timer timer_;
  Site& site_;
  std::string input_;
  std::size_t searched_ = 0;  // input_ has no end of header before here
  Plan plan_;
  std::size_t step_ = 0;
  bool answering_ = false;
  std::size_t dripped_ = 0;
  std::string chunk_;
};

}  // namespace buntime::simulator
