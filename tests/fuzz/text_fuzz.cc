#include "fuzz/text_fuzz.h"

#include <cmath>
#include <optional>
#include <string>

#include "base/text.h"
#include "decode/decoder.h"
#include "fuzz/promise.h"

namespace buntime::testing {

void CheckPoolText(std::string_view text) {
  const auto read = DecodePoolText(text);
  if (!read) {
    const PollError& error = read.error();
    Promise(error.outcome != Outcome::kOk, "an error is not ok");
    Promise(!error.message.empty() && error.message.size() < 300, "an error has a short message");
    Promise(Printable(error.message, 1000) == error.message, "an error's message is one printable line");
    return;
  }
  const Pool& pool = read->pool;
  for (const std::optional<double>& number :
       {pool.size, pool.active, pool.idle, pool.total, pool.uptime_seconds, pool.heap_used_bytes,
        pool.acquire_mean_seconds, pool.requests, pool.hits, pool.misses, pool.evictions,
        pool.workers_created, pool.workers_failed, pool.workers_retired, pool.ephemeral_concurrency,
        pool.ephemeral_queue_depth, pool.ephemeral_queue_limit}) {
    Promise(!number || (std::isfinite(*number) && !std::signbit(*number)),
            "numbers are finite and not negative");
  }
  Promise(read->workers.empty() && !read->workers_reported, "the text has no workers");
  const auto again = DecodePoolText(std::string(text) + "\n# a comment\n\n");
  Promise(again && again->pool == pool, "a comment changes nothing");
}

}  // namespace buntime::testing
