#include "web/listener.h"

#include <poll.h>

#include <boost/asio/error.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <chrono>
#include <sstream>
#include <utility>

#include "base/text.h"

namespace buntime {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

// Long enough not to spin, short enough that a scrape behind it still succeeds.
constexpr auto kRetryDelay = std::chrono::milliseconds(100);

// With one in each turn of the event loop, a scraper would wait behind a crowd for as many turns as it has
// clients.
constexpr int kAcceptsPerTurn = 32;

// The machine or the process has run out of something; waiting helps. Other errors concern one client only.
bool IsShortage(const error_code& error) {
  return error == asio::error::no_descriptors || error == asio::error::no_memory ||
         error == asio::error::no_buffer_space || error == boost::system::errc::too_many_files_open_in_system;
}

std::string Explain(const ListenAddress& address, const error_code& error) {
  std::string text = "cannot listen on " + Printable(address.text) + ": ";
  if (error == asio::error::address_in_use) {
    return text + "address already in use (another exporter? choose another --web.listen-address)";
  }
  if (IsShortage(error)) return text + error.message() + " (raise the limit of open files, or of memory)";
  if (error == asio::error::access_denied) {
    return text + "permission denied (ports below 1024 are reserved; choose another --web.listen-address)";
  }
  if (error == boost::system::errc::address_not_available) {
    return text + "this machine has no such address (choose another --web.listen-address, or :port for all)";
  }
  return text + error.message() + " (check --web.listen-address)";
}

bool HasClient(tcp::acceptor& acceptor) {
  pollfd waiting = {acceptor.native_handle(), POLLIN, 0};
  return poll(&waiting, 1, 0) == 1;
}

std::string ToString(const tcp::endpoint& endpoint) {
  std::ostringstream text;
  text << endpoint;
  return text.str();
}

}  // namespace

Listener::Listener(asio::io_context& io, Log& log, std::function<void(Socket)> on_accept,
                   std::function<bool()> free_descriptor)
    : io_(io), log_(log), on_accept_(std::move(on_accept)), free_descriptor_(std::move(free_descriptor)) {}

Result<std::vector<std::string>> Listener::Bind(const std::vector<std::string>& addresses) {
  for (const std::string& text : addresses) {
    const Result<ListenAddress> address = ParseListenAddress(text);
    if (!address) return address.error();
    const error_code error = address->host.empty() ? BindAll(*address) : BindHost(*address);
    if (error) return Error{Explain(*address, error)};
  }
  std::vector<std::string> bound;
  for (const Entry& entry : entries_) {
    error_code ignored;
    bound.push_back(ToString(entry.acceptor.local_endpoint(ignored)));
  }
  return bound;
}

error_code Listener::BindAll(const ListenAddress& address) {
  const error_code error = BindEndpoint(tcp::endpoint(tcp::v6(), address.port), true);
  const bool no_ipv6 = error == asio::error::address_family_not_supported ||
                       error == boost::system::errc::address_not_available;
  return no_ipv6 ? BindEndpoint(tcp::endpoint(tcp::v4(), address.port), false) : error;
}

error_code Listener::BindHost(const ListenAddress& address) {
  error_code error;
  tcp::resolver resolver(io_);
  const auto found = resolver.resolve(address.host, std::to_string(address.port),
                                      tcp::resolver::passive | tcp::resolver::numeric_service, error);
  if (error) return error;
  bool bound = false;
  error_code unavailable;
  for (const auto& entry : found) {
    // "[::]" means all addresses of both families, as it does for most programs that people listen with.
    const error_code failure = BindEndpoint(entry.endpoint(), entry.endpoint().address().is_unspecified());
    if (!failure) {
      bound = true;
    } else if (failure == boost::system::errc::address_not_available ||
               failure == asio::error::address_family_not_supported) {
      unavailable = failure;  // "localhost" names ::1 on machines without IPv6 too
    } else {
      return failure;
    }
  }
  return bound ? error_code() : unavailable;
}

error_code Listener::BindEndpoint(const Endpoint& endpoint, bool both_families) {
  error_code error;
  tcp::acceptor acceptor(io_);
  if (acceptor.open(endpoint.protocol(), error)) return error;
  if (acceptor.set_option(asio::socket_base::reuse_address(true), error)) return error;
  if (endpoint.protocol() == tcp::v6() && acceptor.set_option(asio::ip::v6_only(!both_families), error)) {
    return error;
  }
  if (acceptor.bind(endpoint, error)) return error;
  if (acceptor.listen(asio::socket_base::max_listen_connections, error)) return error;
  if (acceptor.non_blocking(true, error)) return error;
  entries_.push_back({std::move(acceptor), asio::steady_timer(io_)});
  return {};
}

void Listener::Start() {
  for (Entry& entry : entries_) {
    if (!entry.waiting && entry.acceptor.is_open()) Accept(entry);
  }
}

void Listener::Close() {
  for (Entry& entry : entries_) {
    error_code ignored;
    entry.acceptor.close(ignored);
    entry.retry.cancel();
  }
}

// Waits before it accepts: without descriptors accept fails even when nobody has called, and each such
// failure would cost some idle client its connection.
void Listener::Accept(Entry& from) {
  from.acceptor.async_wait(tcp::acceptor::wait_read, [this, &from](const error_code& wait_error) {
    from.waiting = false;
    if (wait_error || !from.acceptor.is_open()) return;
    for (int i = 0; i < kAcceptsPerTurn && (i == 0 || HasClient(from.acceptor)); ++i) {
      error_code error;
      Socket socket = from.acceptor.accept(error);
      if (IsShortage(error)) return OnShortage(from, error);
      if (error) continue;  // that client has gone
      if (!std::exchange(from.freed, false) && std::exchange(from.failing, false)) {
        log_.Info("accepting connections again");
      }
      error_code ignored;
      socket.set_option(tcp::no_delay(true), ignored);
      on_accept_(std::move(socket));
    }
    Accept(from);
  });
  from.waiting = true;
}

void Listener::OnShortage(Entry& from, const error_code& error) {
  if (!std::exchange(from.failing, true)) {
    log_.Warn("cannot accept connections: raise the limit of open files if this stays",
              {{"error", error.message()}});
  }
  from.freed = free_descriptor_();
  if (from.freed) return Accept(from);
  from.retry.expires_after(kRetryDelay);
  from.retry.async_wait([this, &from](const error_code& wait_error) {
    from.waiting = false;
    if (!wait_error && from.acceptor.is_open()) Accept(from);
  });
  from.waiting = true;
}

}  // namespace buntime
