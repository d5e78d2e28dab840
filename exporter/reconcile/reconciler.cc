#include "reconcile/reconciler.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace buntime {
namespace {

using Status = ReportedKey::Status;

// A worker's creation time is its uptime less its age. The runtime reads its clock once for each of them, so
// two polls of one worker differ by milliseconds, on a busy machine by a tenth of a second.
constexpr double kSameSeconds = 0.02;
constexpr double kPerhapsSameSeconds = 0.25;

// A worker has started by then, on a busy machine, too; it counts the requests that waited for it.
constexpr double kStartSeconds = 10;

bool IsSameWorker(const ReportedKey& key, double created, double interval) {
  const KeyState& state = *key.state;
  if (!state.alive) return false;
  const double moved = std::abs(created - state.created);
  if (moved <= kSameSeconds || key.age_seconds >= interval + kPerhapsSameSeconds) return true;
  return moved <= kPerhapsSameSeconds && key.raw.requests >= state.raw.requests;
}

// Takes `rise` from the raw counts. Each member on its own never falls.
void Count(ReportedKey& key, Counts rise) {
  rise = {std::max(0.0, rise.requests), std::max(0.0, rise.errors), std::max(0.0, rise.seconds)};
  key.rise += rise;
  key.state->seen += rise;
}

}  // namespace

void Reconciler::Restart() {
  *this = Reconciler();
  last_ = PoolCounts();
}

double Reconciler::Settle(const PoolCounts& pool, std::span<ReportedKey> keys) {
  if (!last_) {
    Join(pool, keys);
    return 0;
  }
  interval_ = pool.uptime_seconds - last_->uptime_seconds;
  replaced_.clear();
  counted_ = ephemeral_ = gone_offline_ = unserved_ = 0;

  TakeCertain(keys);
  const auto count_alive = [&](auto condition) {
    return static_cast<double>(std::ranges::count_if(keys, condition));
  };
  const double alive = count_alive([](const ReportedKey& key) { return key.status == Status::kAlive; });
  // A ttl=0 request creates a worker when it starts and is counted when it ends, so as many as can be in
  // flight look like persistent workers for a moment.
  const double in_flight = ephemeral_seen_ ? pool.ephemeral_concurrency : 0;
  const double created = pool.created - last_->created - ephemeral_ - (pool.failed - last_->failed);
  const double retired = pool.retired - last_->retired;
  double discarded = carried_workers_ + created - retired - (alive - alive_);
  SortOutMerged(discarded, retired);
  for (Replaced& item : replaced_) TakeReplaced(item);

  // A worker that has counted nothing owes the request that created it.
  const double unused =
      count_alive([](const ReportedKey& key) { return key.status == Status::kAlive && key.state->unused; });
  double missing = carried_requests_ + pool.hits - last_->hits + created - counted_ + unused_ - unused;
  for (const Replaced& item : replaced_) {
    if (item.discarded && item.was_unused && item.key->state->NeverStarts()) ++unserved_;
  }
  missing -= unserved_;

  const bool any_discarded = std::ranges::any_of(replaced_, &Replaced::discarded);
  for (const Replaced& item : replaced_) discarded -= item.discarded ? 1 : 0;
  // Up to `in_flight` may be neither discarded workers nor lost requests; that much waits for the polls to
  // come.
  const double unseen = std::max(0.0, discarded - in_flight);
  if (!replaced_.empty() && unseen > 0) {
    AttributeWorkers(unseen);
    missing -= unseen;
    discarded -= unseen;
  }
  carried_workers_ = std::clamp(discarded, -in_flight, in_flight);

  if (any_discarded || (unseen > 0 && !replaced_.empty())) {
    if (missing > in_flight) missing = TakeLimits(missing, unseen > 0);
    ExpectLosses();
  }
  // Requests that wait for a worker's start are missing, too, until it has started.
  // So they are where a merge hides whether the new worker has started.
  const bool starting =
      std::ranges::any_of(keys,
                          [](const ReportedKey& key) {
                            return key.status == Status::kAlive && key.state->unused &&
                                   !key.state->NeverStarts();
                          }) ||
      std::ranges::any_of(replaced_, [](const Replaced& item) {
        return !item.discarded && item.was_alive && item.key->age_seconds < kStartSeconds / 10;
      });
  const bool losses =
      std::ranges::any_of(keys, [](const ReportedKey& key) { return key.state->expected_loss > 0; });
  if (!losses) {
    settled_at_ = pool.uptime_seconds;
  } else if (!starting || pool.uptime_seconds - settled_at_ >= kStartSeconds) {
    if (missing > in_flight) AttributeHits(std::exchange(missing, 0.0), keys);
    for (ReportedKey& key : keys) key.state->expected_loss = 0;
    settled_at_ = pool.uptime_seconds;
  }
  lasting_ = losses ? missing : std::min(lasting_, missing);
  if (losses) lasting_since_ = pool.uptime_seconds;
  if (pool.uptime_seconds - lasting_since_ >= kStartSeconds) {  // no request in flight waits as long
    const double lasting = std::max(0.0, lasting_ - in_flight);
    unserved_ += lasting;
    missing -= lasting;
    lasting_ = missing;
    lasting_since_ = pool.uptime_seconds;
  }
  // A surplus is owed to requests that were in flight, or to an answer that was left out: never more than one
  // poll's.
  carried_requests_ = std::max(missing, -std::max(100.0, counted_));
  alive_ = alive;
  unused_ = unused;
  last_ = pool;
  return unserved_;
}

