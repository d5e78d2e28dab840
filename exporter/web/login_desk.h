// Where passwords are checked: one thread at low priority, so that bcrypt never delays an answer that needs
// none, and a short queue, so that nobody can pile up work. The queue is fair between clients: whoever has
// the most attempts waiting is the first to lose one, and each client's turn comes after one of each other's.
//
// Threading: Submit on the I/O thread, Stop on any; results come back through `to_io`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <string>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "web/password.h"

namespace buntime {

enum class LoginResult { kGood, kBad, kBusy };

class LoginDesk {
 public:
  using Post = std::function<void(std::function<void()>)>;
  using Verify = std::function<bool(const std::string& password, const std::string& hash)>;
  using Done = std::function<void(LoginResult)>;

  struct Attempt {
    Digest digest;  // equal for equal credentials: these are checked once for all who wait
    std::string password;
    std::string hash;
    std::string client;  // whom fairness knows
  };

  static constexpr std::size_t kMostWaiting = 32;

  LoginDesk(Post to_io, Verify verify);
  ~LoginDesk() { Stop(); }
  LoginDesk(const LoginDesk&) = delete;
  LoginDesk& operator=(const LoginDesk&) = delete;

  /// Calls `done` once, on the I/O thread: at once with kBusy, or later. Not at all after Stop.
  void Submit(Attempt attempt, Done done);
  /// Waits for the check under way.
  void Stop();

 private:
  struct Waiting {
    Attempt attempt;
    std::uint64_t turn = 0;
    std::vector<Done> done;
  };

  bool MakeRoomFor(const std::string& client) REQUIRES(mutex_);
  std::size_t CountOf(const std::string& client) const REQUIRES(mutex_);
  void Work();
  Attempt* Next();
  void Finish(bool good);
  void Report(std::vector<Done> done, LoginResult result);

  const Post to_io_;
  const Verify verify_;

  Mutex mutex_;
  CondVar changed_;
  std::list<Waiting> waiting_ GUARDED_BY(mutex_);  // in order of arrival
  std::list<Waiting> at_work_ GUARDED_BY(mutex_);  // the one being checked
  std::uint64_t turn_ GUARDED_BY(mutex_) = 0;      // of the latest one that was checked
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::jthread worker_;  // started with the first attempt
};

}  // namespace buntime
