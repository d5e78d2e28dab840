#include "fuzz/reconcile_fuzz.h"

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "fuzz/promise.h"
#include "reconcile/reconciler.h"

namespace buntime::testing {
namespace {

constexpr std::size_t kKeys = 4;  // the last one is ttl=0 in the world below
constexpr double kEphemeralConcurrency = 2;
constexpr double kSlack = 5 * kEphemeralConcurrency;  // requests and workers in flight, which look alike

class Bytes {
 public:
  explicit Bytes(std::string_view input) : left_(input) {}
  bool empty() const { return left_.empty(); }
  std::uint8_t Next() {
    if (left_.empty()) return 0;
    const auto byte = static_cast<std::uint8_t>(left_.front());
    left_.remove_prefix(1);
    return byte;
  }

 private:
  std::string_view left_;
};

// A reconciler and what it says so far.
class Account {
 public:
  void Poll(const PoolCounts& pool, std::vector<ReportedKey> keys) {
    for (std::size_t i = 0; i < keys.size(); ++i) keys[i].state = &states_[i];
    const double unserved = reconciler_.Settle(pool, keys);
    Promise(std::isfinite(unserved) && unserved >= 0, "unserved requests never fall");
    unserved_ += unserved;
    for (const ReportedKey& key : keys) {
      Promise(key.rise.requests >= 0 && key.rise.errors >= 0 && key.rise.seconds >= 0, "no counter falls");
      Promise(std::isfinite(key.rise.requests + key.rise.errors + key.rise.seconds),
              "no counter is infinite");
      Promise(key.estimated >= 0 && key.estimated <= key.rise.requests + 1e-6,
              "an estimate is a part of the rise");
      Promise(key.discarded >= 0, "discarded workers never fall");
      requests_ += key.rise.requests;
    }
  }
  double told() const { return requests_ + unserved_; }

 private:
  Reconciler reconciler_;
  std::array<KeyState, kKeys> states_;
  double requests_ = 0;
  double unserved_ = 0;
};

// A released runtime: it forgets what a discarded worker counted, and keeps what a merged one did.
class World {
 public:
  // The deeds of some seconds, and what a poll then finds.
  void Live(Bytes& bytes, Account& account) {
    const double interval = 1 + bytes.Next() % 10;
    pool_.uptime_seconds += interval;
    for (std::size_t i = 0; i + 1 < kKeys; ++i) Work(workers_[i], bytes.Next(), interval);
    for (int requests = bytes.Next() % 4; requests > 0; --requests) {
      ++pool_.created;
      ++ephemeral_;
    }
    Show(account);
  }
  void Rest(Account& account) {
    pool_.uptime_seconds += 5;
    Show(account);
  }
  double requests() const { return pool_.hits + pool_.created; }
  bool merged() const { return pool_.retired > 0; }

 private:
  struct Worker {
    bool alive = false;
    bool known = false;  // its key is in the pool's list
    double history = 0;
    double own = 0;
    double created = 0;
  };

  void Work(Worker& worker, std::uint8_t deeds, double interval) {
    const int requests = deeds % 32;
    switch (deeds / 32) {
      case 4:  // found unhealthy by the next request
        if (requests > 0) worker.alive = false;
        break;
      case 5:  // evicted in the end
        Serve(worker, requests, interval);
        Merge(worker);
        return;
      case 6:  // evicted, and asked for again
        Merge(worker);
        break;
      case 7:  // ends at its limit
        Serve(worker, requests / 2, interval);
        if (requests > 1) worker.alive = false;
        break;
      default:
        break;
    }
    Serve(worker, requests - (deeds / 32 == 7 ? requests / 2 : 0), interval / 2);
  }

  void Serve(Worker& worker, int requests, double before_the_poll) {
    for (; requests > 0; --requests) {
      if (worker.alive) {
        ++pool_.hits;
        ++worker.own;
        continue;
      }
      ++pool_.created;
      worker = {true, true, worker.history, 1, pool_.uptime_seconds - before_the_poll};
    }
  }

  void Merge(Worker& worker) {
    if (!worker.alive) return;
    worker.history += worker.own;
    worker.own = 0;
    worker.alive = false;
    ++pool_.retired;
  }

  void Show(Account& account) {
    std::vector<ReportedKey> keys(kKeys);
    for (std::size_t i = 0; i + 1 < kKeys; ++i) {
      const Worker& worker = workers_[i];
      keys[i].status = worker.alive ? ReportedKey::Status::kAlive : ReportedKey::Status::kOffline;
      keys[i].age_seconds = worker.alive ? pool_.uptime_seconds - worker.created : 0;
      keys[i].raw.requests = worker.history + (worker.alive ? worker.own : 0);
    }
    keys[kKeys - 1].status = ReportedKey::Status::kEphemeral;
    keys[kKeys - 1].raw.requests = ephemeral_;
    account.Poll(pool_, std::move(keys));
  }

  PoolCounts pool_{.uptime_seconds = 1, .ephemeral_concurrency = kEphemeralConcurrency};
  std::array<Worker, kKeys - 1> workers_;
  double ephemeral_ = 0;
};

void CheckWorld(Bytes bytes) {
  World world;
  Account account;
  world.Rest(account);
  for (int polls = 0; polls < 200 && !bytes.empty(); ++polls) world.Live(bytes, account);
  for (int i = 0; i < 6; ++i) world.Rest(account);
  Promise(account.told() >= world.requests() - kSlack, "no request is lost");
  // How much of a count a merged worker left is a guess.
  if (!world.merged()) Promise(account.told() <= world.requests() + kSlack, "no request is made up");
}

// Any numbers, as another program behind the URL might answer.
void CheckAnswers(Bytes bytes) {
  Account account;
  PoolCounts pool;
  const auto number = [&] { return std::ldexp(bytes.Next(), bytes.Next() % 40); };
  while (!bytes.empty()) {
    pool.uptime_seconds += 1 + bytes.Next();
    pool = {pool.uptime_seconds, number(), number(), number(), number(), static_cast<double>(bytes.Next())};
    std::vector<ReportedKey> keys(kKeys);
    for (ReportedKey& key : keys) {
      key.status = static_cast<ReportedKey::Status>(bytes.Next() % 3);
      key.age_seconds = number();
      key.raw = {number(), number(), number()};
    }
    account.Poll(pool, std::move(keys));
  }
}

}  // namespace

void CheckReconciler(std::string_view input) {
  Bytes bytes(input);
  if (bytes.Next() % 2 == 0) {
    CheckWorld(bytes);
  } else {
    CheckAnswers(bytes);
  }
}

}  // namespace buntime::testing
