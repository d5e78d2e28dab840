// What the reconciliation remembers of a key (an app and version) between polls. Not thread-safe.
#pragma once

#include <cstdint>
#include <optional>

namespace buntime {

/// A change of traffic is followed within about this time.
inline constexpr double kRateMemorySeconds = 60;

struct Counts {
  double requests = 0;
  double errors = 0;
  double seconds = 0;  // spent in requests

  Counts& operator+=(const Counts& other);
  friend Counts operator-(const Counts& a, const Counts& b);
  friend Counts operator*(const Counts& a, double factor);
};

/// What is remembered of a key between polls. Owned by the caller, written by the Reconciler only.
struct KeyState {
  /// The runtime restarted. What was learned of the app stays.
  void Restart();

  /// Hits per second of a live worker; nothing where none was observed.
  std::optional<double> Rate() const;
  /// Whether no worker of the key starts: what is asked of it gets no answer.
  bool NeverStarts() const;
  /// A worker has counted a request.
  void FindUsed();
  /// Time passes: what was learned of the rate counts for less.
  void Decay(double seconds);
  /// Sets the history to `requests` of `reported`; its errors and seconds in proportion.
  void SetHistory(double requests, const Counts& reported);

  Counts raw;      // as reported by the latest poll
  Counts history;  // the part of `raw` that earlier workers left
  Counts seen;     // all that was ever counted from `raw`: its means stand for what was not seen
  bool history_known = true;
  double merged_at = -1;  // the raw count when a merge made the history unknown: at most this is history
  bool alive = false;
  bool unused = false;             // its live worker has not counted a request yet
  std::uint32_t unused_polls = 0;  // consecutive polls that found a new and unused worker
  double unused_seconds = 0;       // for how long they did
  double unused_workers = 0;       // workers discarded meanwhile
  double unused_before = 0;        // the longest of such times that ended with a request, a minute at most
  double most = 0;                 // requests that a worker of late was seen to count
  std::uint32_t young_polls = 0;   // consecutive polls that found a new worker
  std::uint32_t equal_polls = 0;   // of these, consecutive ones that found the same count
  double created = 0;              // when the live worker was created
  double expected_loss = 0;        // hits of discarded workers, by rate; not settled yet
  double error_remainder = 0;      // fraction of an estimated error
  // Decayed sums (kRateMemorySeconds): hits and the time they took; ages and number of new workers.
  double hits = 0;
  double hit_seconds = 0;
  double ages = 0;
  double replacements = 0;
};

}  // namespace buntime
