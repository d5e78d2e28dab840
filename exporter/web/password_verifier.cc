#include "web/password_verifier.h"

#include <sys/resource.h>

#include <algorithm>
#include <exception>
#include <iterator>
#include <list>
#include <memory>
#include <new>
#include <thread>
#include <utility>

#include "base/mutex.h"
#include "base/until_done.h"
#include "base/wipe.h"

namespace buntime {
namespace {

// Nice level: about 10 % of a contended core.
constexpr int kNice = 10;

LoginResult Check(const PasswordVerifier::Verify& verify, const std::string& password,
                  const std::string& hash) {
  try {
    return verify(password, hash) ? LoginResult::kGood : LoginResult::kBad;
  } catch (const std::bad_alloc&) {
    return LoginResult::kBusy;
  }
}

}  // namespace

// Shared with the thread, which may outlive the verifier by one check.
struct PasswordVerifier::Queue {
  struct Waiting {
    Attempt attempt;
    std::vector<Done> done;
  };

  Mutex mutex;
  CondVar changed;
  std::list<Waiting> waiting GUARDED_BY(mutex);  // in order of arrival
  // What is being checked: its digest, and who waits for it.
  Digest checked GUARDED_BY(mutex){};
  std::vector<Done> checked_done GUARDED_BY(mutex);
  bool checking GUARDED_BY(mutex) = false;
  bool stopping GUARDED_BY(mutex) = false;

  /// Takes over `attempt` and `done` unless there is no room.
  bool Add(Attempt& attempt, Done& done);
  /// False: it is time to stop.
  bool Next(std::string& password, std::string& hash);
  void Finish(LoginResult result, const Post& to_io);
};

bool PasswordVerifier::Queue::Add(Attempt& attempt, Done& done) {
  const MutexLock lock(mutex);
  if (stopping) return false;
  if (checking && checked == attempt.digest) {
    checked_done.push_back(std::move(done));
    Wipe(attempt.password);
    return true;
  }
  const auto same = std::ranges::find_if(
      waiting, [&](const Waiting& other) { return other.attempt.digest == attempt.digest; });
  if (same != waiting.end()) {
    same->done.push_back(std::move(done));
    Wipe(attempt.password);
    return true;
  }
  const auto of_client = std::ranges::count_if(
      waiting, [&](const Waiting& other) { return other.attempt.client == attempt.client; });
  if (waiting.size() >= kMostWaiting || static_cast<std::size_t>(of_client) >= kMostOfClient) return false;
  waiting.push_back({std::move(attempt), {}});
  waiting.back().done.push_back(std::move(done));
  changed.NotifyOne();
  return true;
}

bool PasswordVerifier::Queue::Next(std::string& password, std::string& hash) {
  const MutexLock lock(mutex);
  while (!stopping && waiting.empty()) changed.Wait(mutex);
  if (stopping) return false;
  Waiting& next = waiting.front();
  checked = next.attempt.digest;
  checked_done = std::move(next.done);
  checking = true;
  password = std::move(next.attempt.password);
  hash = std::move(next.attempt.hash);
  waiting.pop_front();
  return true;
}

void PasswordVerifier::Queue::Finish(LoginResult result, const Post& to_io) {
  UntilDone([&] {
    const MutexLock lock(mutex);
    checking = false;
    if (stopping) return;  // they were answered, and `to_io` may lead nowhere
    // What is in them belongs to the I/O thread, which empties this: here it may be dropped.
    const auto done = std::make_shared<std::vector<Done>>();
    done->swap(checked_done);
    try {
      to_io([done, result] {
        for (const Done& each : std::exchange(*done, {})) each(result);
      });
    } catch (const std::bad_alloc&) {
      done->swap(checked_done);
      throw;
    }
  });
}

PasswordVerifier::PasswordVerifier(Post to_io, Verify verify)
    : to_io_(std::move(to_io)), verify_(std::move(verify)), queue_(std::make_shared<Queue>()) {}

void PasswordVerifier::Submit(Attempt attempt, Done done) {
  if (!queue_->Add(attempt, done)) {
    Wipe(attempt.password);
    return done(LoginResult::kBusy);
  }
  if (!started_ && !StartThread()) AnswerBusy();
}

// Detached: bcrypt cannot be interrupted, and at a cost of 18 it would delay the end of the program by 14 s.
bool PasswordVerifier::StartThread() {
  try {
    std::thread([queue = queue_, verify = verify_, to_io = to_io_] {
      setpriority(PRIO_PROCESS, 0, kNice);  // on Linux: of this thread
      std::string password;
      std::string hash;
      while (queue->Next(password, hash)) {
        const LoginResult result = Check(verify, password, hash);
        Wipe(password);
        queue->Finish(result, to_io);
      }
    }).detach();
    started_ = true;
  } catch (const std::exception&) {
    // No thread, or no memory for one, can be had at the moment; the next attempt tries again.
  }
  return started_;
}

void PasswordVerifier::Stop() {
  {
    const MutexLock lock(queue_->mutex);
    queue_->stopping = true;
    queue_->changed.NotifyOne();
  }
  AnswerBusy();
}

void PasswordVerifier::AnswerBusy() {
  std::vector<Done> done;
  {
    const MutexLock lock(queue_->mutex);
    done = std::exchange(queue_->checked_done, {});
    for (Queue::Waiting& waiting : queue_->waiting) {
      Wipe(waiting.attempt.password);
      std::ranges::move(waiting.done, std::back_inserter(done));
    }
    queue_->waiting.clear();
  }
  for (const Done& each : done) each(LoginResult::kBusy);
}

}  // namespace buntime
