// Checks passwords on a thread of its own at low priority, so that bcrypt never delays an answer that needs
// no check. The queue is short, and each client may fill only a part of it.
//
// Threading: Submit and Stop on the I/O thread; results come back through `to_io`.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "web/password.h"

namespace buntime {

enum class LoginResult { kGood, kBad, kBusy };

class PasswordVerifier {
 public:
  using Post = std::function<void(std::function<void()>)>;
  using Verify = std::function<bool(const std::string& password, const std::string& hash)>;
  using Done = std::function<void(LoginResult)>;

  struct Attempt {
    Digest digest;  // equal for equal credentials: these are checked once for all who wait
    std::string password;
    std::string hash;
    std::string client;  // the key of fairness
  };

  static constexpr std::size_t kMostWaiting = 32;
  static constexpr std::size_t kMostOfClient = 8;

  PasswordVerifier(Post to_io, Verify verify);
  ~PasswordVerifier() { Stop(); }
  PasswordVerifier(const PasswordVerifier&) = delete;
  PasswordVerifier& operator=(const PasswordVerifier&) = delete;

  /// Calls `done` once, on the I/O thread: at once with kBusy, or later.
  void Submit(Attempt attempt, Done done);
  /// Calls every `done` that waits with kBusy. Does not wait for the check under way, which may take seconds:
  /// its thread touches nothing of this object and ends with it, or with the program.
  void Stop();

 private:
  struct Queue;

  bool StartThread();
  void AnswerBusy();

  const Post to_io_;
  const Verify verify_;
  const std::shared_ptr<Queue> queue_;
  bool started_ = false;  // the thread, with the first attempt
};

}  // namespace buntime
