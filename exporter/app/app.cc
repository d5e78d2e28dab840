#include "app/app.h"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <ctime>
#include <memory>
#include <new>
#include <string>
#include <thread>

#include "app/exporter.h"
#include "app/keep_running.h"
#include "app/reloader.h"
#include "app/startup_pages.h"
#include "app/version.h"
#include "app/web_config_loader.h"
#include "base/clock.h"
#include "net/listen_address.h"

namespace buntime {
namespace {

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
    try {
      if (signal == SIGHUP) {
        reloader.Reload("SIGHUP");
      } else {
        reloader.ReloadIfChanged();
        if (!started) ReleaseStartupPages();  // the first polls are over by now
        started = true;
      }
    } catch (const std::bad_alloc&) {  // in a second it looks again
    }
  }
}

}  // namespace

Result<Warnings> CheckRest(const Config& config) {
  for (const std::string& address : config.listen) {
    if (const auto parsed = ParseListenAddress(address); !parsed) {
      return Error{"--web.listen-address: " + parsed.error().message};
    }
  }
  auto warnings = CheckRuntimeFiles(config, SystemClock().UnixSeconds());
  if (!warnings || config.web_config_file.empty()) return warnings;
  if (const auto read = WebConfigLoader::Read(config.web_config_file); !read) return read.error();
  return warnings;
}

int Serve(const Invocation& invocation, const Config& config, const Warnings& warnings, Log& log) {
  LogWarnings(warnings, {}, log);
  Exporter exporter(config, log);
  WebConfigLoader web_config(config.web_config_file, log);
  const auto security = web_config.Start();
  if (!security) {
    log.Fail("cannot start", {{"cause", security.error().message}});
    return 1;
  }
  Reloader reloader(invocation, config, warnings, exporter, web_config, log);
  Exporter::Lifecycle lifecycle;
  if (config.enable_lifecycle) {
    lifecycle.reload = [&] { return reloader.Reload("POST /-/reload"); };
    lifecycle.describe = [&] { return reloader.Describe(); };
  }
  auto server = exporter.StartServing(*security, std::move(lifecycle));
  if (!server) {
    log.Fail("cannot start", {{"cause", server.error().message}});
    return 1;
  }
  reloader.Attach(**server);
  for (const std::string& address : (*server)->Addresses()) {
    log.Info("listening", {{"address", address},
                           {"path", config.telemetry_path},
                           {"tls", (*security)->tls ? "on" : "off"},
                           {"users", std::to_string((*security)->users.size())},
                           {"version", std::string(kVersion)}});
  }
  std::jthread streaming([&](const std::stop_token& stop) {
    KeepRunning(stop, log, [&] {
      exporter.live().Run(
          stop, [&] { (*server)->Wake(); }, [&] { exporter.exposition().Prepare(); });
    });
  });
  std::jthread polling(
      [&](const std::stop_token& stop) { KeepRunning(stop, log, [&] { exporter.poller().Run(stop); }); });

  const int signal = AwaitEnd(reloader);
  log.Info("stopping", {{"signal", signal == SIGTERM ? "SIGTERM" : "SIGINT"}});
  exporter.StopProbing();
  (*server)->Stop();
  return 0;
}

int PollOnce(const Config& config, const Warnings& warnings, Log& log) {
  LogWarnings(warnings, {}, log);
  Exporter exporter(config, log);
  exporter.poller().PollOnce();
  const ExpositionBody body = exporter.exposition().Get(false);
  std::fwrite(body.shared->data(), 1, body.shared->size(), stdout);
  std::fwrite(body.tail.data(), 1, body.tail.size(), stdout);
  if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) {
    log.Fail("cannot write the metrics to standard output");
    return 1;
  }
  // Once more, behind the metrics: at a terminal what the log said has scrolled away.
  int status = 0;
  for (const auto& runtime : exporter.fleet()->runtimes) {
    if (runtime->up) continue;
    status = 1;
    log.Fail("runtime is down",
             {{"runtime", runtime->name}, {"url", runtime->url}, {"cause", runtime->error}});
  }
  return status;
}

}  // namespace buntime
