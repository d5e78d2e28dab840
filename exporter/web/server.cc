#include "web/server.h"

#include <sys/resource.h>

#include <algorithm>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/network_v6.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/system/system_error.hpp>
#include <exception>
#include <functional>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

#include "base/mutex.h"
#include "base/until_done.h"
#include "web/connection.h"
#include "web/listener.h"
#include "web/password.h"
#include "web/security.h"
#include "web/tcp_stream.h"
#include "web/tls_stream.h"

namespace buntime {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

// Clients must not take the descriptors that polling the runtimes needs.
std::size_t FittingConnections(std::size_t wanted, Log& log) {
  rlimit files = {};
  if (getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur == RLIM_INFINITY) return wanted;
  const std::size_t most = std::max<std::size_t>(1, files.rlim_cur / 2);
  if (wanted <= most) return wanted;
  log.Info("fewer connections than configured: raise the limit of open files to have more",
           {{"connections", std::to_string(most)}, {"open_files", std::to_string(files.rlim_cur)}});
  return most;
}

// Fairness key: the IPv4 address, or the /64 network for IPv6, where a host can pick any address.
std::string ClientOf(const asio::ip::tcp::socket& socket) {
  error_code gone;
  const asio::ip::address address = socket.remote_endpoint(gone).address();
  if (!address.is_v6()) return address.to_string();
  const asio::ip::address_v6 six = address.to_v6();
  if (six.is_v4_mapped()) return asio::ip::make_address_v4(asio::ip::v4_mapped, six).to_string();
  return asio::ip::make_network_v6(six, 64).canonical().to_string();
}

class AsioServer final : public Server {
 public:
  AsioServer(const ServerOptions& options, std::vector<Route> routes, AccessObserver observer, Log& log)
      : log_(log),
        drain_timeout_(options.limits.drain_timeout),
        pool_(std::max<std::size_t>(1, options.pool_threads)),
        services_{options.limits,
                  std::move(observer),
                  Authenticator(options.security ? options.security : std::make_shared<const Security>(),
                                ToIo(), PasswordMatches),
                  MakeRouter(std::move(routes), log),
                  MakeTable(options.limits, log),
                  {}},
        handshakes_([this](std::function<void()> task) { ToHandshaker(std::move(task)); }, ToIo()),
        tls_services_{handshakes_, ToIo(), log},
        listener_(
            io_, log, [this](asio::ip::tcp::socket socket) { Welcome(std::move(socket)); },
            [this] { return services_.table.MakeRoom(ConnectionTable::Cost::kStreaming, ""); }) {}
  ~AsioServer() override { Stop(); }
  AsioServer(const AsioServer&) = delete;
  AsioServer& operator=(const AsioServer&) = delete;

  std::optional<Error> Start(const std::vector<std::string>& addresses) {
    Result<std::vector<std::string>> bound = listener_.Bind(addresses);
    if (!bound) return bound.error();
    addresses_ = std::move(*bound);
    const MutexLock lock(stop_mutex_);
    thread_ = std::jthread([this] { RunIo(); });
    return std::nullopt;
  }

  std::vector<std::string> Addresses() const override { return addresses_; }

  void Secure(std::shared_ptr<const Security> security) override {
    asio::post(io_, [this, security = std::move(security)] {
      UntilDone([&] { services_.authenticator.Adopt(security); });  // the reload has been reported
      services_.table.EndStreams();
    });
  }

  void Wake() override {
    asio::post(io_, [this] { services_.table.FeedStreams(); });
  }

  void Stop() override {
    const MutexLock lock(stop_mutex_);
    if (!thread_.joinable()) return;
    asio::post(io_, [this] { Drain(); });
    thread_.join();
    pool_.stop();
    pool_.join();
    if (handshaker_) handshaker_->join();
    services_.authenticator.Stop();
    // What was cancelled or came back too late still holds its connection.
    io_.restart();
    io_.poll();
  }

 private:
  Router MakeRouter(std::vector<Route> routes, Log& log) {
    return Router(
        std::move(routes), services_.authenticator,
        [this](std::function<void()> task) { asio::post(pool_, std::move(task)); }, ToIo(), log);
  }

