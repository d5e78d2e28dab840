// All runtimes of a process with their sockets, control and script. One thread: that of the io_context.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "simulator/control.h"
#include "simulator/options.h"
#include "simulator/server.h"

namespace buntime::simulator {

class Simulation {
 public:
  /// Builds the worlds and opens the ports. `clock`, `io` and `log` outlive it; `log` hears of script lines
  /// and of nothing else.
  static Result<std::unique_ptr<Simulation>> Start(const Options& options, const Clock& clock,
                                                   boost::asio::io_context& io, std::ostream& log);
  ~Simulation();

  /// Where the runtimes answer, in order.
  std::vector<std::string> Urls() const;
  std::string ControlUrl() const;
  Control& control() { return control_; }
  /// Closes everything, so that the io_context runs out of work.
  void Stop();

 private:
  /// The first runtime's address when there is no other for control.
  struct Shared;

  Simulation(const Options& options, const Clock& clock, boost::asio::io_context& io, std::ostream& log);
  Result<bool> Open(const Options& options);
  Result<bool> Prepare(const Options& options);
  void Tick();

  boost::asio::io_context& io_;
  SimTime time_;
  std::vector<std::unique_ptr<Runtime>> runtimes_;
  Control control_;
  std::unique_ptr<Site> shared_;
  std::vector<std::shared_ptr<Listener>> listeners_;
  std::shared_ptr<Listener> control_listener_;
  boost::asio::steady_timer timer_;
  bool stopped_ = false;
};

}  // namespace buntime::simulator
