#include "app/app.h"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "app/landing_page.h"
#include "app/version.h"
#include "base/clock.h"
#include "base/text.h"
#include "fetch/fetcher.h"
#include "metrics/exposition.h"
#include "metrics/page.h"
#include "metrics/self_metrics.h"
#include "poll/fleet_board.h"
#include "poll/poller.h"
#include "web/encoding.h"
#include "web/server.h"

namespace buntime {
namespace {

std::vector<std::string> RuntimeNames(const Config& config) {
  std::vector<std::string> names;
  for (const Target& target : config.targets) names.push_back(target.name);
  return names;
}

// A secret that cannot be read now is a mistake to be told now, not one poll at a time.
bool SecretsAreReadable(const Config& config, Log& log) {
  for (const Target& target : config.targets) {
    if (target.credential.kind == Credential::Kind::kNone) continue;
    if (const auto secret = ReadSecretFile(target.credential.file); !secret) {
      log.Fail("cannot use --runtime.api-key-file", {{"cause", secret.error().message}});
      return false;
    }
  }
  return true;
}

// Everything that lives as long as the program serves. Members end in reverse order: whoever is referred to
// stands above those that refer to it.
class Exporter {
 public:
  Exporter(const Config& config, Log& log)
      : config_(config),
        log_(log),
        self_({kVersion, kRevision, kCompiler}, RuntimeNames(config)),
        pages_([this] { return board_.Latest(); }, self_),
        fetcher_(MakeCurlFetcher("buntime-exporter/" + std::string(kVersion), log)),
        poller_(
            config.targets, *fetcher_, clock_, log, board_,
            [this](const Target& target, Outcome outcome, double seconds, const AnomalyCounts& anomalies) {
              self_.CountPoll(target.name, outcome, seconds, anomalies);
            }) {
    self_.SetReload(true, clock_.UnixSeconds());
  }

  Poller& poller() { return poller_; }
  PageCache& pages() { return pages_; }
  std::shared_ptr<const Fleet> fleet() const { return board_.Latest(); }

  Result<std::unique_ptr<Server>> StartServing() {
    ServerOptions options;
    options.listen = config_.listen;
    return StartServer(
        std::move(options), Routes(),
        [this](std::string_view path, int status, double seconds) {
          self_.CountRequest(path, status, seconds);
        },
        log_);
  }

 private:
  std::vector<Route> Routes() {
    return {
        {config_.telemetry_path, Route::Where::kPool,
         [this](const HttpRequest& request) { return Metrics(request); }},
        {"/-/healthy", Route::Where::kInline,
         [](const HttpRequest&) {
           HttpResponse response;
           response.tail = "healthy\n";
           return response;
         }},
        {"/-/ready", Route::Where::kInline, [this](const HttpRequest&) { return Ready(); }},
        {"/", Route::Where::kInline, [this](const HttpRequest&) { return Landing(); }},
    };
  }

  HttpResponse Metrics(const HttpRequest& request) {
    const bool gzip = AcceptsGzip(request.accept_encoding);
    Page page = pages_.Get(gzip);
    HttpResponse response;
    response.content_type = kExpositionType;
    response.headers.emplace_back("Vary", "Accept-Encoding");
    if (gzip) response.headers.emplace_back("Content-Encoding", "gzip");
    response.shared = std::move(page.shared);
    response.tail = std::move(page.tail);
    return response;
  }

  // A runtime that is down does not make the exporter unready: its `buntime_up 0` has to be scraped.
  HttpResponse Ready() const {
    const auto fleet = board_.Latest();
    const auto untried =
        std::ranges::count_if(fleet->runtimes, [](const auto& runtime) { return !runtime->tried; });
    HttpResponse response;
    response.tail = "ready\n";
    if (untried > 0) {
      response.status = 503;
      response.tail = "not ready: " + std::to_string(untried) + " of " +
                      std::to_string(fleet->runtimes.size()) + " runtimes have not been polled yet\n";
    }
    return response;
  }

  HttpResponse Landing() const {
    HttpResponse response;
    response.content_type = "text/html; charset=utf-8";
    response.headers.emplace_back("Content-Security-Policy", "default-src 'none'");
    response.tail = LandingPage(*board_.Latest(), config_.telemetry_path, kVersion);
    return response;
  }

  const Config& config_;
  Log& log_;
  SystemClock clock_;
  FleetBoard board_;
  SelfMetrics self_;
  PageCache pages_;
  std::unique_ptr<Fetcher> fetcher_;
  Poller poller_;
};

}  // namespace

int Serve(const Config& config, Log& log) {
  if (!SecretsAreReadable(config, log)) return 1;
  Exporter exporter(config, log);
  auto server = exporter.StartServing();
  if (!server) {
    log.Fail("cannot start", {{"cause", server.error().message}});
    return 1;
  }
  for (const std::string& address : (*server)->Addresses()) {
    log.Info("listening",
             {{"address", address}, {"path", config.telemetry_path}, {"version", std::string(kVersion)}});
  }
  std::jthread polling([&](std::stop_token stop) { exporter.poller().Run(std::move(stop)); });

  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  int signal = 0;
  sigwait(&signals, &signal);
  log.Info("stopping", {{"signal", signal == SIGTERM ? "SIGTERM" : "SIGINT"}});
  (*server)->Stop();
  return 0;
}

int PollOnce(const Config& config, Log& log) {
  if (!SecretsAreReadable(config, log)) return 1;
  Exporter exporter(config, log);
  exporter.poller().PollOnce();
  const Page page = exporter.pages().Get(false);
  std::fwrite(page.shared->data(), 1, page.shared->size(), stdout);
  std::fwrite(page.tail.data(), 1, page.tail.size(), stdout);
  if (std::fflush(stdout) != 0) {
    log.Fail("cannot write the metrics to standard output");
    return 1;
  }
  const auto fleet = exporter.fleet();
  return std::ranges::all_of(fleet->runtimes, [](const auto& runtime) { return runtime->up; }) ? 0 : 1;
}

}  // namespace buntime