  std::function<void(std::function<void()>)> ToIo() {
    return [this](std::function<void()> task) { asio::post(io_, std::move(task)); };
  }

  // A client for which there was no memory is timed out by its deadline; the others are served on.
  void RunIo() {
    while (true) {
      try {
        listener_.Start();
        io_.run();
        return;
      } catch (const std::exception& error) {
        log_.Fail("serving a client failed", {{"error", error.what()}});
      }
    }
  }

  void ToHandshaker(std::function<void()> task) {
    try {
      if (!handshaker_) handshaker_.emplace(1);
      asio::post(*handshaker_, std::move(task));
    } catch (const boost::system::system_error&) {
      asio::post(io_, std::move(task));  // no thread can be had at the moment
    }
  }

  ConnectionTable MakeTable(ServerLimits limits, Log& log) {
    limits.connections = FittingConnections(limits.connections, log);
    return ConnectionTable(
        limits, [this](SteadyTime deadline) { WakeAt(deadline); },
        [this] {
          if (services_.table.draining()) io_.stop();
        });
  }

  void Welcome(asio::ip::tcp::socket socket) {
    std::string client = ClientOf(socket);
    const auto& tls = services_.authenticator.security().tls;
    auto stream =
        tls ? MakeTlsStream(std::move(socket), tls, tls_services_, client) : MakeTcpStream(std::move(socket));
    const auto connection = std::make_shared<Connection>(std::move(stream), std::move(client), services_);
    services_.table.Add(connection);
    connection->Start();
  }

  // One timer for all connections, armed for the earliest deadline. A deadline that is dropped leaves it
  // armed: waking once for nothing costs less than re-arming at every answer.
  void WakeAt(SteadyTime deadline) {
    if (armed_for_ && *armed_for_ <= deadline) return;
    armed_for_.reset();  // where there is no memory to wait, nothing waits
    timer_.expires_at(std::chrono::time_point_cast<std::chrono::steady_clock::duration>(deadline));
    timer_.async_wait([this](const error_code& error) {
      if (error) return;  // armed anew for an earlier time
      armed_for_.reset();
      if (const auto next = services_.table.Expire(std::chrono::steady_clock::now())) WakeAt(*next);
    });
    armed_for_ = deadline;
  }

  void Drain() {
    listener_.Close();
    drain_timer_.expires_after(drain_timeout_);
    drain_timer_.async_wait([this](const error_code&) { services_.table.CloseAll(); });
    services_.authenticator.Stop();  // a password check may take seconds
    services_.table.Drain();
  }

  Log& log_;
  const Duration drain_timeout_;
  std::vector<std::string> addresses_;  // constant after Start

  // The I/O thread's own, in the order in which they may refer to each other.
  asio::io_context io_{1};
  const asio::executor_work_guard<asio::io_context::executor_type> work_{io_.get_executor()};
  asio::steady_timer timer_{io_};
  asio::steady_timer drain_timer_{io_};
  std::optional<SteadyTime> armed_for_;
  asio::thread_pool pool_;
  std::optional<asio::thread_pool> handshaker_;  // one thread, started with the first TLS connection
  ConnectionServices services_;
  HandshakeQueue handshakes_;
  const TlsServices tls_services_;
  Listener listener_;

  Mutex stop_mutex_;
  std::jthread thread_ GUARDED_BY(stop_mutex_);
};

}  // namespace

Result<std::unique_ptr<Server>> StartServer(const ServerOptions& options, std::vector<Route> routes,
                                            AccessObserver observer, Log& log) {
  for (const Route& route : routes) {
    if (std::ranges::count(routes, route.path, &Route::path) > 1) {
      return Error{"two pages have the path " + route.path + ": choose another --web.telemetry-path"};
    }
  }
  try {
    auto server = std::make_unique<AsioServer>(options, std::move(routes), std::move(observer), log);
    if (std::optional<Error> error = server->Start(options.listen)) return *std::move(error);
    return std::unique_ptr<Server>(std::move(server));
  } catch (const boost::system::system_error& error) {  // of Asio, and not of std
    throw std::system_error(error.code().value(), std::generic_category(), "the server");
  }
}

}  // namespace buntime
