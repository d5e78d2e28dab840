#include "app/exporter.h"

#include <algorithm>
#include <utility>

#include "app/version.h"
#include "metrics/process_stats.h"
#include "metrics/text_format.h"
#include "model/web_paths.h"
#include "web/encoding.h"
#include "web/http.h"

namespace buntime {
namespace {

std::vector<std::string> RuntimeNames(const Config& config) {
  std::vector<std::string> names;
  for (const Target& target : config.targets) names.push_back(target.name);
  return names;
}

std::vector<std::string> ModuleNames(const Config& config) {
  std::vector<std::string> names;
  for (const auto& module : config.modules) names.push_back(module->name);
  return names;
}

}  // namespace

Exporter::Exporter(const Config& config, Log& log)
    : config_(config),
      log_(log),
      self_({kVersion, kRevision, kCompiler}, RuntimeNames(config)),
      exposition_(std::make_shared<FleetCollector>([this] { return board_.Latest(); }), clock_),
      epoch_(std::to_string(static_cast<std::int64_t>(clock_.UnixSeconds() * 1000))),
      live_(board_, history_, clock_, {config.sse_interval, config.sse_clients, epoch_}),
      answers_(epoch_),
      fetcher_(MakeCurlFetcher("buntime-exporter/" + std::string(kVersion), log)),
      poller_(config.targets, *fetcher_, clock_, log, board_,
              [this](const Target& target, Outcome outcome, double seconds, const AnomalyCounts& anomalies) {
                self_.CountPoll(target.name, outcome, seconds, anomalies);
              }),
      probe_desk_(clock_, log, [this](const std::string& module, std::string_view result) {
        self_.CountProbe(module, result);
      }) {
  exposition_.Register(self_.registry());
  exposition_.Register(std::make_shared<ProcessCollector>());
  self_.SetModules(ModuleNames(config));
  probe_desk_.Apply(config);
  NoteReload(true);
}

Result<std::unique_ptr<Server>> Exporter::StartServing(std::shared_ptr<const Security> security,
                                                       Lifecycle lifecycle) {
  ServerOptions options;
  options.listen = config_.listen;
  NoteCertificate(*security);
  options.security = std::move(security);
  return StartServer(
      options, Routes(std::move(lifecycle)),
      [this](std::string_view path, int status, double seconds) {
        // One series for all files of the page: they are many, and alike.
        self_.CountRequest(path.starts_with(web_path::kAssets) ? web_path::kAssets : path, status, seconds);
      },
      log_);
}

void Exporter::Apply(const Config& config) {
  self_.SetRuntimes(RuntimeNames(config));
  self_.SetModules(ModuleNames(config));
  poller_.Replace(config.targets);
  probe_desk_.Apply(config);
}

void Exporter::NoteCertificate(const Security& security) {
  const auto expiry = CertificateExpiry(security);
  if (!expiry) return;
  self_.SetCertificateExpiry(*expiry);
  if (*expiry < clock_.UnixSeconds()) log_.Warn("the certificate of --web.config.file has expired");
}

std::vector<Route> Exporter::Routes(Lifecycle lifecycle) {
  using enum Route::Where;
  const bool open = !config_.health_auth;
  std::vector<Route> routes = {
      {config_.telemetry_path, kPool, [this](const HttpRequest& request) { return Metrics(request); }},
      {std::string(web_path::kHealthy), kInline,
       [](const HttpRequest&) { return PlainAnswer(200, "healthy"); }, open},
      {std::string(web_path::kReady), kInline, [this](const HttpRequest&) { return Ready(); }, open},
  };
  const ApiSources sources = {board_, history_, clock_,
                              live_,  answers_, [this] { return probe_desk_.Recent(); }};
  std::ranges::move(
      PageRoutes(sources, {std::string(kVersion), std::string(kRevision), config_.telemetry_path}),
      std::back_inserter(routes));
  std::ranges::move(DocumentedRoutes(sources, config_.prometheus_api), std::back_inserter(routes));
  for (Route& route : routes) route.cors = route.path.starts_with(web_path::kDocumented);
  // The first two are what a 404 suggests: the page, and the metrics.
  const auto page = std::ranges::find(routes, web_path::kHome, &Route::path);
  if (page != routes.end()) std::rotate(routes.begin(), page, page + 1);
  routes.push_back({.path = std::string(web_path::kProbe),
                    .handle_later = [this](const HttpRequest& request, Reply reply) {
                      probe_desk_.Handle(request, std::move(reply));
                    }});
  if (lifecycle.reload) {
    routes.push_back({std::string(web_path::kReload), kPool,
                      [reload = std::move(lifecycle.reload)](const HttpRequest&) {
                        const auto error = reload();
                        return error ? PlainAnswer(500, "the last good configuration stays in force: " +
                                                            error->message)
                                     : PlainAnswer(200, "reloaded");
                      },
                      false, "POST"});
    routes.push_back({std::string(web_path::kConfig), kPool,
                      [describe = std::move(lifecycle.describe)](const HttpRequest&) {
                        HttpResponse response;
                        response.content_type = "application/yaml; charset=utf-8";
                        response.tail = describe();
                        return response;
                      }});
  }
  return routes;
}

HttpResponse Exporter::Metrics(const HttpRequest& request) {
  self_.SetLogLinesDropped(log_.dropped());
  const bool gzip = AcceptsGzip(request.accept_encoding);
  ExpositionBody body = exposition_.Get(gzip);
  HttpResponse response;
  response.content_type = kExpositionType;
  response.headers.emplace_back("Vary", "Accept-Encoding");
  if (gzip) response.headers.emplace_back("Content-Encoding", "gzip");
  response.shared = std::move(body.shared);
  response.tail = std::move(body.tail);
  return response;
}

// A runtime that is down does not make the exporter unready: its `buntime_up 0` has to be scraped.
HttpResponse Exporter::Ready() const {
  const auto fleet = board_.Latest();
  const auto untried =
      std::ranges::count_if(fleet->runtimes, [](const auto& runtime) { return !runtime->tried; });
  if (untried == 0) return PlainAnswer(200, "ready");
  return PlainAnswer(503, "not ready: " + std::to_string(untried) + " of " +
                              std::to_string(fleet->runtimes.size()) + " runtimes have not been polled yet");
}

}  // namespace buntime
