// Where a runtime serves its stats, and in which words: the layouts and the two dialects. Plain values.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace buntime {

/// kOpen is what releases of the layout admin serve without a key: the pool's numbers as text, and nothing of
/// apps and workers.
enum class Layout { kAdmin, kApi, kDocumented, kOpen };

/// In the order in which a search guesses where nothing is known of a runtime.
inline constexpr std::array<Layout, 3> kGuesses = {Layout::kAdmin, Layout::kApi, Layout::kDocumented};

struct LayoutPaths {
  std::string_view name;
  std::string_view stats;    // below the plugin base
  std::string_view summary;  // empty: the full stats already hold everything
};

inline constexpr std::array<LayoutPaths, 4> kLayoutPaths = {{
    {"admin", "/admin/stats", ""},
    {"api", "/api/stats", ""},
    {"documented", "/api/metrics/stats", "/api/metrics/"},
    {"open", "/prometheus", ""},
}};

constexpr std::size_t Index(Layout layout) { return static_cast<std::size_t>(layout); }
constexpr const LayoutPaths& Paths(Layout layout) { return kLayoutPaths[Index(layout)]; }
constexpr std::string_view Name(Layout layout) { return Paths(layout).name; }

enum class Dialect { kDocumented, kReleased };
constexpr std::string_view Name(Dialect dialect) {
  return dialect == Dialect::kDocumented ? "documented" : "released";
}

}  // namespace buntime
