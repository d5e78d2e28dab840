#include "app/probe_service.h"

#include <stop_token>
#include <utility>

#include "app/keep_running.h"
#include "app/version.h"
#include "metrics/text_format.h"
#include "web/encoding.h"
#include "web/http.h"

namespace buntime {
ProbeService::Engine::Engine(const Clock& clock, Log& log, Prober::Observer observer)
    : fetcher(MakeCurlFetcher("buntime-exporter/" + std::string(kVersion), log)),
      prober(*fetcher, clock, log, std::move(observer)),
      thread(
          [this, &log](const std::stop_token& stop) { KeepRunning(stop, log, [&] { prober.Run(stop); }); }) {}

ProbeService::ProbeService(const Clock& clock, Log& log, Prober::Observer observer)
    : clock_(clock), log_(log), observer_(std::move(observer)) {}

void ProbeService::Apply(const Config& config) {
  const MutexLock lock(mutex_);
  modules_ = config.modules;
  offset_ = config.probe_timeout_offset;
  if (!engine_ && !modules_.empty()) engine_ = std::make_shared<Engine>(clock_, log_, observer_);
}

void ProbeService::Stop() {
  std::shared_ptr<Engine> engine;
  {
    const MutexLock lock(mutex_);
    engine = engine_;
  }
  if (!engine) return;
  engine->thread.request_stop();
  engine->thread.join();
}

void ProbeService::Handle(const HttpRequest& request, Reply reply) {
  Modules modules;
  Duration offset{};
  std::shared_ptr<Engine> engine;
  {
    const MutexLock lock(mutex_);
    modules = modules_;
    offset = offset_;
    engine = engine_;
  }
  if (modules.empty()) {
    return reply(PlainAnswer(404, "nothing may be probed: give --config.file modules with allowed_targets"));
  }
  auto question = ReadProbeQuestion(request.query, request.scrape_timeout, offset, modules);
  if (!question) return reply(PlainAnswer(400, question.error().message));
  ProbeRequest asked = {question->module, question->url, clock_.Now() + question->budget};
  // The engine outlives its answers, for it is gone only after its thread has ended.
  engine->prober.Ask(std::move(asked), [this, question = *std::move(question), reply = std::move(reply),
                                        gzip = AcceptsGzip(request.accept_encoding),
                                        &deflater = engine->deflater](const ProbeAnswer& answer) {
    reply(Page(question, answer, gzip, deflater));
  });
}

HttpResponse ProbeService::Page(const ProbeQuestion& question, const ProbeAnswer& answer, bool gzip,
                                Deflater& deflater) const {
  using Kind = ProbeAnswer::Kind;
  if (answer.kind == Kind::kBusy) {
    HttpResponse response = PlainAnswer(503, answer.reason);
    response.headers.emplace_back("Retry-After", "1");
    return response;
  }
  HttpResponse response;
  if (question.debug) {
    response.tail = ProbeDebugPage(question, answer);
  } else if (answer.kind == Kind::kForbidden) {
    return PlainAnswer(403, answer.reason);
  } else {
    response.content_type = kExpositionType;
    response.tail = ProbeExposition(answer);
  }
  response.headers.emplace_back("Vary", "Accept-Encoding");
  if (gzip) {
    response.tail = Gzip(deflater, response.tail);
    response.headers.emplace_back("Content-Encoding", "gzip");
  }
  return response;
}

std::vector<RecentProbe> ProbeService::Recent() const {
  std::shared_ptr<Engine> engine;
  {
    const MutexLock lock(mutex_);
    engine = engine_;
  }
  return engine ? engine->prober.Recent() : std::vector<RecentProbe>();
}

}  // namespace buntime
