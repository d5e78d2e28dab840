#include "simulator/simulation.h"

#include <chrono>
#include <utility>

#include "simulator/scenarios.h"

namespace buntime::simulator {
namespace {

constexpr auto kTick = std::chrono::milliseconds(20);

}  // namespace

struct Simulation::Shared final : Site {
  Shared(Runtime& runtime_, Control& control_) : runtime(runtime_), control(control_) {}
  Plan Answer(const Request& request) override {
    return request.path.starts_with("/control/") ? control.Answer(request) : runtime.Answer(request);
  }
  // Not even here: control stays reachable, and a request that should be reset still is.
  bool ResetsConnections() const override { return false; }
  Runtime& runtime;
  Control& control;
};

Simulation::Simulation(const Options& options, const Clock& clock, boost::asio::io_context& io,
                       std::ostream& log)
    : io_(io), time_(clock, options.speed), control_(runtimes_, time_, options.script, log), timer_(io) {
  time_.Step(options.warmup_ms);
  for (std::size_t i = 0; i < options.runtimes; ++i) {
    WorldOptions world = options.world;
    world.seed += i;
    runtimes_.push_back(std::make_unique<Runtime>(options.runtime, world, options.knobs, time_));
  }
}

Simulation::~Simulation() { Stop(); }

Result<std::unique_ptr<Simulation>> Simulation::Start(const Options& options, const Clock& clock,
                                                      boost::asio::io_context& io, std::ostream& log) {
  std::unique_ptr<Simulation> simulation(new Simulation(options, clock, io, log));
  if (const Result<bool> opened = simulation->Open(options); !opened.ok()) return opened.error();
  if (const Result<bool> prepared = simulation->Prepare(options); !prepared.ok()) return prepared.error();
  simulation->Tick();
  return simulation;
}

Result<bool> Simulation::Open(const Options& options) {
  Result<boost::asio::ip::tcp::endpoint> endpoint = ParseEndpoint(options.listen);
  if (!endpoint.ok()) return Error{"--listen: " + endpoint.error().message};
  if (endpoint->port() != 0 && endpoint->port() + options.runtimes - 1 > 65'535) {
    return Error{"--runtimes needs that many ports from --listen on; use port 0 or a lower one"};
  }
  if (options.control.empty()) shared_ = std::make_unique<Shared>(*runtimes_.front(), control_);
  for (std::size_t i = 0; i < runtimes_.size(); ++i) {
    Site& site = i == 0 && shared_ != nullptr ? *shared_ : static_cast<Site&>(*runtimes_[i]);
    Result<std::shared_ptr<Listener>> listener = Listener::Open(io_, *endpoint, site);
    if (!listener.ok()) return listener.error();
    runtimes_[i]->Attach(listener->get());
    listeners_.push_back(std::move(*listener));
    if (endpoint->port() != 0) endpoint->port(static_cast<unsigned short>(endpoint->port() + 1));
  }
  if (options.control.empty()) return true;
  endpoint = ParseEndpoint(options.control);
  if (!endpoint.ok()) return Error{"--control: " + endpoint.error().message};
  Result<std::shared_ptr<Listener>> listener = Listener::Open(io_, *endpoint, control_);
  if (!listener.ok()) return listener.error();
  control_listener_ = std::move(*listener);
  return true;
}

Result<bool> Simulation::Prepare(const Options& options) {
  for (const std::string& spec : options.scenarios) {
    const Result<std::string> done = control_.Execute({"scenario", {{"name", spec}}});
    if (!done.ok()) return Error{"--scenario: " + done.error().message};
  }
  for (const std::string& spec : options.faults) {
    const Result<std::string> done = control_.Execute({"fault", {{"name", spec}}});
    if (!done.ok()) return Error{"--fault: " + done.error().message};
  }
  return true;
}

void Simulation::Tick() {
  if (stopped_) return;  // the timer had gone off before it could be cancelled
  control_.Tick();
  timer_.expires_after(kTick);
  timer_.async_wait([this](const boost::system::error_code& cancelled) {
    if (!cancelled) Tick();
  });
}

void Simulation::Stop() {
  stopped_ = true;
  timer_.cancel();
  for (const auto& runtime : runtimes_) runtime->Attach(nullptr);
  for (const auto& listener : listeners_) listener->Stop();
  if (control_listener_ != nullptr) control_listener_->Stop();
}

std::vector<std::string> Simulation::Urls() const {
  std::vector<std::string> urls;
  for (const auto& listener : listeners_) urls.push_back(listener->Url());
  return urls;
}

std::string Simulation::ControlUrl() const {
  return control_listener_ != nullptr ? control_listener_->Url() : listeners_.front()->Url();
}

}  // namespace buntime::simulator
