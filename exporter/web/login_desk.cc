#include "web/login_desk.h"

#include <sys/resource.h>

#include <algorithm>
#include <utility>

namespace buntime {
namespace {

// About a tenth of the processor where others want it, too.
constexpr int kNice = 10;

}  // namespace

LoginDesk::LoginDesk(Post to_io, Verify verify) : to_io_(std::move(to_io)), verify_(std::move(verify)) {}

void LoginDesk::Submit(Attempt attempt, Done done) {
  {
    const MutexLock lock(mutex_);
    if (stopping_) return;
    for (std::list<Waiting>* const list : {&at_work_, &waiting_}) {
      const auto same = std::ranges::find_if(
          *list, [&](const Waiting& other) { return other.attempt.digest == attempt.digest; });
      if (same == list->end()) continue;
      same->done.push_back(std::move(done));
      return Forget(attempt.password);
    }
    if (waiting_.size() < kMostWaiting || MakeRoomFor(attempt.client)) {
      // One turn after the client's own latest attempt; a client with none waiting is next.
      std::uint64_t turn = turn_;
      for (const Waiting& other : waiting_) {
        if (other.attempt.client == attempt.client) turn = std::max(turn, other.turn + 1);
      }
      waiting_.push_back({std::move(attempt), turn, {}});
      waiting_.back().done.push_back(std::move(done));
      if (!worker_.joinable()) worker_ = std::jthread([this] { Work(); });
      changed_.NotifyOne();
      return;
    }
  }
  Forget(attempt.password);
  done(LoginResult::kBusy);
}

std::size_t LoginDesk::CountOf(const std::string& client) const {
  return static_cast<std::size_t>(std::ranges::count_if(
      waiting_, [&](const Waiting& waiting) { return waiting.attempt.client == client; }));
}

bool LoginDesk::MakeRoomFor(const std::string& client) {
  auto victim = waiting_.end();
  std::size_t most = CountOf(client);
  for (auto it = waiting_.begin(); it != waiting_.end(); ++it) {
    const std::size_t count = CountOf(it->attempt.client);
    if (count < most || (count == most && victim == waiting_.end())) continue;
    most = count;
    victim = it;  // of those who have the most, the one that came last
  }
  if (victim == waiting_.end()) return false;
  Forget(victim->attempt.password);
  Report(std::move(victim->done), LoginResult::kBusy);
  waiting_.erase(victim);
  return true;
}

void LoginDesk::Report(std::vector<Done> done, LoginResult result) {
  to_io_([done = std::move(done), result] {
    for (const Done& each : done) each(result);
  });
}

void LoginDesk::Work() {
  setpriority(PRIO_PROCESS, 0, kNice);  // on Linux: of this thread
  while (Attempt* const attempt = Next()) Finish(verify_(attempt->password, attempt->hash));
}

// Null: it is time to stop. The attempt is at work: only `done` beside it is touched by other threads.
LoginDesk::Attempt* LoginDesk::Next() {
  const MutexLock lock(mutex_);
  while (!stopping_ && waiting_.empty()) changed_.Wait(mutex_);
  if (stopping_) return nullptr;
  const auto next = std::ranges::min_element(waiting_, {}, &Waiting::turn);
  turn_ = next->turn;
  at_work_.splice(at_work_.end(), waiting_, next);
  return &at_work_.front().attempt;
}

void LoginDesk::Finish(bool good) {
  const MutexLock lock(mutex_);
  Waiting& current = at_work_.front();
  Forget(current.attempt.password);
  Report(std::move(current.done), good ? LoginResult::kGood : LoginResult::kBad);
  at_work_.clear();
}

void LoginDesk::Stop() {
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
    changed_.NotifyOne();
  }
  if (worker_.joinable()) worker_.join();
}

}  // namespace buntime
