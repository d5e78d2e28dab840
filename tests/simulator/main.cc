// buntime-simulator: flags -> Simulation -> exit status.
#include <sys/resource.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <iostream>

#include "base/clock.h"
#include "simulator/options.h"
#include "simulator/simulation.h"

namespace {

// A thousand runtimes are a thousand listening sockets and at least as many connections.
void RaiseFileLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

int main(int argc, char** argv) {
  using buntime::simulator::Simulation;
  const auto invocation = buntime::simulator::ParseArguments(argc, argv);
  if (!invocation.run) return invocation.exit_status;
  RaiseFileLimit();

  const buntime::SystemClock clock;
  boost::asio::io_context io(1);
  const auto simulation = Simulation::Start(invocation.options, clock, io, std::cerr);
  if (!simulation.ok()) {
    std::cerr << "buntime-simulator: " << simulation.error().message << '\n';
    return 1;
  }
  for (const std::string& url : simulation.value()->Urls()) std::cout << "listening on " << url << '\n';
  std::cout << "control on " << simulation.value()->ControlUrl() << std::endl;

  boost::asio::signal_set signals(io, SIGTERM, SIGINT);
  signals.async_wait([&](const boost::system::error_code&, int) { simulation.value()->Stop(); });
  io.run();
  return 0;
}
