#include "simulator/apps.h"

#include <array>
#include <cmath>
#include <string_view>

#include "simulator/rng.h"

namespace buntime::simulator {
namespace {

constexpr std::array<std::string_view, 16> kNames = {
    "storefront",  "checkout",      "@acme/billing", "search",         "auth",      "catalog",
    "@acme/admin", "notifications", "profile",       "@acme/orders",   "inventory", "reviews",
    "gateway",     "reports",       "blog",          "@labs/recommend"};
constexpr std::array<std::string_view, 4> kEphemeralNames = {"thumbnailer", "@acme/export-pdf",
                                                             "webhook-relay", "mailer"};

template <std::size_t N>
std::string NumberedName(const std::array<std::string_view, N>& names, std::size_t i) {
  std::string name(names.at(i % N));
  if (i >= N) name += "-" + std::to_string(i / N + 1);
  return name;
}

std::string Version(Rng& rng) {
  if (rng.Below(5) == 0) return "latest";
  return std::to_string(1 + rng.Below(3)) + "." + std::to_string(rng.Below(10)) + "." +
         std::to_string(rng.Below(20));
}

App Draw(Rng& rng, std::string name) {
  App app;
  app.name = std::move(name);
  app.version = Version(rng);
  app.mean_ms = 4 + rng.Exponential(25);
  app.error_rate = rng.Unit() * 0.003;
  app.boot_ms = 15 + static_cast<std::int64_t>(rng.Exponential(120));
  app.heap_bytes = (6U << 20U) + rng.Below(50U << 20U);
  return app;
}

}  // namespace

std::vector<App> MakeApps(std::uint64_t seed, std::size_t persistent, std::size_t ephemeral,
                          bool many_slots) {
  Rng rng(Mix(seed));
  std::vector<App> apps;
  apps.reserve(persistent + ephemeral);
  for (std::size_t i = 0; i < persistent; ++i) {
    App app = Draw(rng, NumberedName(kNames, i));
    app.weight = 1 / std::pow(static_cast<double>(i + 1), 1.1);
    if (many_slots) app.slots = i < 2 ? 4 : i < 5 ? 2 : 1;
    apps.push_back(std::move(app));
  }
  for (std::size_t i = 0; i < ephemeral; ++i) {
    App app = Draw(rng, NumberedName(kEphemeralNames, i));
    app.ephemeral = true;
    app.mean_ms = 30 + rng.Exponential(60);  // with the boot, which each of its requests pays for
    apps.push_back(std::move(app));
  }
  return apps;
}

std::string NextVersion(const std::string& version) {
  const std::size_t dot = version.rfind('.');
  if (dot == std::string::npos || dot + 1 == version.size() || version.size() - dot > 9)
    return version + ".1";
  std::uint64_t patch = 0;
  for (const char c : version.substr(dot + 1)) {
    if (c < '0' || c > '9') return version + ".1";
    patch = patch * 10 + static_cast<std::uint64_t>(c - '0');
  }
  return version.substr(0, dot + 1) + std::to_string(patch + 1);
}

}  // namespace buntime::simulator
