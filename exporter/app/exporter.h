// The parts that live as long as the program serves, and what its pages answer. Owned by app.cc.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/history.h"
#include "app/api_routes.h"
#include "app/document_answer.h"
#include "app/live_feed.h"
#include "app/probe_service.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/result.h"
#include "config/config.h"
#include "fetch/fetcher.h"
#include "metrics/exposition_cache.h"
#include "metrics/self_metrics.h"
#include "model/fleet.h"
#include "poll/fleet_board.h"
#include "poll/poller.h"
#include "web/security.h"
#include "web/server.h"

namespace buntime {

class Exporter {
 public:
  /// Both outlive the exporter. Nothing is polled yet.
  Exporter(const Config& config, Log& log);

  /// What POST /-/reload and GET /config do, on a thread of the server's pool; without them there are no such
  /// pages.
  struct Lifecycle {
    std::function<std::optional<Error>()> reload;
    std::function<std::string()> describe;
  };
  Result<std::unique_ptr<Server>> StartServing(std::shared_ptr<const Security> security, Lifecycle lifecycle);

  /// Takes over the runtimes of a new configuration. Any thread.
  void Apply(const Config& config);
  /// Shows in the metrics how the latest attempt to load the configuration ended. Any thread.
  void NoteReload(bool good) { self_.SetReload(good, clock_.UnixSeconds()); }
  /// Shows when the server's certificate ends. Any thread.
  void NoteCertificate(const Security& security);

  /// Answers every probe that waits; before the server stops.
  void StopProbing() { probe_desk_.Stop(); }

  Poller& poller() { return poller_; }
  LiveFeed& live() { return live_; }
  ExpositionCache& exposition() { return exposition_; }
  std::shared_ptr<const Fleet> fleet() const { return board_.Latest(); }

 private:
  std::vector<Route> Routes(Lifecycle lifecycle);
  HttpResponse Metrics(const HttpRequest& request);
  HttpResponse Ready() const;

  // Declaration order matters: a member precedes every member that holds a reference to it.
  const Config& config_;
  Log& log_;
  SystemClock clock_;
  FleetBoard board_;
  SelfMetrics self_;
  ExpositionCache exposition_;
  History history_;
  const std::string epoch_;
  LiveFeed live_;
  DocumentAnswers answers_;
  std::unique_ptr<Fetcher> fetcher_;
  Poller poller_;
  ProbeService probe_desk_;
};

}  // namespace buntime
