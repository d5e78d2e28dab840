// The paths that the HTTP server serves besides --web.telemetry-path: the one list that routes are made from
// and that the configuration is checked against. Plain values.
#pragma once

#include <algorithm>
#include <array>
#include <string_view>

namespace buntime::web_path {

inline constexpr std::string_view kHome = "/";
inline constexpr std::string_view kTargets = "/targets";
/// The documented API, described for people.
inline constexpr std::string_view kApi = "/api";
inline constexpr std::string_view kProbe = "/probe";
inline constexpr std::string_view kConfig = "/config";
inline constexpr std::string_view kHealthy = "/-/healthy";
inline constexpr std::string_view kReady = "/-/ready";
inline constexpr std::string_view kReload = "/-/reload";
inline constexpr std::string_view kAssets = "/assets/";
/// Buntime's documented API, and its text endpoint, which --web.prometheus=false removes.
inline constexpr std::string_view kDocumented = "/metrics/api/metrics/";
inline constexpr std::string_view kDocumentedText = "/metrics/api/metrics/prometheus";

/// What is reserved: a path that ends with a slash stands for all paths below it, except "/", which is one
/// page.
inline constexpr std::array<std::string_view, 13> kReserved = {
    kHome,   "/apps", "/app", "/workers", "/worker", kTargets,   kProbe,
    kConfig, kApi,    "/-/",  "/api/",    kAssets,   kDocumented};

inline bool IsReserved(std::string_view path) {
  return std::ranges::any_of(kReserved, [path](std::string_view reserved) {
    return path == reserved || (reserved != kHome && reserved.ends_with('/') && path.starts_with(reserved));
  });
}

}  // namespace buntime::web_path
