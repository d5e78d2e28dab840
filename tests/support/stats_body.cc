#include "support/stats_body.h"

#include <array>
#include <cstdio>
#include <random>

namespace buntime::testing {
namespace {

constexpr std::size_t kApps = 50;

std::string Released(std::size_t i, std::mt19937_64& random) {
  const auto requests = random() % 1'000'000;
  const double milliseconds = static_cast<double>(requests * (random() % 50'000)) / 100.0;
  std::array<char, 320> text{};
  std::snprintf(text.data(), text.size(),
                R"("svc-%05zu@1.%zu.%zu":{"ageMs":%u,"avgResponseTimeMs":%.2f,"errorCount":%u,"idleMs":%u,)"
                R"("requestCount":%zu,"status":"%s","totalResponseTimeMs":%.2f})",
                i, i % 7, i % 3, static_cast<unsigned>(random() % 9'000'000),
                requests == 0 ? 0.0 : milliseconds / static_cast<double>(requests),
                static_cast<unsigned>(random() % 20), static_cast<unsigned>(random() % 60'000),
                static_cast<std::size_t>(requests), random() % 2 == 0 ? "active" : "idle", milliseconds);
  return text.data();
}

std::string Documented(std::size_t i, std::mt19937_64& random) {
  std::array<char, 320> text{};
  std::snprintf(text.data(), text.size(),
                R"({"id":"worker-%06zu","app":"svc-%02zu@1.2.0","state":"%s","requests":%u,"uptime":%u,)"
                R"("memory":{"rss":%u,"heapUsed":%u}})",
                i, i % kApps, random() % 2 == 0 ? "active" : "idle",
                static_cast<unsigned>(random() % 1'000'000), static_cast<unsigned>(random() % 90'000),
                912'345'088U, static_cast<unsigned>(random() % 90'000'000));
  return text.data();
}

}  // namespace

std::string MakeStatsBody(Dialect dialect, std::size_t workers) {
  const bool released = dialect == Dialect::kReleased;
  std::mt19937_64 random(workers);
  std::string body =
      released
          ? R"({"pool":{"activeWorkers":12,"avgResponseTimeMs":0.81,"ephemeralConcurrency":2,)"
            R"("ephemeralQueueDepth":2,"ephemeralQueueLimit":100,"evictions":9,"hitRate":48.39,"hits":30,)"
            R"("memoryUsageMB":4.78,"misses":32,"requestsPerSecond":3.27,"totalRequests":62,)"
            R"("totalWorkersFailed":0,"totalWorkersCreated":32,"totalWorkersRetired":11,"uptimeMs":18947},)"
            R"("workers":{)"
          : R"({"pool":{"size":500,"active":12,"idle":3,"creating":0,"total":15,"utilization":0.03},"workers":[)";
  for (std::size_t i = 0; i < workers; ++i) {
    if (i > 0) body += ',';
    body += released ? Released(i, random) : Documented(i, random);
  }
  body += released ? "}}" : "]}";
  return body;
}

}  // namespace buntime::testing
