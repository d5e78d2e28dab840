// Reconciler: to which keys the requests and workers belong that no poll saw.
#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "reconcile/reconciler.h"

namespace buntime {
namespace {

// Of a manifest that says nothing.
constexpr double kDefaultMaxRequests = 1000;

// Divides `total` in proportion to the weights, in whole numbers that sum to it. All zero where the weights
// are.
std::vector<double> Divide(double total, const std::vector<double>& weights) {
  const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
  std::vector<double> shares;
  double weight = 0;
  double given = 0;
  for (const double w : weights) {
    weight += w;
    const double until = sum > 0 ? std::round(total * std::min(1.0, weight / sum)) : 0;
    shares.push_back(until - given);
    given = until;
  }
  return shares;
}

}  // namespace

// Divides workers that were created and discarded between two polls among the keys whose worker is young poll
// after poll, by how short they live. Each took one request at least, unless workers of that key do not
// start.
void Reconciler::AttributeWorkers(double workers) {
  const auto often = [](const Replaced& item) { return item.key->state->young_polls > 1; };
  const bool any_often = std::ranges::any_of(replaced_, often);
  const bool any_discarded = std::ranges::any_of(replaced_, &Replaced::discarded);
  std::vector<double> weights;
  for (const Replaced& item : replaced_) {
    const KeyState& state = *item.key->state;
    const bool candidate = any_often ? often(item) : item.discarded || !any_discarded;
    weights.push_back(candidate ? state.replacements / std::max(state.ages, 0.02) : 0);
  }
  const std::vector<double> shares = Divide(workers, weights);
  for (std::size_t i = 0; i < shares.size(); ++i) {
    ReportedKey& key = *replaced_[i].key;
    key.discarded += shares[i];
    if (key.state->unused) key.state->unused_workers += shares[i];
    if (key.state->NeverStarts()) {
      unserved_ += shares[i];
    } else {
      Estimate(key, shares[i]);
    }
  }
}

// Attributes to each key whose one worker seems to have ended at the default maxRequests what that lacked.
// Returns what is left of `missing`; attributes nothing where it does not suffice.
double Reconciler::TakeLimits(double missing, bool any_unseen) {
  std::vector<std::pair<ReportedKey*, double>> ended;
  double sum = 0;
  for (const Replaced& item : replaced_) {
    const double lacking = kDefaultMaxRequests - item.own_before;
    // Workers that were not seen may be of any key that is replaced often.
    if (!item.discarded || (any_unseen && item.key->state->young_polls > 1)) continue;
    if (!item.rate || lacking < 0 || !item.key->state->history_known) continue;
    const double expected = *item.rate * std::max(0.0, interval_ - item.key->age_seconds);
    if (std::abs(expected - lacking) > 0.1 * kDefaultMaxRequests) continue;
    ended.emplace_back(item.key, lacking);
    sum += lacking;
  }
  if (sum > missing + 2) return missing;
  for (const auto& [key, lacking] : ended) {
    Estimate(*key, lacking);
    key->at_limit = true;
  }
  return missing - sum;
}

// What each discarding key's rate gives for the time before its new worker; a merged worker has lost nothing.
void Reconciler::ExpectLosses() {
  double known = 0;
  double sum = 0;
  for (const Replaced& item : replaced_) {
    known += item.rate ? 1 : 0;
    sum += item.rate.value_or(0);
  }
  for (const Replaced& item : replaced_) {
    KeyState& state = *item.key->state;
    if (item.key->at_limit || item.key->discarded == 0) continue;
    // A key without a rate gets the mean one, unless it has never counted a request.
    const double other = state.seen.requests > 0 && known > 0 ? sum / known : 0;
    state.expected_loss += item.rate.value_or(other) * std::max(0.0, interval_ - item.key->age_seconds);
  }
}

// Divides hits of discarded workers in proportion to the expected losses.
void Reconciler::AttributeHits(double hits, std::span<ReportedKey> keys) {
  std::vector<double> weights;
  for (const ReportedKey& key : keys) weights.push_back(key.state->expected_loss);
  const std::vector<double> shares = Divide(hits, weights);
  for (std::size_t i = 0; i < shares.size(); ++i) {
    if (keys[i].state->NeverStarts()) {
      unserved_ += shares[i];
    } else if (shares[i] > 0) {
      Estimate(keys[i], shares[i]);
    }
  }
}

// The errors and durations of requests that were not seen are unknown: the key's own means stand for them.
void Reconciler::Estimate(ReportedKey& key, double requests) {
  KeyState& state = *key.state;
  key.estimated += requests;
  Counts counts{requests, 0, 0};
  if (state.seen.requests > 0) {
    state.error_remainder += requests * std::min(1.0, state.seen.errors / state.seen.requests);
    counts.errors = std::floor(state.error_remainder);
    state.error_remainder -= counts.errors;
    counts.seconds = requests * state.seen.seconds / state.seen.requests;
  }
  key.rise += counts;
}

}  // namespace buntime
