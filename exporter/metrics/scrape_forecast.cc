#include "metrics/scrape_forecast.h"

#include <algorithm>
#include <cstddef>

namespace buntime {
namespace {

// Three rounds of five scrapers.
constexpr std::size_t kKept = 16;

}  // namespace

void ScrapeForecast::Note(SteadyTime now) {
  if (!past_.empty() && now - past_.back() < kJitter) return;
  // Those have come, or have not.
  std::erase_if(expected_, [&](SteadyTime time) { return time < now + kJitter; });
  for (auto previous = past_.rbegin(); previous != past_.rend(); ++previous) {
    const Duration distance = now - *previous;
    if (!CameAbout(*previous - distance)) continue;
    expected_.push_back(now + distance);
    break;
  }
  past_.push_back(now);
  if (past_.size() > kKept) past_.erase(past_.begin());
  if (expected_.size() > kKept) expected_.erase(expected_.begin());
}

std::optional<SteadyTime> ScrapeForecast::Next(SteadyTime now) const {
  std::optional<SteadyTime> next;
  for (const SteadyTime time : expected_) {
    if (time >= now - kJitter && (!next || time < *next)) next = time;
  }
  return next;
}

void ScrapeForecast::Forget() {
  past_.clear();
  expected_.clear();
}

bool ScrapeForecast::CameAbout(SteadyTime time) const {
  return std::ranges::any_of(past_,
                             [&](SteadyTime past) { return past - time < kJitter && time - past < kJitter; });
}

}  // namespace buntime
