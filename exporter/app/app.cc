#include "app/app.h"

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "app/landing_page.h"
#include "app/startup_pages.h"
#include "app/version.h"
#include "app/web_lock.h"
#include "base/clock.h"
#include "base/file_stamp.h"
#include "base/text.h"
#include "config/load.h"
#include "fetch/fetcher.h"
#include "metrics/exposition.h"
#include "metrics/page.h"
#include "metrics/self_metrics.h"
#include "poll/fleet_board.h"
#include "poll/poller.h"
#include "web/encoding.h"
#include "web/security.h"
#include "web/server.h"

namespace buntime {
namespace {

std::vector<std::string> RuntimeNames(const Config& config) {
  std::vector<std::string> names;
  for (const Target& target : config.targets) names.push_back(target.name);
  return names;
}

std::optional<Error> CheckCredentials(const Config& config) {
  for (const Target& target : config.targets) {
    if (target.credential.kind == Credential::Kind::kNone) continue;
    if (const auto secret = ReadSecretFile(target.credential.file); !secret) return secret.error();
  }
  return std::nullopt;
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
  const SystemClock& clock() const { return clock_; }

  /// Takes over the runtimes of a new configuration. Any thread.
  void Apply(const Config& config) {
    self_.SetRuntimes(RuntimeNames(config));
    poller_.Replace(config.targets);
  }

  /// The metric is about all parts of the configuration: good when the latest attempt of each was.
  enum class Part { kRuntimes, kWeb };
  void NoteReload(Part part, bool good) {
    reloads_[static_cast<std::size_t>(part)] = good;
    self_.SetReload(reloads_[0] && reloads_[1], clock_.UnixSeconds());
  }

  PageCache& pages() { return pages_; }
  std::shared_ptr<const Fleet> fleet() const { return board_.Latest(); }

  Result<std::unique_ptr<Server>> StartServing(std::shared_ptr<const Security> security) {
    ServerOptions options;
    options.listen = config_.listen;
    NoteCertificate(*security);
    options.security = std::move(security);
    return StartServer(
        options, Routes(),
        [this](std::string_view path, int status, double seconds) {
          self_.CountRequest(path, status, seconds);
        },
        log_);
  }

  void NoteCertificate(const Security& security) {
    const auto expiry = CertificateExpiry(security);
    if (!expiry) return;
    self_.SetCertificateExpiry(*expiry);
    if (*expiry < clock_.UnixSeconds()) log_.Warn("the certificate of --web.config.file has expired");
  }

 private:
  std::vector<Route> Routes() {
    const bool open = !config_.health_auth;
    return {
        {"/", Route::Where::kInline, [this](const HttpRequest&) { return Landing(); }},
        {config_.telemetry_path, Route::Where::kPool,
         [this](const HttpRequest& request) { return Metrics(request); }},
        {"/-/healthy", Route::Where::kInline,
         [](const HttpRequest&) {
           HttpResponse response;
           response.tail = "healthy\n";
           return response;
         },
         open},
        {"/-/ready", Route::Where::kInline, [this](const HttpRequest&) { return Ready(); }, open},
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
  std::array<bool, 2> reloads_ = {true, true};  // by Part; the main thread's
  FleetBoard board_;
  SelfMetrics self_;
  PageCache pages_;
  std::unique_ptr<Fetcher> fetcher_;
  Poller poller_;
};

// Loads the configuration again, each of its two files as a whole or not at all. Used by the main thread.
class Reloader {
 public:
  Reloader(const Invocation& invocation, Exporter& exporter, WebLock& lock, Server& server, Log& log)
      : invocation_(invocation), exporter_(exporter), lock_(lock), server_(server), log_(log) {
    if (const auto file = invocation.settings.find("config_file"); file != invocation.settings.end()) {
      path_ = file->second.value;
      stamp_ = StampOf(path_);
    }
  }

  void Reload(std::string_view why) {
    ReloadRuntimes(why);
    ReloadLock(why);
  }

  void ReloadIfChanged() {
    if (!path_.empty() && StampOf(path_) != stamp_) ReloadRuntimes("a change of " + path_);
    if (lock_.Changed()) ReloadLock("a change of its files");
  }

 private:
  void ReloadRuntimes(std::string_view why) {
    if (!path_.empty())
      stamp_ = StampOf(path_);  // before reading: a change during it is seen at the next look
    auto config = LoadConfig(invocation_);
    std::optional<Error> error;
    if (!config) {
      error = config.error();
    } else {
      error = CheckCredentials(*config);
    }
    if (error) {
      log_.Fail("cannot reload: the last good configuration stays in force",
                {{"because_of", std::string(why)}, {"cause", error->message}});
      exporter_.NoteReload(Exporter::Part::kRuntimes, false);
      return;
    }
    exporter_.Apply(*config);
    exporter_.NoteReload(Exporter::Part::kRuntimes, true);
    log_.Info("reloaded the configuration",
              {{"because_of", std::string(why)}, {"runtimes", std::to_string(config->targets.size())}});
  }

  void ReloadLock(std::string_view why) {
    const bool good = lock_.Reload(why, [this](std::shared_ptr<const Security> security) {
      exporter_.NoteCertificate(*security);
      server_.Secure(std::move(security));
    });
    exporter_.NoteReload(Exporter::Part::kWeb, good);
  }

  const Invocation& invocation_;
  Exporter& exporter_;
  WebLock& lock_;
  Server& server_;
  Log& log_;
  std::string path_;  // empty: there is no file
  std::optional<FileStamp> stamp_;
};

// Waits for the signal that ends the program and does meanwhile what the others ask for.
int AwaitEnd(Reloader& reloader) {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals, signal);
  bool started = false;
  while (true) {
    // Looking at the files every second notices every way of replacing them, the symbolic links of Kubernetes
    // included, for the price of a few system calls.
    constexpr timespec kLook = {1, 0};
    const int signal = sigtimedwait(&signals, nullptr, &kLook);
    if (signal == SIGTERM || signal == SIGINT) return signal;
    if (signal == SIGHUP) {
      reloader.Reload("SIGHUP");
    } else {
      reloader.ReloadIfChanged();
      if (!started) ReleaseStartupPages();  // the first polls are over by now
      started = true;
    }
  }
}

}  // namespace

std::optional<Error> CheckFiles(const Config& config) {
  if (auto error = CheckCredentials(config)) return error;
  if (config.web_config_file.empty()) return std::nullopt;
  if (const auto lock = WebLock::Read(config.web_config_file); !lock) return lock.error();
  return std::nullopt;
}

int Serve(const Invocation& invocation, const Config& config, Log& log) {
  Exporter exporter(config, log);
  WebLock lock(config.web_config_file, log);
  const auto security = lock.Start();
  if (!security) {
    log.Fail("cannot start", {{"cause", security.error().message}});
    return 1;
  }
  auto server = exporter.StartServing(*security);
  if (!server) {
    log.Fail("cannot start", {{"cause", server.error().message}});
    return 1;
  }
  for (const std::string& address : (*server)->Addresses()) {
    log.Info("listening", {{"address", address},
                           {"path", config.telemetry_path},
                           {"tls", (*security)->tls ? "on" : "off"},
                           {"users", std::to_string((*security)->users.size())},
                           {"version", std::string(kVersion)}});
  }
  std::jthread polling([&](const std::stop_token& stop) { exporter.poller().Run(stop); });

  Reloader reloader(invocation, exporter, lock, **server, log);
  const int signal = AwaitEnd(reloader);
  log.Info("stopping", {{"signal", signal == SIGTERM ? "SIGTERM" : "SIGINT"}});
  (*server)->Stop();
  return 0;
}

int PollOnce(const Config& config, Log& log) {
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
