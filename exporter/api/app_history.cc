#include "api/app_history.h"

#include <algorithm>

namespace buntime {
namespace {

// The busiest apps.
std::vector<const App*> Choose(const std::vector<App>& apps, std::size_t most) {
  std::vector<const App*> chosen;
  chosen.reserve(apps.size());
  for (const App& app : apps) chosen.push_back(&app);
  if (chosen.size() > most) {
    std::ranges::nth_element(chosen, chosen.begin() + static_cast<std::ptrdiff_t>(most),
                             [](const App* a, const App* b) { return a->requests > b->requests; });
    chosen.resize(most);
  }
  return chosen;
}

}  // namespace

// A NUL is in no name: the two parts cannot run into each other.
std::string AppHistory::KeyOf(std::string_view name, std::string_view version) {
  return std::string(name).append(1, '\0').append(version);
}

void AppHistory::Take(const Runtime& runtime, double unix_seconds, std::size_t budget) {
  if (taken_at_ && unix_seconds < *taken_at_) tracks_.clear();
  const bool known = runtime.up && runtime.reading;
  const std::size_t apps = known ? runtime.reading->apps.size() : tracks_.size();
  const std::size_t most_apps = std::max<std::size_t>(1, budget / kLeastSamples);
  const std::size_t capacity =
      std::clamp(budget / std::clamp<std::size_t>(apps, 1, most_apps), kLeastSamples, kMostSamples);
  // A little less than the even distance, so that polls which come a moment early are not skipped.
  distance_ = 0.9 * kSpanSeconds / static_cast<double>(capacity);
  if (taken_at_ && unix_seconds >= *taken_at_ && unix_seconds - *taken_at_ < distance_) return;
  taken_at_ = unix_seconds;

  if (known) {
    for (const App* app : Choose(runtime.reading->apps, most_apps))
      TakeApp(*app, unix_seconds, runtime.reading->snapshot.pool.uptime_seconds);
    std::erase_if(tracks_, [](const auto& item) { return !item.second.seen; });
  } else {
    TakeGap(unix_seconds);
  }
  for (auto& [key, track] : tracks_) {
    track.seen = false;
    const auto old = std::ranges::find_if(track.samples, [unix_seconds](const Sample& sample) {
      return unix_seconds - sample.unix_seconds <= kSpanSeconds;
    });
    const auto beyond =
        static_cast<std::ptrdiff_t>(track.samples.size() > capacity ? track.samples.size() - capacity : 0);
    track.samples.erase(track.samples.begin(), std::max(old, track.samples.begin() + beyond));
  }
}

void AppHistory::TakeGap(double unix_seconds) {
  for (auto& [key, track] : tracks_)
    track.samples.push_back(
        {unix_seconds, kNotReported, kNotReported, kNotReported, kNotReported, kNotReported});
}

void AppHistory::TakeApp(const App& app, double unix_seconds, const std::optional<double>& uptime) {
  Track& track = tracks_[KeyOf(app.name, app.version)];
  track.seen = true;
  const double requests = app.requests - track.requests;
  float mean = kNotReported;
  if (!track.samples.empty() && track.request_seconds && app.request_seconds && requests > 0)
    mean = static_cast<float>((*app.request_seconds - *track.request_seconds) / requests);
  double alive = 0;
  for (std::size_t i = 0; i < app.workers.size(); ++i) {
    if (IsAlive(static_cast<WorkerState>(i))) alive += app.workers[i];
  }
  track.requests = app.requests;
  track.request_seconds = app.request_seconds;
  track.samples.push_back({unix_seconds, SampleValue(app.rates.requests_per_second),
                           SampleValue(app.rates.errors_per_second), static_cast<float>(alive), mean,
                           SampleValue(uptime)});
}

void AppHistory::Write(JsonWriter& json, std::string_view name, std::string_view version) const {
  static const std::vector<Sample> kNone;
  const auto found = tracks_.find(KeyOf(name, version));
  const std::vector<Sample>& samples = found == tracks_.end() ? kNone : found->second.samples;
  json.Key("t").BeginArray();
  for (const Sample& sample : samples) json.Number(std::round(sample.unix_seconds * 1000) / 1000);
  json.EndArray();
  const auto write = [&](std::string_view key, float Sample::*quantity) {
    json.Key(key).BeginArray();
    for (const Sample& sample : samples) json.Short(sample.*quantity);
    json.EndArray();
  };
  write("requests_per_second", &Sample::requests_per_second);
  write("errors_per_second", &Sample::errors_per_second);
  write("workers", &Sample::workers);
  write("mean_seconds", &Sample::mean_seconds);
  write("uptime_seconds", &Sample::uptime_seconds);
}

std::size_t AppHistory::SampleCount() const {
  std::size_t count = 0;
  for (const auto& [key, track] : tracks_) count += track.samples.size();
  return count;
}

}  // namespace buntime