void Reconciler::Join(const PoolCounts& pool, std::span<ReportedKey> keys) {
  for (ReportedKey& key : keys) {
    KeyState& state = *key.state;
    Count(key, key.raw);
    state.raw = key.raw;
    state.alive = key.status == Status::kAlive;
    state.created = pool.uptime_seconds - key.age_seconds;
    state.unused = state.alive && key.raw.requests == 0;
    // Where no worker has ever been merged there is no history. Else it is at most what is shown.
    state.history_known = pool.retired == 0 || !state.alive;
    if (!state.alive || !state.history_known) state.history = key.raw;
    alive_ += state.alive ? 1 : 0;
    unused_ += state.unused ? 1 : 0;
    if (key.status == Status::kEphemeral) ephemeral_seen_ = true;
    if (state.alive && state.history_known && !state.unused && key.age_seconds > 0) {
      const double weight = std::min(1.0, kRateMemorySeconds / key.age_seconds);
      state.hits = (key.raw.requests - 1) * weight;
      state.hit_seconds = key.age_seconds * weight;
    }
  }
  last_ = pool;
}

// All keys but those whose worker is another one than at the latest poll: their difference is exact.
void Reconciler::TakeCertain(std::span<ReportedKey> keys) {
  for (ReportedKey& key : keys) {
    KeyState& state = *key.state;
    state.Decay(interval_);
    if (key.status == Status::kAlive) {
      const double created = last_->uptime_seconds + interval_ - key.age_seconds;
      if (IsSameWorker(key, created, interval_)) {
        TakeSameWorker(key);
      } else {
        const double own = state.alive ? state.raw.requests - state.history.requests : 0;
        replaced_.push_back({&key, own, state.Rate(), state.alive, state.unused, false});
      }
      state.created = created;
      continue;
    }
    // A smaller count: the runtime dropped the entry, for it keeps a thousand, and began another one.
    const bool fell = key.raw.requests < state.raw.requests;
    Count(key, fell ? key.raw : key.raw - state.raw);
    gone_offline_ += key.status == Status::kOffline && state.alive ? 1 : 0;
    if (key.status == Status::kEphemeral) {
      ephemeral_seen_ = true;
      ephemeral_ += key.rise.requests;
    } else {
      counted_ += key.rise.requests;
    }
    state.raw = state.history = key.raw;
    state.history_known = true;
    state.alive = state.unused = false;
    state.young_polls = state.unused_polls = 0;
  }
}

