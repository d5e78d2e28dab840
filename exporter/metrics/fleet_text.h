// The fleet as text format 0.0.4, written straight from its walk: one pass a family, no intermediate objects.
// Pure functions, thread-safe.
#pragma once

#include <functional>
#include <string>

#include "model/fleet.h"

namespace buntime {

/// Takes what is in the buffer and leaves it empty, or leaves it as it is.
using Drain = std::function<void(std::string& buffer)>;

/// Appends every family that has samples to `out`, in the catalogue's order, whole lines with a line feed at
/// the end. Calls `drain` (unless empty) between lines, about every 64 KiB, so that a large page need not
/// exist whole.
void RenderFleet(const Fleet& fleet, std::string& out, const Drain& drain);

/// The exposition of one runtime alone, as its own endpoint would answer it: without the label `runtime`.
std::string RenderAlone(Runtime runtime);

}  // namespace buntime
