// Recordings of live runtimes (tests/fixtures/live) and their replay through the exporter's counters, side by
// side with what the client had sent.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

namespace buntime {

struct RecordedPoll {
  double t = 0;                        // seconds, on the recorder's clock
  std::string stats;                   // the runtime's answer
  std::map<std::string, double> sent;  // requests by app, since the recording began
};
using Recording = std::vector<RecordedPoll>;

/// Of tests/fixtures/live, or any other path with a slash in it. Throws std::runtime_error.
Recording LoadRecording(const std::string& name);

/// The recording as a poller sees it that begins at `first` and polls each `step`th answer, and the last one.
Recording EveryNth(const Recording& recording, std::size_t step, std::size_t first = 0);

struct AppAccount {
  double sent = 0;      // between the first and the last poll
  double exported = 0;  // rise of buntime_app_requests_total in that time
  double estimated = 0;
  double discarded = 0;
  double errors = 0;
  double seconds = 0;
  /// (exported - sent) / sent, or 0 where nothing was sent.
  double Error() const { return sent > 0 ? (exported - sent) / sent : 0; }
};
struct Account {
  std::map<std::string, AppAccount> apps;  // by name, without version
  double pool_requests = 0;                // rise of buntime_pool_requests_total
  double unserved = 0;
  bool fell = false;  // some counter fell on the way
};

/// Polls `polls` in order.
Account Replay(const Recording& polls);

}  // namespace buntime
