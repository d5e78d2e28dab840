// A pool of workers under load: lookups, boots, evictions, cleanup, errors, restarts. A worker that is
// evicted or that the cleanup finds unhealthy is retired: its counters are merged into those of its key. One
// that the next request finds unhealthy is dropped: its counters are lost. Moves in ticks of 100 ms of
// simulated time, so that what happens does not depend on when it is looked at. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "simulator/apps.h"
#include "simulator/gate.h"
#include "simulator/lru.h"
#include "simulator/rng.h"
#include "simulator/world.h"

namespace buntime::simulator {

class LiveWorld final : public World {
 public:
  LiveWorld(const WorldOptions& options, const Knobs& knobs);

  void AdvanceTo(std::int64_t ms) override;
  const View& Describe() override;
  std::uint64_t revision() const override { return revision_; }
  Truth GetTruth() const override;
  void Restart() override;
  void SetKnobs(const Knobs& knobs) override;
  std::optional<Error> SetApp(const AppSpec& spec) override;
  std::optional<std::uint64_t> AskPage() override;
  bool HasPage(std::uint64_t number) const override { return gate_.HasTurn(number); }
  Result<std::string> Happen(std::string_view event, std::size_t count) override;

 private:
  static constexpr std::int64_t kTickMs = 100;

  struct Worker {
    std::uint32_t serial = 0;
    std::int64_t born_ms = 0;
    std::int64_t ready_ms = 0;
    std::int64_t used_ms = 0;
    std::int64_t cleanup_ms = 0;  // when the runtime looks next whether it is healthy
    bool doomed = false;          // will die instead of becoming ready
    bool dead = false;            // did not boot, crashed, or a request timed out; still in the cache
    std::uint64_t waiting = 0;    // requests that arrived before it was ready
    Tally tally;
  };
  struct Slot {
    std::uint32_t app = 0;
    std::optional<Worker> worker;
  };
  struct AppState {
    App app;
    std::uint32_t first_slot = 0;
    bool seen = false;           // since the latest restart
    double due = 0;              // of its own load, what part of the next request has passed
    std::uint64_t answered = 0;  // requests, for those that throw or crash every now and then
    std::uint64_t drops = 0;
    Clients clients;
    Tally served;     // since the simulation began
    Tally merged;     // shown although its workers are gone
    Tally forgotten;  // no longer shown
    std::uint64_t last_centi_ms = 0;
  };
  /// Requests that hang in a worker until they time out.
  struct Hanging {
    std::uint32_t slot = 0;
    std::uint32_t serial = 0;
    std::uint64_t count = 0;
  };
  /// A worker id that has ended but is still listed for a while (documented dialect).
  struct Grave {
    std::uint32_t app = 0;
    Worker worker;
    std::int64_t died_ms = 0;
  };

  void Tick();
  void FinishBoots();
  void TimeOut();
  void ServePersistent();
  void RunGate();
  void CleanUp();

  void AddApp(App app);
  std::uint32_t Find(std::string_view name) const;
  void See(std::uint32_t app);
  void Route();
  bool IsVictim(std::uint32_t app) const;
  std::uint32_t Pick();
  void Receive(std::uint32_t slot, std::uint64_t count);
  std::int64_t CleanupPeriod(const App& app) const;
  bool Healthy(const App& app, const Worker& worker) const;
  void Spawn(std::uint32_t slot);
  void Use(std::uint32_t slot);
  /// At most `count` requests, fewer where the last one ends the worker. Returns how many.
  std::uint64_t Serve(std::uint32_t slot, std::uint64_t count);
  std::uint64_t Errors(std::uint32_t app, std::uint64_t count);
  std::optional<std::uint64_t> Offer(std::uint32_t app);
  void EndEphemeral(const Gate::Run& run);
  void Drop(std::uint32_t slot);
  void Retire(std::uint32_t slot);
  void Bury(std::uint32_t app, const Worker& worker);
  void Evict(const std::vector<std::uint32_t>& slots);
  std::size_t Kill(std::size_t count);
  void Deploy(std::uint32_t& route);
  void Misfortune();
  void ForgetHistory();
  std::uint32_t* Victim();
  double Load() const;

  WorkerRow Row(std::uint32_t app, const Worker& worker) const;
  void DescribeReleased();
  void DescribeDocumented();

  const WorldOptions options_;
  Knobs knobs_;
  Rng rng_;
  std::vector<AppState> apps_;
  std::vector<Slot> slots_;
  // Where requests go: indices into apps_ and the running sum of their weights. Apps replaced by a deploy are
  // not here.
  std::vector<std::uint32_t> persistent_;
  std::vector<double> cumulative_;
  std::vector<std::uint32_t> ephemeral_;
  std::vector<std::uint32_t> seen_order_;
  std::vector<std::uint32_t> booting_;
  std::multimap<std::int64_t, Hanging> hanging_;  // by the time of the timeout
  std::vector<std::uint32_t> evicted_;            // scratch
  std::deque<Grave> graves_;
  Lru lru_;
  Gate gate_;

  std::int64_t now_ms_ = 0;
  std::int64_t started_ms_ = 0;
  std::uint32_t next_serial_ = 0;
  double acquire_ms_ = 0;
  double leaked_bytes_ = 0;
  std::uint64_t restarts_ = 0;
  std::uint64_t revision_ = 1;
  PoolCounters counters_;
  PoolCounters past_counters_;  // of earlier lives
  View view_;
};

}  // namespace buntime::simulator
