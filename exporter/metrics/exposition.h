// Text format 0.0.4 (prometheus.io/docs/instrumenting/exposition_formats), written straight from the fleet:
// one pass a family, no intermediate objects. Pure functions, thread-safe.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "metrics/catalogue.h"
#include "model/fleet.h"

namespace buntime {

inline constexpr std::string_view kExpositionType = "text/plain; version=0.0.4; charset=utf-8";

/// Takes what is in the buffer and leaves it empty, or leaves it as it is.
using Drain = std::function<void(std::string& buffer)>;

/// Appends every family that has samples to `out`, in the catalogue's order, whole lines with a line feed at
/// the end. Calls `drain` (unless empty) between lines, about every 64 KiB, so that a large page need not
/// exist whole.
void RenderFleet(const Fleet& fleet, std::string& out, const Drain& drain);

/// The page of one runtime alone, as its own endpoint would tell it: without the label that tells it from
/// others.
std::string RenderAlone(Runtime runtime);

/// Appends the HELP and TYPE lines.
void AppendFamilyHeader(std::string& out, std::string_view name, std::string_view help,
                        std::string_view type);

/// Appends `name="value"` with the value escaped.
void AppendLabel(std::string& out, std::string_view name, std::string_view value);

}  // namespace buntime
