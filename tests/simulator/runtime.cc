#include "simulator/runtime.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "simulator/gzip.h"
#include "simulator/live_world.h"
#include "simulator/mutate.h"
#include "simulator/sabotage.h"
#include "simulator/static_world.h"

namespace buntime::simulator {
namespace {

constexpr std::string_view kPage =
    "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Metrics</title></head>"
    "<body><div id=\"root\"></div><script type=\"module\" src=\"./index.js\"></script></body></html>\n";
constexpr std::array<std::string_view, 3> kHealthPaths = {"/api/health", "/api/health/ready",
                                                          "/api/health/live"};

struct Paths {
  std::string_view stats;
  std::string_view summary;
  std::string_view prometheus;
  std::string_view sse;
};

Paths PathsOf(Layout layout) {
  if (layout == Layout::kAdmin) return {"/admin/stats", "/admin", "/prometheus", "/admin/sse"};
  if (layout == Layout::kApi) return {"/api/stats", "/api", "/api/prometheus", "/api/sse"};
  return {"/api/metrics/stats", "/api/metrics/", "/api/metrics/prometheus", "/api/metrics/sse"};
}

constexpr std::string_view kNoPool = R"({"error":"Pool not initialized"})";

Response Json(int status, std::string body) {
  return MakeResponse(status, "application/json", std::move(body));
}

}  // namespace

Result<Release> FindRelease(std::string_view name) {
  for (const Release& release : kReleases) {
    if (release.name == name) return release;
  }
  std::string message = "unknown release \"" + Printable(name) + "\"; there are:";
  for (const Release& release : kReleases) message += " " + std::string(release.name);
  return Error{message};
}

Runtime::Runtime(RuntimeOptions options, WorldOptions world, const Knobs& knobs, const SimTime& time)
    : options_(std::move(options)), world_options_(world), nominal_(knobs), knobs_(knobs), time_(time) {
  world_options_.documented = options_.release.dialect == Dialect::kDocumented;
  SetReplicas(1);
}

std::unique_ptr<World> Runtime::MakeWorld(std::uint64_t replica) const {
  WorldOptions options = world_options_;
  options.replica = replica;
  if (replica > 0) options.born_ms = time_.NowMs() / 1000 * 1000;
  if (options.static_workers > 0) return std::make_unique<StaticWorld>(options);
  return std::make_unique<LiveWorld>(options, knobs_);
}

void Runtime::SetReplicas(std::size_t count) {
  while (worlds_.size() < count) worlds_.push_back(MakeWorld(worlds_.size()));
  worlds_.resize(count);
  cache_.assign(count, Cached{});
}

Runtime::Kind Runtime::Classify(std::string_view path) const {
  if (path.starts_with(options_.api_prefix) &&
      std::find(kHealthPaths.begin(), kHealthPaths.end(), path.substr(options_.api_prefix.size())) !=
          kHealthPaths.end()) {
    return Kind::kHealth;
  }
  if (!path.starts_with(options_.plugin_base)) return Kind::kNotFound;
  path.remove_prefix(options_.plugin_base.size());
  const Paths paths = PathsOf(options_.release.layout);
  if (path == paths.stats) return Kind::kStats;
  if (path == paths.summary) return Kind::kSummary;
  if (path == paths.prometheus) return Kind::kPrometheus;
  if (path == paths.sse) return Kind::kSse;
  return options_.unknown_path_404 || (!path.empty() && path.front() != '/') ? Kind::kNotFound : Kind::kPage;
}

bool Runtime::Authorised(Kind kind, const Request& request) const {
  if (kind != Kind::kStats && kind != Kind::kSummary && kind != Kind::kSse) return true;
  if (key_revoked_) return false;
  if (options_.api_key.empty()) return true;
  return request.Header("X-API-Key") == options_.api_key ||
         request.Header("Authorization") == "Bearer " + options_.api_key;
}

World& Runtime::NextWorld() {
  World& world = *worlds_[turn_++ % worlds_.size()];
  world.AdvanceTo(time_.NowMs());
  return world;
}

std::string Runtime::Render(Kind kind, World& world, const Fault* fault) const {
  const BodyStyle style{options_.release.dialect, options_.release.shape,
                        fault != nullptr && fault->id == FaultId::kMissingPool};
  const View* view = &world.Describe();
  View damaged;
  if (fault != nullptr) {
    damaged = *view;
    CorruptView(*fault, damaged);
    view = &damaged;
  }
  if (kind == Kind::kSummary && !view->initialised) return std::string(kNoPool);
  std::string body = kind == Kind::kStats
                         ? StatsBody(*view, style)
                         : SummaryBody(*view, style.dialect, time_.UnixSeconds(view->now_ms));
  return fault != nullptr ? CorruptText(*fault, std::move(body)) : body;
}

std::string Runtime::Event(World& world, const Fault* fault) const {
  const bool released = options_.release.dialect == Dialect::kReleased;
  return Render(released ? Kind::kStats : Kind::kSummary, world, fault);
}

Response Runtime::RespondStats(const Request& request, const Fault* fault) {
  const std::size_t index = turn_ % worlds_.size();
  World& world = NextWorld();
  Response response{200, "application/json", {}, nullptr};
  const bool gzip = options_.gzip && request.Header("Accept-Encoding").find("gzip") != std::string_view::npos;
  Cached& cached = cache_[index];
  if (fault != nullptr) {
    response.body = std::make_shared<const std::string>(Render(Kind::kStats, world, fault));
  } else if (cached.body != nullptr && cached.revision == world.revision() && cached.gzip == gzip) {
    response.body = cached.body;
  } else {
    std::string body = Render(Kind::kStats, world, nullptr);
    cached = {world.revision(), gzip,
              std::make_shared<const std::string>(gzip ? Gzip(body) : std::move(body))};
    response.body = cached.body;
  }
  if (gzip && fault == nullptr) response.headers.emplace_back("Content-Encoding", "gzip");
  return response;
}

Response Runtime::Respond(Kind kind, const Request& request, const Fault* fault) {
  if (!Authorised(kind, request)) {
    ++unauthorised_;
    return Json(401, R"({"code":"AUTH_REQUIRED","error":"Missing or invalid API key"})");
  }
  if (kind == Kind::kHealth)
    return Json(200, HealthBody(std::string(options_.release.package).append(options_.version_suffix)));
  if (kind == Kind::kPage) return MakeResponse(200, "text/html; charset=utf-8", std::string(kPage));
  if (kind == Kind::kNotFound) return Json(404, R"({"error":"Not found"})");
  if (kind == Kind::kStats) return RespondStats(request, fault);

  World& world = NextWorld();
  if (kind == Kind::kSse)
    return MakeResponse(200, "text/event-stream", "data: " + Event(world, fault) + "\n\n");
  const bool gone = fault != nullptr && fault->id == FaultId::kNotInitialised;
  if (!world.Describe().initialised || gone) return Json(503, std::string(kNoPool));
  if (kind == Kind::kSummary) return Json(200, Render(kind, world, fault));
  return MakeResponse(200, "text/plain; charset=utf-8",
                      PrometheusBody(world.Describe(), options_.release.dialect));
}

const Fault* Runtime::ActiveFault(const Request& request) {
  CheckExpiry();
  if (!fault_ || request.path.find(fault_->path) == std::string::npos) return nullptr;
  return &*fault_;
}

Plan Runtime::Answer(const Request& request) {
  const Kind kind = Classify(request.path);
  ++answers_.at(static_cast<std::size_t>(kind));
  const Fault* active = ActiveFault(request);
  const bool healthy = active == nullptr || IsDamage(active->id);
  if (kind == Kind::kSse && healthy && Authorised(kind, request)) {
    const Response head{200, "text/event-stream", {{"Cache-Control", "no-cache"}}, nullptr};
    const auto next = [this] {
      CheckExpiry();
      return Event(NextWorld(), fault_ ? &*fault_ : nullptr);
    };
    return {Send{std::make_shared<const std::string>(Head(head, std::nullopt, false))}, Events{next}};
  }
  if (kind == Kind::kPage && healthy) return AnswerPage(request);
  const Response honest = Respond(kind, request, active);
  if (active == nullptr) return Honest(honest, request);

  ++sabotaged_;
  Plan plan = Sabotage(*active, honest, request);
  if (fault_->count && --*fault_->count == 0) ClearFault();
  return plan;
}

// The page is an app with ttl=0: it waits in the queue and is turned away with the others.
Plan Runtime::AnswerPage(const Request& request) {
  World& world = NextWorld();
  const auto number = world.AskPage();
  if (!number) {
    return Honest(MakeResponse(500, "text/plain; charset=utf-8", "Internal Server Error"), request);
  }
  // Worlds come and go with the replicas: what is gone keeps no request waiting.
  const auto done = [this, number, wanted = &world] {
    for (const auto& living : worlds_) {
      if (living.get() != wanted) continue;
      living->AdvanceTo(time_.NowMs());
      return living->HasPage(*number);
    }
    return true;
  };
  Plan plan = {Await{done}};
  for (Step& step : Honest(MakeResponse(200, "text/html; charset=utf-8", std::string(kPage)), request)) {
    plan.push_back(std::move(step));
  }
  return plan;
}

bool Runtime::ResetsConnections() const {
  return fault_ && fault_->id == FaultId::kReset && fault_->path.empty() && !fault_->count;
}

}  // namespace buntime::simulator
