// A Stream over TLS, on OpenSSL straight over the socket: no buffers between the two, so an idle client costs
// a few kilobytes.
//
// Threading: the I/O thread. Handshake cryptography (1 to 6 ms) runs on a thread of its own, so that bursts
// of new clients do not delay established ones; the socket stays open during a step.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <functional>
#include <memory>
#include <string>

#include "base/log.h"
#include "tls/tls_context.h"
#include "web/handshake_queue.h"
#include "web/stream.h"

namespace buntime {

struct TlsServices {
  using Post = std::function<void(std::function<void()>)>;
  HandshakeQueue& handshakes;
  Post to_io;
  Log& log;
};

/// `client` is for the log. `services` outlives the stream. SIGPIPE must be ignored or blocked.
std::unique_ptr<Stream> MakeTlsStream(boost::asio::ip::tcp::socket socket,
                                      std::shared_ptr<const TlsContext> tls, const TlsServices& services,
                                      std::string client);

}  // namespace buntime
