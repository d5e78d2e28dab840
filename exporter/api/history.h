// The last ten minutes of each runtime's pool, for the graphs of the page: a few numbers a poll, in memory
// that does not grow with time, and hardly with the fleet. And what is wrong with each runtime, and since
// when.
//
// Thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/app_history.h"
#include "api/warnings.h"
#include "base/mutex.h"
#include "model/fleet.h"

namespace buntime {

class History {
 public:
  static constexpr double kSpanSeconds = 600;
  /// Of a runtime. Together they keep at most kTotalSamples, but none less than kLeastSamples: with more
  /// runtimes or faster polls than that, samples stand further apart.
  static constexpr std::size_t kMostSamples = 600;
  static constexpr std::size_t kLeastSamples = 60;
  static constexpr std::size_t kTotalSamples = 60'000;
  static constexpr std::size_t kTotalAppSamples = 100'000;

  /// Takes a sample of each runtime that was polled since the last call; a failed poll is a gap, and so is a
  /// time without any. Forgets runtimes that are not in `fleet`.
  void Take(const Fleet& fleet);

  /// JSON: `interval_seconds`, the usual time between samples, and one array a quantity, oldest first, null
  /// for what was not reported.
  std::string Document(const Runtime& runtime) const;

  /// The same for one app, whose `version` is empty where it names none. Together, apps keep about
  /// kTotalAppSamples.
  std::string AppDocument(const Runtime& runtime, std::string_view app, std::string_view version) const;

  /// Of the poll that was taken last.
  std::vector<Warning> Warnings(const Runtime& runtime) const;

  /// Of the fleet that was taken last.
  std::uint64_t revision() const;

  std::size_t SampleCount() const;
  std::size_t AppSampleCount() const;

 private:
  struct Sample {
    double unix_seconds;
    float utilization;
    float active;
    float idle;
    float total;
    float size;
    float requests_per_second;
    float errors_per_second;
    float queue_depth;
    float uptime_seconds;
  };
  struct Track {
    std::deque<Sample> samples;
    std::optional<double> polled_at;
    WarningTracker warnings;
    AppHistory apps;
    bool seen = false;  // by the call of Take that is under way
  };

  static Sample SampleOf(const Runtime& runtime, double unix_seconds);

  mutable Mutex mutex_;
  std::map<std::string, Track, std::less<>> tracks_ GUARDED_BY(mutex_);  // by name of the runtime
  std::uint64_t revision_ GUARDED_BY(mutex_) = 0;
  double distance_ GUARDED_BY(mutex_) = 0;  // seconds between samples, at the least
};

}  // namespace buntime
