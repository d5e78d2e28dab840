// The last ten minutes of a runtime's apps, for the page of one app: few samples of each, and with very many
// apps only of the busiest ones.
//
// Used by History, one for each runtime. Not thread-safe.
#pragma once

#include <cstddef>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/json_writer.h"
#include "model/fleet.h"

namespace buntime {

/// The histories keep quantities as floats, since they become pixels.
inline constexpr float kNotReported = std::numeric_limits<float>::quiet_NaN();
inline float SampleValue(const std::optional<double>& value) {
  return value ? static_cast<float>(*value) : kNotReported;
}

class AppHistory {
 public:
  static constexpr double kSpanSeconds = 600;
  static constexpr std::size_t kMostSamples = 120;
  static constexpr std::size_t kLeastSamples = 20;

  /// Takes a poll, of which a failed one is a gap. Keeps at most `budget` samples, but kLeastSamples of one
  /// app.
  void Take(const Runtime& runtime, double unix_seconds, std::size_t budget);

  /// For some time there was no poll.
  void TakeGap(double unix_seconds);

  /// Seconds between samples, at the least.
  double distance() const { return distance_; }

  /// The members `t`, `requests_per_second`, `errors_per_second`, `workers`, `mean_seconds` (of the requests
  /// since the sample before) and `uptime_seconds` (of the runtime) of an object. Empty for an app without
  /// samples. `version` is empty where the app names none.
  void Write(JsonWriter& json, std::string_view name, std::string_view version) const;

  std::size_t SampleCount() const;

 private:
  struct Sample {
    double unix_seconds;
    float requests_per_second;
    float errors_per_second;
    float workers;
    float mean_seconds;
    float uptime_seconds;
  };
  struct Track {
    std::vector<Sample> samples;  // oldest first
    double requests = 0;          // as of the latest sample
    std::optional<double> request_seconds;
    bool seen = false;  // by the call of Take that is under way
  };

  void TakeApp(const App& app, double unix_seconds, const std::optional<double>& uptime);
  static std::string KeyOf(std::string_view name, std::string_view version);

  std::map<std::string, Track, std::less<>> tracks_;  // by KeyOf
  std::optional<double> taken_at_;
  double distance_ = 0;
};

}  // namespace buntime
