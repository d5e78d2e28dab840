// A Stream over a TCP socket. The I/O thread only.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <memory>

#include "web/stream.h"

namespace buntime {

/// Stream::LimitBacklog of a socket.
void LimitBacklog(boost::asio::ip::tcp::socket& socket);

std::unique_ptr<Stream> MakeTcpStream(boost::asio::ip::tcp::socket socket);

}  // namespace buntime
