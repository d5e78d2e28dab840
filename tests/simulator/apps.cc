#include "simulator/apps.h"

#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <string_view>

#include "base/text.h"
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

App Draw(Rng& rng, std::string name, const App& model) {
  App app = model;
  app.name = std::move(name);
  app.version = Version(rng);
  app.mean_ms = 4 + rng.Exponential(25);
  app.error_rate = rng.Unit() * 0.003;
  app.boot_ms = 15 + static_cast<std::int64_t>(rng.Exponential(120));
  app.heap_bytes = (6U << 20U) + rng.Below(50U << 20U);
  return app;
}

std::optional<Error> SetMillis(std::string_view value, std::int64_t& ms) {
  const Result<Duration> duration = ParseDuration(value);
  if (!duration.ok()) return duration.error();
  ms = std::chrono::duration_cast<std::chrono::milliseconds>(*duration).count();
  return std::nullopt;
}

template <class Number>
std::optional<Error> SetNumber(std::string_view value, Number& number, Number low, Number high) {
  Number parsed{};
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), parsed);
  if (error != std::errc() || end != value.data() + value.size() || !(parsed >= low && parsed <= high)) {
    return Error{"not a number in its range: " + Printable(value)};
  }
  number = parsed;
  return std::nullopt;
}

std::optional<Error> SetField(App& app, std::string_view name, std::string_view value) {
  constexpr std::uint64_t kMost = 1'000'000'000;
  if (name == "rps") return SetNumber(value, app.rps, 0.0, 1e6);
  if (name == "max-requests") return SetNumber<std::uint64_t>(value, app.max_requests, 1, kMost);
  if (name == "throws") return SetNumber<std::uint64_t>(value, app.throws, 0, kMost);
  if (name == "crashes") return SetNumber<std::uint64_t>(value, app.crashes, 0, kMost);
  if (name == "hangs") return SetMillis(value, app.hangs_ms);
  if (name == "boot") return SetMillis(value, app.boot_ms);
  if (name == "boots") {
    if (value != "yes" && value != "no") return Error{"is yes or no"};
    app.boots = value == "yes";
    return std::nullopt;
  }
  if (name == "ttl") {
    if (auto error = SetMillis(value, app.ttl_ms)) return error;
    app.ephemeral = app.ttl_ms == 0;
    return std::nullopt;
  }
  if (name == "mean") {
    std::int64_t ms = 0;
    if (auto error = SetMillis(value, ms)) return error;
    app.mean_ms = static_cast<double>(ms);
    return std::nullopt;
  }
  std::string message = "no such field; there are:";
  for (const AppField& field : AppFields()) message += " " + std::string(field.name);
  return Error{message};
}

}  // namespace

const std::vector<AppField>& AppFields() {
  static const std::vector<AppField> fields = {
      {"rps", "100", "requests a second, evenly spaced"},
      {"max-requests", "50", "a worker that took so many is dropped by the next request"},
      {"ttl", "4s", "a worker unused for so long ends; 0: every request gets a worker of its own"},
      {"boots", "no", "every worker dies while it boots"},
      {"hangs", "1s", "every request times out after so long"},
      {"throws", "3", "every third request throws"},
      {"crashes", "500", "every 500th request takes its worker along"},
      {"mean", "5ms", "mean duration of a request"},
      {"boot", "100ms", "how long a worker boots"},
  };
  return fields;
}

std::optional<Error> ChangeApp(App& app, const AppChanges& changes) {
  for (const auto& [name, value] : changes) {
    if (const auto error = SetField(app, name, value)) {
      return Error{"app field " + Printable(name) + "=" + Printable(value) + ": " + error->message};
    }
  }
  return std::nullopt;
}

Result<AppSpec> ParseAppSpec(std::string_view text) {
  const auto next = [&] {
    const std::string_view word = text.substr(0, text.find(','));
    text.remove_prefix(std::min(text.size(), word.size() + 1));
    return word;
  };
  AppSpec spec;
  spec.name = next();
  if (spec.name.empty()) return Error{"an app needs a name, like checkout@1.2.0,rps=100"};
  while (!text.empty()) {
    const std::string_view word = next();
    const std::size_t equals = word.find('=');
    if (equals == std::string_view::npos) return Error{"\"" + Printable(word) + "\" is not key=value"};
    spec.changes.emplace_back(word.substr(0, equals), word.substr(equals + 1));
  }
  return spec;
}

std::vector<App> MakeApps(std::uint64_t seed, std::size_t persistent, std::size_t ephemeral, bool many_slots,
                          const App& model) {
  Rng rng(Mix(seed));
  std::vector<App> apps;
  apps.reserve(persistent + ephemeral);
  for (std::size_t i = 0; i < persistent; ++i) {
    App app = Draw(rng, NumberedName(kNames, i), model);
    app.weight = 1 / std::pow(static_cast<double>(i + 1), 1.1);
    if (many_slots) app.slots = i < 2 ? 4 : i < 5 ? 2 : 1;
    apps.push_back(std::move(app));
  }
  for (std::size_t i = 0; i < ephemeral; ++i) {
    App app = Draw(rng, NumberedName(kEphemeralNames, i), model);
    app.ephemeral = true;
    app.weight = 1;
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
