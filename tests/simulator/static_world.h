// A fixed crowd of workers for benchmarks: nobody comes or goes, counters rise once a simulated second, and a
// hundred thousand of them cost next to nothing until they are looked at. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "simulator/world.h"

namespace buntime::simulator {

class StaticWorld final : public World {
 public:
  explicit StaticWorld(const WorldOptions& options);

  void AdvanceTo(std::int64_t ms) override;
  const View& Describe() override;
  std::uint64_t revision() const override { return revision_; }
  Truth GetTruth() const override;
  void Restart() override;
  void SetKnobs(const Knobs&) override {}
  std::optional<Error> SetApp(const AppSpec& spec) override;
  std::optional<std::uint64_t> AskPage() override { return 0; }
  bool HasPage(std::uint64_t) const override { return true; }
  Result<std::string> Happen(std::string_view event, std::size_t count) override;

 private:
  Tally At(std::size_t worker, std::int64_t second) const;

  const WorldOptions options_;
  std::int64_t now_s_ = 0;
  std::int64_t started_s_ = 0;
  std::uint64_t restarts_ = 0;
  std::uint64_t revision_ = 1;
  std::vector<Tally> forgotten_;  // by app
  View view_;
};

}  // namespace buntime::simulator
