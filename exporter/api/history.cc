#include "api/history.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "api/json_writer.h"

namespace buntime {
namespace {

// So many intervals without a poll are no jitter.
constexpr double kGapIntervals = 3;

}  // namespace

History::Sample History::SampleOf(const Runtime& runtime, double unix_seconds) {
  const bool known = (runtime.up || runtime.read_without_key) && runtime.reading;
  const Pool no_pool;
  const Rates no_rates;
  const Pool& pool = known ? runtime.reading->snapshot.pool : no_pool;
  const Rates& rates = known ? runtime.reading->rates : no_rates;
  return {unix_seconds,
          SampleValue(pool.utilization),
          SampleValue(pool.active),
          SampleValue(pool.idle),
          SampleValue(pool.total),
          SampleValue(pool.size),
          SampleValue(rates.requests_per_second),
          SampleValue(rates.errors_per_second),
          SampleValue(pool.ephemeral_queue_depth),
          SampleValue(pool.uptime_seconds)};
}

void History::Take(const Fleet& fleet) {
  const std::size_t share = kTotalSamples / std::max<std::size_t>(1, fleet.runtimes.size());
  const std::size_t capacity = std::clamp(share, kLeastSamples, kMostSamples);
  // A little less than the even distance, so that polls which come a moment early are not skipped.
  const double distance = 0.9 * kSpanSeconds / static_cast<double>(capacity);

  const MutexLock lock(mutex_);
  revision_ = fleet.revision;
  distance_ = distance;
  for (const auto& runtime : fleet.runtimes) {
    Track& track = tracks_[runtime->name];
    track.seen = true;
    const std::optional<double> at = runtime->last_poll_unix_seconds;
    std::deque<Sample>& samples = track.samples;
    if (!at) continue;
    // The exporter stood still, or the machine did.
    const double interval = Seconds(runtime->interval);
    if (track.polled_at && *at - *track.polled_at > kGapIntervals * interval) {
      const double missed = *track.polled_at + interval;
      track.apps.TakeGap(missed);
      samples.push_back(SampleOf(Runtime(), missed));
    }
    if (at != track.polled_at) {
      track.warnings.Take(*runtime, *at);
      track.apps.Take(*runtime, *at, kTotalAppSamples / fleet.runtimes.size());
    }
    track.polled_at = at;
    // A clock that was set back starts the ten minutes anew: a graph cannot run backwards.
    if (!samples.empty() && *at < samples.back().unix_seconds) samples.clear();
    if (!samples.empty() && *at - samples.back().unix_seconds < distance) continue;
    samples.push_back(SampleOf(*runtime, *at));
    while (samples.size() > capacity || *at - samples.front().unix_seconds > kSpanSeconds)
      samples.pop_front();
  }
  std::erase_if(tracks_, [](const auto& item) { return !item.second.seen; });
  for (auto& [name, track] : tracks_) track.seen = false;
}

std::string History::Document(const Runtime& runtime) const {
  std::deque<Sample> samples;
  double distance = 0;
  {
    const MutexLock lock(mutex_);
    distance = distance_;
    if (const auto found = tracks_.find(runtime.name); found != tracks_.end())
      samples = found->second.samples;
  }
  std::string out;
  JsonWriter json(out);
  json.BeginObject();
  json.Key("interval_seconds").Number(std::max(Seconds(runtime.interval), distance));
  json.Key("t").BeginArray();
  for (const Sample& sample : samples) json.Number(std::round(sample.unix_seconds * 1000) / 1000);
  json.EndArray();
  const auto write = [&](std::string_view name, float Sample::*quantity) {
    json.Key(name).BeginArray();
    for (const Sample& sample : samples) json.Short(sample.*quantity);
    json.EndArray();
  };
  write("utilization", &Sample::utilization);
  write("active", &Sample::active);
  write("idle", &Sample::idle);
  write("total", &Sample::total);
  write("size", &Sample::size);
  write("requests_per_second", &Sample::requests_per_second);
  write("errors_per_second", &Sample::errors_per_second);
  write("queue_depth", &Sample::queue_depth);
  write("uptime_seconds", &Sample::uptime_seconds);
  json.EndObject();
  return out;
}

std::string History::AppDocument(const Runtime& runtime, std::string_view app,
                                 std::string_view version) const {
  static const AppHistory kNone;
  std::string out;
  JsonWriter json(out);
  json.BeginObject();
  {
    const MutexLock lock(mutex_);
    const auto found = tracks_.find(runtime.name);
    const AppHistory& apps = found == tracks_.end() ? kNone : found->second.apps;
    json.Key("interval_seconds").Number(std::max(Seconds(runtime.interval), apps.distance()));
    apps.Write(json, app, version);
  }
  json.EndObject();
  return out;
}

std::vector<Warning> History::Warnings(const Runtime& runtime) const {
  const MutexLock lock(mutex_);
  const auto found = tracks_.find(runtime.name);
  return found == tracks_.end() ? std::vector<Warning>() : found->second.warnings.warnings();
}

std::uint64_t History::revision() const {
  const MutexLock lock(mutex_);
  return revision_;
}

std::size_t History::SampleCount() const {
  const MutexLock lock(mutex_);
  std::size_t count = 0;
  for (const auto& [name, track] : tracks_) count += track.samples.size();
  return count;
}

std::size_t History::AppSampleCount() const {
  const MutexLock lock(mutex_);
  std::size_t count = 0;
  for (const auto& [name, track] : tracks_) count += track.apps.SampleCount();
  return count;
}

}  // namespace buntime
