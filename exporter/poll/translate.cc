#include "poll/translate.h"

#include <algorithm>
#include <array>
#include <numeric>

namespace buntime {
namespace {

void FillIn(std::optional<double>& value, std::optional<double> substitute) {
  if (!value) value = substitute;
}

}  // namespace

void DerivePool(Snapshot& snapshot, std::optional<double> configured_size) {
  Pool& pool = snapshot.pool;
  FillIn(pool.size, configured_size);

  if (snapshot.workers_reported) {
    std::array<double, kWorkerStateNames.size()> count{};
    for (const Worker& worker : snapshot.workers) {
      if (worker.state) ++count[Index(*worker.state)];
    }
    FillIn(pool.active, count[Index(WorkerState::kActive)]);
    FillIn(pool.idle, count[Index(WorkerState::kIdle)] + count[Index(WorkerState::kReady)]);
    // The released runtime has no word for a worker that is starting; a zero there would be a guess.
    if (snapshot.dialect == Dialect::kDocumented) FillIn(pool.creating, count[Index(WorkerState::kCreating)]);
  }
  // The released runtime's own number of workers ends at the pool's size, though up to twice as many may
  // live.
  if (snapshot.dialect == Dialect::kReleased && snapshot.workers_reported)
    pool.total = *pool.active + *pool.idle;
  if (snapshot.dialect == Dialect::kDocumented && pool.active && pool.idle && pool.creating) {
    FillIn(pool.total, *pool.active + *pool.idle + *pool.creating);
  }
  if (pool.active && pool.size && *pool.size > 0) FillIn(pool.utilization, *pool.active / *pool.size);
}

void DropTimesOfTheDead(Snapshot& snapshot) {
  for (Worker& worker : snapshot.workers) {
    if (!worker.state || IsAlive(*worker.state)) continue;
    worker.uptime_seconds.reset();
    worker.idle_seconds.reset();
  }
}

std::vector<std::uint32_t> ChooseWorkers(const Snapshot& snapshot, std::size_t limit) {
  std::vector<std::uint32_t> chosen(snapshot.workers.size());
  std::iota(chosen.begin(), chosen.end(), 0U);
  if (chosen.size() <= limit) return chosen;
  std::ranges::nth_element(chosen, chosen.begin() + static_cast<std::ptrdiff_t>(limit),
                           [&](std::uint32_t a, std::uint32_t b) {
                             const Worker& x = snapshot.workers[a];
                             const Worker& y = snapshot.workers[b];
                             const double requests_x = x.requests.value_or(-1);
                             const double requests_y = y.requests.value_or(-1);
                             if (requests_x != requests_y) return requests_x > requests_y;
                             return snapshot.Text(x.id) < snapshot.Text(y.id);
                           });
  chosen.resize(limit);
  chosen.shrink_to_fit();
  std::ranges::sort(chosen);
  return chosen;
}

}  // namespace buntime
