// Label names that the series of a runtime have already, or that Prometheus gives a meaning: a configured
// label may not have one of them. A test holds the list against the catalogue. Plain values.
#pragma once

#include <algorithm>
#include <array>
#include <string_view>

namespace buntime {

inline constexpr std::array<std::string_view, 17> kReservedLabels = {
    "runtime", "app",    "version",  "worker",   "state", "outcome", "layout", "dialect", "kind",
    "module",  "result", "revision", "compiler", "path",  "code",    "le",     "quantile"};

/// Of the target, set by Prometheus itself.
inline constexpr std::array<std::string_view, 2> kTargetLabels = {"instance", "job"};

constexpr bool IsReservedLabel(std::string_view name) {
  return name.starts_with("__") || std::ranges::find(kReservedLabels, name) != kReservedLabels.end() ||
         std::ranges::find(kTargetLabels, name) != kTargetLabels.end();
}

}  // namespace buntime
