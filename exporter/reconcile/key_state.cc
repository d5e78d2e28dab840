#include "reconcile/key_state.h"

#include <algorithm>
#include <cmath>

namespace buntime {

Counts& Counts::operator+=(const Counts& other) {
  requests += other.requests;
  errors += other.errors;
  seconds += other.seconds;
  return *this;
}
Counts operator-(const Counts& a, const Counts& b) {
  return {a.requests - b.requests, a.errors - b.errors, a.seconds - b.seconds};
}
Counts operator*(const Counts& a, double factor) {
  return {a.requests * factor, a.errors * factor, a.seconds * factor};
}

void KeyState::Restart() {
  raw = history = {};
  history_known = true;
  alive = unused = false;
  young_polls = unused_polls = 0;
  unused_seconds = unused_workers = expected_loss = 0;
}

std::optional<double> KeyState::Rate() const {
  if (hit_seconds <= 0) return std::nullopt;
  return hits / hit_seconds;
}

// One with a small maxRequests that takes its time to start is often found unused, too, but no more of its
// workers end than its requests explain: each ends at what a worker was seen to count.
bool KeyState::NeverStarts() const {
  if (!unused || seen.requests == 0) return unused;
  const double ending = most > 0 ? Rate().value_or(0) / most : 0;  // workers a second
  return unused_polls > 2 && unused_seconds > 2 * unused_before &&
         unused_workers > 2 + 2 * unused_seconds * ending;
}

void KeyState::FindUsed() {
  unused_before = std::max(unused_before, std::min(unused_seconds, kRateMemorySeconds));
  unused = false;
  unused_polls = 0;
  unused_seconds = unused_workers = 0;
}

void KeyState::Decay(double seconds) {
  const double factor = std::exp(-seconds / kRateMemorySeconds);
  for (double* const sum : {&hits, &hit_seconds, &ages, &replacements}) *sum *= factor;
}

void KeyState::SetHistory(double requests, const Counts& reported) {
  history = reported.requests > 0 ? reported * (requests / reported.requests) : Counts{};
}

}  // namespace buntime
