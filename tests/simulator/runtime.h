// One simulated runtime: its routes, its key, its world (two of them behind a load balancer), and what is
// wrong with it at the moment. Knows no sockets: server.h gives it a Port. Not thread-safe.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "simulator/bodies.h"
#include "simulator/faults.h"
#include "simulator/http.h"
#include "simulator/sim_time.h"
#include "simulator/world.h"

namespace buntime::simulator {

/// What a listener serves.
class Site {
 public:
  virtual ~Site() = default;
  virtual Plan Answer(const Request& request) = 0;
  virtual bool ResetsConnections() const { return false; }
};

/// The socket side of a runtime, as far as faults reach into it.
class Port {
 public:
  virtual ~Port() = default;
  /// Keeps the port, refuses connections, ends those that are open.
  virtual void Refuse() = 0;
  virtual void Accept() = 0;
  /// Ends open connections with a RST.
  virtual void Drop() = 0;
  virtual std::string Url() const = 0;
};

enum class Layout { kDocumented, kApi, kAdmin };

/// What changes with a version of the runtime.
struct Release {
  std::string_view name;
  std::string_view package;  // the runtime package's, `version` in the health body
  Dialect dialect;
  Shape shape;
  Layout layout;
};
inline constexpr std::array<Release, 5> kReleases = {{
    {"documented", "documented", Dialect::kDocumented, Shape::kArray, Layout::kDocumented},
    {"0.2.15", "1.0.3", Dialect::kReleased, Shape::kObject, Layout::kApi},
    {"0.2.26", "1.1.0", Dialect::kReleased, Shape::kObject, Layout::kApi},
    {"0.4.0", "1.3.0", Dialect::kReleased, Shape::kObject, Layout::kAdmin},
    {"0.5.4", "1.4.0", Dialect::kReleased, Shape::kObject, Layout::kAdmin},
}};
Result<Release> FindRelease(std::string_view name);

struct RuntimeOptions {
  Release release = kReleases.back();
  std::string plugin_base = "/metrics";
  std::string version_suffix;  // of the version in the health body
  std::string api_prefix;      // before /api/health
  std::string api_key;         // empty: everybody may ask
  bool unknown_path_404 = false;
  bool gzip = false;
};

class Runtime final : public Site {
 public:
  /// `time` outlives this.
  Runtime(RuntimeOptions options, WorldOptions world, const Knobs& knobs, const SimTime& time);

  Plan Answer(const Request& request) override;
  bool ResetsConnections() const override;

  /// `port` outlives this, or is null again before.
  void Attach(Port* port);
  const Port* port() const { return port_; }

  void SetFault(Fault fault);
  void ClearFault();
  const std::optional<Fault>& fault() const { return fault_; }
  /// Ends a fault whose time is over.
  void CheckExpiry();

  std::size_t AppCount() const { return world_options_.apps; }
  const Knobs& nominal() const { return nominal_; }  // as at the start
  const Knobs& knobs() const { return knobs_; }
  void SetKnobs(const Knobs& knobs);
  std::optional<Error> SetApp(const AppSpec& spec);
  void SetReplicas(std::size_t count);
  void RevokeKey(bool revoked) { key_revoked_ = revoked; }
  /// The upgrade of a runtime is a restart.
  void SetRelease(const Release& release);
  void Restart();
  Result<std::string> Happen(std::string_view event, std::size_t count);

  /// One JSON object.
  std::string TruthJson();

 private:
  enum class Kind : std::uint8_t { kStats, kSummary, kPrometheus, kSse, kHealth, kPage, kNotFound };
  struct Cached {
    std::uint64_t revision = 0;
    bool gzip = false;
    Bytes body;
  };

  Kind Classify(std::string_view path) const;
  bool Authorised(Kind kind, const Request& request) const;
  World& NextWorld();
  /// The body of stats or summary as it is now, damaged where the active fault asks for that.
  std::string Render(Kind kind, World& world, const Fault* fault) const;
  /// What the event stream says: the stats (released) or the summary (documented).
  std::string Event(World& world, const Fault* fault) const;
  Response Respond(Kind kind, const Request& request, const Fault* fault);
  Plan AnswerPage(const Request& request);
  Response RespondStats(const Request& request, const Fault* fault);
  const Fault* ActiveFault(const Request& request);
  std::unique_ptr<World> MakeWorld(std::uint64_t replica) const;

  RuntimeOptions options_;
  WorldOptions world_options_;
  const Knobs nominal_;
  Knobs knobs_;
  const SimTime& time_;
  std::vector<std::unique_ptr<World>> worlds_;
  std::vector<Cached> cache_;  // of the stats, by world
  std::size_t turn_ = 0;
  bool key_revoked_ = false;
  std::optional<Fault> fault_;
  Port* port_ = nullptr;
  std::array<std::uint64_t, 7> answers_{};  // by Kind
  std::uint64_t unauthorised_ = 0;
  std::uint64_t sabotaged_ = 0;
};

}  // namespace buntime::simulator
