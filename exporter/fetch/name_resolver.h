// Host names, looked up on threads of their own. A look-up cannot be ended, only left, and libcurl starts a
// thread for each: names that hang would take all threads of the machine. Here at most kMostLookups run at
// once, and a quarter of them only for names that were answered quickly before, whatever else hangs. Used by
// the fetcher, on its thread. Private to fetch.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace buntime {

class NameResolver {
 public:
  struct Answer {
    std::string name;
    std::vector<std::string> addresses;  // numeric, in the system's order; none: the name does not resolve
    bool no_thread = false;              // because no thread could be started
  };

  /// `wake` is called, on any thread but never after the destructor has begun, when there are answers to
  /// take.
  explicit NameResolver(std::function<void()> wake);
  /// Leaves look-ups that run to themselves.
  ~NameResolver();
  NameResolver(const NameResolver&) = delete;
  NameResolver& operator=(const NameResolver&) = delete;

  /// One answer will come, also to all who ask for the name until then.
  void Ask(const std::string& name);
  std::vector<Answer> Take();
  /// False: others run, and this one waits for its turn.
  bool Running(const std::string& name) const;

  static constexpr std::size_t kMostLookups = 32;
  static constexpr std::size_t kMostOthers = 24;  // of them, of names that were not answered quickly before

 private:
  struct State;
  const std::shared_ptr<State> state_;
};

}  // namespace buntime