void Reconciler::TakeSameWorker(ReportedKey& key) {
  KeyState& state = *key.state;
  if (key.raw.requests < state.raw.requests) state.history = {};  // the runtime dropped it
  Count(key, key.raw - state.raw);
  counted_ += key.rise.requests;
  state.raw = key.raw;
  state.hits += key.rise.requests;
  state.hit_seconds += interval_;
  state.young_polls = 0;
  if (key.rise.requests > 0) state.FindUsed();
  state.most = std::max(state.most, key.raw.requests - state.history.requests);
}

// Decides for each replaced worker whether it was merged or discarded. Workers that went offline used up some
// of the `retired`; the rest goes to the keys whose count looks most like a merged one.
void Reconciler::SortOutMerged(double discarded, double retired) {
  std::vector<Replaced*> unclear;
  for (Replaced& item : replaced_) {
    item.discarded = item.was_alive;
    const KeyState& state = *item.key->state;
    if (item.was_alive && item.key->raw.requests >= state.raw.requests) unclear.push_back(&item);
  }
  if (discarded <= 0) {
    for (Replaced* item : unclear) item->discarded = false;
    return;
  }
  const auto distance = [&](const Replaced* item) {
    const KeyState& state = *item->key->state;
    const double raw = item->key->raw.requests;
    const double rate = item->rate.value_or(0);
    const double merged = state.raw.requests + rate * interval_;
    const double replaced = state.history.requests + rate * item->key->age_seconds;
    return std::abs(raw - merged) - std::abs(raw - replaced);
  };
  std::ranges::sort(unclear, {}, distance);
  const double merged = std::max(0.0, retired - gone_offline_);
  for (std::size_t i = 0; i < unclear.size() && static_cast<double>(i) < merged; ++i)
    unclear[i]->discarded = false;
}

void Reconciler::TakeReplaced(Replaced& item) {
  ReportedKey& key = *item.key;
  KeyState& state = *key.state;
  const double raw = key.raw.requests;
  const double expected_own = item.rate.value_or(0) * key.age_seconds;
  const bool merged = !item.discarded && raw >= state.raw.requests;
  state.equal_polls = item.discarded && raw == state.raw.requests ? state.equal_polls + 1 : 0;
  if (merged) {
    Count(key, key.raw - state.raw);
    if (item.was_alive) {  // what the merged worker counted after the latest poll is now history, too
      state.SetHistory(std::clamp(std::round(raw - expected_own), state.raw.requests, raw), key.raw);
      state.history_known = false;
      state.merged_at = raw;
    }
  } else {
    double history = std::min(state.history.requests, raw);
    if (!state.history_known) {
      // Workers that show the same count, one after the other, have not taken a request.
      state.history_known = raw == state.merged_at;
      const bool all_history = state.history_known || state.equal_polls > 2;
      history = all_history ? raw : std::clamp(std::round(raw - expected_own), 0.0, history);
    }
    if (history != state.history.requests) state.SetHistory(history, key.raw);
    Count(key, key.raw - state.history);
  }
  const double own = raw - state.history.requests;
  counted_ += key.rise.requests;
  key.discarded = item.discarded ? 1 : 0;
  if (own > 0) {
    state.FindUsed();
    state.hits += own - 1;
    state.hit_seconds += key.age_seconds;
    if (state.history_known) state.most = std::max(state.most / 2, own);
  } else {  // it has requests waiting: their number would be guessed at
    state.unused = true;
    ++state.unused_polls;
    state.unused_seconds += interval_;
    state.unused_workers += key.discarded;
  }
  if (!item.rate) item.rate = state.Rate();
  state.ages += key.age_seconds;
  ++state.replacements;
  ++state.young_polls;
  state.raw = key.raw;
  state.alive = true;
}

}  // namespace buntime
