#include "web/server.h"

#include <sys/resource.h>

#include <algorithm>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/network_v6.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <ctime>
#include <functional>
#include <optional>
#include <thread>
#include <utility>

#include "base/mutex.h"
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

// Whom fairness between clients knows: an address, of IPv6 the network, whose addresses come for free.
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
      : drain_timeout_(options.limits.drain_timeout),
        pool_(std::max<std::size_t>(1, options.pool_threads)),
        services_{options.limits,
                  std::move(observer),
                  MakeRouter(std::move(routes), log),
                  Guard(options.security ? options.security : std::make_shared<const Security>(), ToIo(),
                        PasswordMatches),
                  MakeTable(options.limits, log),
                  {}},
        tls_services_{[this](std::function<void()> task) { ToHandshaker(std::move(task)); }, ToIo(), log},
        listener_(
            io_, log, [this](asio::ip::tcp::socket socket) { Welcome(std::move(socket)); },
            [this] { return services_.table.MakeRoom(); }) {}
  ~AsioServer() override { Stop(); }
  AsioServer(const AsioServer&) = delete;
  AsioServer& operator=(const AsioServer&) = delete;

  std::optional<Error> Start(const std::vector<std::string>& addresses) {
    Result<std::vector<std::string>> bound = listener_.Bind(addresses);
    if (!bound) return bound.error();
    addresses_ = std::move(*bound);
    listener_.Start();
    const MutexLock lock(stop_mutex_);
    thread_ = std::jthread([this] { io_.run(); });
    return std::nullopt;
  }

  std::vector<std::string> Addresses() const override { return addresses_; }

  void Secure(std::shared_ptr<const Security> security) override {
    asio::post(io_, [this, security = std::move(security)]() mutable {
      services_.guard.Adopt(std::move(security));
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
    services_.guard.Stop();
    // What was cancelled or came back too late still holds its connection.
    io_.restart();
    io_.poll();
  }

 private:
  Router MakeRouter(std::vector<Route> routes, Log& log) {
    return Router(
        std::move(routes), [this](std::function<void()> task) { asio::post(pool_, std::move(task)); }, ToIo(),
        log);
  }

  std::function<void(std::function<void()>)> ToIo() {
    return [this](std::function<void()> task) { asio::post(io_, std::move(task)); };
  }

  void ToHandshaker(std::function<void()> task) {
    if (!handshaker_) handshaker_.emplace(1);
    asio::post(*handshaker_, std::move(task));
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
    if (services_.table.full() && !services_.table.MakeRoom()) {
      return TurnAway(std::move(socket));
    }
    std::string client = ClientOf(socket);
    const auto& tls = services_.guard.security().tls;
    auto stream =
        tls ? MakeTlsStream(std::move(socket), tls, tls_services_, client) : MakeTcpStream(std::move(socket));
    const auto connection = std::make_shared<Connection>(std::move(stream), std::move(client), services_);
    services_.table.Add(connection);
    connection->Start();
  }

  // The send buffer of a new socket takes these few bytes, so there is nothing to wait for.
  void TurnAway(asio::ip::tcp::socket socket) {
    const Security& security = services_.guard.security();
    if (security.tls) return;  // it would take a handshake to say so
    const HttpResponse full = PlainAnswer(503, "all connections are busy; try again in a moment");
    std::string text;
    FormatHead(full, security.headers, false, services_.date.At(std::time(nullptr)), text);
    text += full.tail;
    error_code ignored;
    socket.non_blocking(true, ignored);
    socket.write_some(asio::buffer(text), ignored);
    socket.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
  }

  // One timer for all connections, armed for the earliest deadline. A deadline that is dropped leaves it
  // armed: waking once for nothing costs less than re-arming at every answer.
  void WakeAt(SteadyTime deadline) {
    if (armed_for_ && *armed_for_ <= deadline) return;
    armed_for_ = deadline;
    timer_.expires_at(std::chrono::time_point_cast<std::chrono::steady_clock::duration>(deadline));
    timer_.async_wait([this](const error_code& error) {
      if (error) return;  // armed anew for an earlier time
      armed_for_.reset();
      if (const auto next = services_.table.Expire(std::chrono::steady_clock::now())) WakeAt(*next);
    });
  }

  void Drain() {
    listener_.Close();
    drain_timer_.expires_after(drain_timeout_);
    drain_timer_.async_wait([this](const error_code&) { services_.table.CloseAll(); });
    services_.table.Drain();
  }

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
  const TlsServices tls_services_;
  Listener listener_;

  Mutex stop_mutex_;
  std::jthread thread_ GUARDED_BY(stop_mutex_);
};

}  // namespace

Result<std::unique_ptr<Server>> StartServer(const ServerOptions& options, std::vector<Route> routes,
                                            AccessObserver observer, Log& log) {
  auto server = std::make_unique<AsioServer>(options, std::move(routes), std::move(observer), log);
  if (std::optional<Error> error = server->Start(options.listen)) return *std::move(error);
  return std::unique_ptr<Server>(std::move(server));
}

}  // namespace buntime
