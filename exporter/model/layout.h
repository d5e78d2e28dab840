// Where a runtime serves its stats, and in which words: the three layouts and two dialects. Plain values.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace buntime {

/// In the order in which a search tries them.
enum class Layout { kAdmin, kApi, kDocumented };
inline constexpr std::array<Layout, 3> kLayouts = {Layout::kAdmin, Layout::kApi, Layout::kDocumented};

struct LayoutPaths {
  std::string_view name;
  std::string_view stats;    // below the plugin base
  std::string_view summary;  // empty: the full stats already hold everything
};

inline constexpr std::array<LayoutPaths, 3> kLayoutPaths = {{
    {"admin", "/admin/stats", ""},
    {"api", "/api/stats", ""},
    {"documented", "/api/metrics/stats", "/api/metrics/"},
}};

constexpr const LayoutPaths& Paths(Layout layout) { return kLayoutPaths[static_cast<std::size_t>(layout)]; }
constexpr std::string_view Name(Layout layout) { return Paths(layout).name; }

enum class Dialect { kDocumented, kReleased };
constexpr std::string_view Name(Dialect dialect) {
  return dialect == Dialect::kDocumented ? "documented" : "released";
}

}  // namespace buntime
