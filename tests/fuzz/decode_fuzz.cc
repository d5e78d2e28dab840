#include "fuzz/decode_fuzz.h"

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <unordered_set>

#include "base/text.h"
#include "decode/decoder.h"

namespace buntime::testing {
namespace {

void Check(bool holds, const char* promise) {
  if (holds) return;
  std::fprintf(stderr, "broken promise: %s\n", promise);
  std::abort();
}

void CheckError(const PollError& error) {
  Check(error.outcome != Outcome::kOk, "an error is not ok");
  Check(!error.message.empty() && error.message.size() < 300, "an error has a short message");
  Check(Printable(error.message, 1000) == error.message, "an error's message is one printable line");
}

void CheckNumber(const std::optional<double>& number) {
  Check(!number || (std::isfinite(*number) && !std::signbit(*number)), "numbers are finite and not negative");
}

void CheckText(const Snapshot& snapshot, TextRef ref) {
  Check(std::size_t{ref.offset} + ref.size <= snapshot.text.size(), "names lie within the text");
  Check(ref.size <= kMaxLabelBytes, "names are short enough for a label");
  Check(IsUtf8(snapshot.Text(ref)), "names are UTF-8");
}

void CheckPool(const Pool& pool) {
  for (const auto& number :
       {pool.size, pool.active, pool.idle, pool.creating, pool.total, pool.utilization, pool.uptime_seconds,
        pool.heap_used_bytes, pool.acquire_mean_seconds, pool.requests, pool.hits, pool.misses,
        pool.evictions, pool.workers_created, pool.workers_failed, pool.workers_retired,
        pool.ephemeral_concurrency, pool.ephemeral_queue_depth, pool.ephemeral_queue_limit}) {
    CheckNumber(number);
  }
}

void CheckSnapshot(const Snapshot& snapshot) {
  CheckPool(snapshot.pool);
  Check(IsUtf8(snapshot.text), "the text is UTF-8");
  Check(snapshot.workers.empty() || snapshot.workers_reported, "workers come from a report");
  std::unordered_set<std::string_view> ids;
  for (const Worker& worker : snapshot.workers) {
    CheckText(snapshot, worker.id);
    CheckText(snapshot, worker.app);
    CheckText(snapshot, worker.version);
    Check(!worker.id.empty() && !worker.app.empty(), "workers have a name and an app");
    Check(ids.insert(snapshot.Text(worker.id)).second, "ids are unique");
    for (const auto& number : {worker.requests, worker.errors, worker.request_seconds, worker.uptime_seconds,
                               worker.idle_seconds, worker.rss_bytes, worker.heap_used_bytes}) {
      CheckNumber(number);
    }
  }
}

}  // namespace

void CheckDecoder(std::string_view body) {
  const auto stats = DecodeStats(std::string(body));
  if (stats) {
    CheckSnapshot(*stats);
    Check(DecodeStats(std::string(body)).value() == *stats, "the same body decodes to the same snapshot");
  } else {
    CheckError(stats.error());
  }
  const auto limited = DecodeStats(std::string(body), {.depth = 4, .workers = 2});
  if (limited) Check(limited->workers.size() <= 2, "the limit of workers holds");
  const auto summary = DecodeSummary(std::string(body));
  if (summary) {
    CheckNumber(summary->uptime_seconds);
  } else {
    CheckError(summary.error());
  }
  if (const auto version = DecodeVersion(std::string(body))) {
    Check(!version->empty() && version->size() <= 64 && Printable(*version) == *version,
          "a version is short");
  }
}

}  // namespace buntime::testing
