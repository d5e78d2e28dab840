// From what a runtime reported to what is exported: pure functions over one answer. Used by RuntimeState.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "model/snapshot.h"

namespace buntime {

/// Fills in the pool gauges that the dialect leaves out but its workers tell. A gauge that cannot be known
/// stays empty. `configured_size` stands in for a size that the runtime does not report.
void DerivePool(Snapshot& snapshot, std::optional<double> configured_size);

/// Removes ages and idle times of workers that no longer run: they are book-keeping, not measurements.
void DropTimesOfTheDead(Snapshot& snapshot);

/// Indexes of the `limit` workers with the most requests (ties: smaller id first), in the runtime's own
/// order.
std::vector<std::uint32_t> ChooseWorkers(const Snapshot& snapshot, std::size_t limit);

}  // namespace buntime
