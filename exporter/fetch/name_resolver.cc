#include "fetch/name_resolver.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <deque>
#include <map>
#include <memory>
#include <new>
#include <optional>
#include <set>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

#include "base/clock.h"
#include "base/mutex.h"

namespace buntime {
namespace {

constexpr std::chrono::seconds kQuick{1};
constexpr std::chrono::seconds kIdleFor{10};  // a thread without work ends then
constexpr std::size_t kMostQuickNames = 65536;
constexpr std::size_t kMostAddresses = 16;

std::string Numeric(const addrinfo& item) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (item.ai_family == AF_INET) {
    sockaddr_in in{};
    std::memcpy(&in, item.ai_addr, sizeof in);
    inet_ntop(AF_INET, &in.sin_addr, text.data(), text.size());
  } else if (item.ai_family == AF_INET6) {
    sockaddr_in6 in6{};
    std::memcpy(&in6, item.ai_addr, sizeof in6);
    inet_ntop(AF_INET6, &in6.sin6_addr, text.data(), text.size());
  }
  return text.data();
}

std::vector<std::string> LookUp(const std::string& name) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;  // else each address comes three times
  addrinfo* first = nullptr;
  if (getaddrinfo(name.c_str(), nullptr, &hints, &first) != 0) return {};
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> list(first, &freeaddrinfo);
  std::vector<std::string> addresses;
  for (const addrinfo* item = first; item != nullptr && addresses.size() < kMostAddresses;
       item = item->ai_next) {
    if (std::string address = Numeric(*item); !address.empty()) addresses.push_back(std::move(address));
  }
  return addresses;
}

}  // namespace

struct NameResolver::State {
  explicit State(std::function<void()> its_wake) : wake(std::move(its_wake)) {}

  // A thread's work.
  void Run() {
    while (auto name = Next()) {
      const SteadyTime start = SystemClock().Now();
      std::vector<std::string> addresses;
      try {
        addresses = LookUp(*name);
      } catch (const std::bad_alloc&) {  // as if it did not resolve: the next poll asks again
      }
      Finish(*std::move(name), std::move(addresses), SystemClock().Now() - start);
    }
  }

  void Close() {
    const MutexLock lock(mutex);
    closed = true;
    changed.NotifyAll();
  }

  bool HasWork() REQUIRES(mutex) {
    return !quick_queue.empty() || (!other_queue.empty() && others_running < kMostOthers);
  }

  std::optional<std::string> Next() {
    const MutexLock lock(mutex);
    ++idle;
    changed.WaitUntil(mutex, {}, SystemClock().Now() + kIdleFor,
                      [&]() REQUIRES(mutex) { return closed || HasWork(); });
    --idle;
    if (closed || !HasWork()) {
      --threads;
      return std::nullopt;
    }
    const bool quick = !quick_queue.empty();
    auto& queue = quick ? quick_queue : other_queue;
    std::string name = std::move(queue.front());
    queue.pop_front();
    others_running += quick ? 0 : 1;
    asked[name] = quick ? Stage::kRuns : Stage::kRunsAsOther;
    return name;
  }

  void Finish(std::string name, std::vector<std::string> addresses, Duration took) {
    const MutexLock lock(mutex);
    const auto found = asked.find(name);
    if (found->second == Stage::kRunsAsOther) --others_running;
    asked.erase(found);
    if (took > kQuick) {
      quick_names.erase(name);
    } else {
      if (quick_names.size() >= kMostQuickNames) quick_names.clear();
      quick_names.insert(name);
    }
    AddAnswer({std::move(name), std::move(addresses)});
  }

  void AddAnswer(Answer answer) REQUIRES(mutex) {
    answers.push_back(std::move(answer));
    if (!closed) wake();
  }

  // False: there is none at all.
  bool HasThread(const std::shared_ptr<State>& self) REQUIRES(mutex) {
    if (idle < quick_queue.size() + other_queue.size() && threads < kMostLookups) {
      try {
        std::thread([self] { self->Run(); }).detach();  // a look-up that hangs cannot be joined
        ++threads;
      } catch (const std::system_error&) {  // those that run take its work
      }
    }
    return threads > 0;
  }

  enum class Stage : std::uint8_t { kWaits, kRuns, kRunsAsOther };

  const std::function<void()> wake;
  Mutex mutex;
  CondVar changed;
  std::map<std::string, Stage> asked GUARDED_BY(mutex);
  std::deque<std::string> quick_queue GUARDED_BY(mutex);
  std::deque<std::string> other_queue GUARDED_BY(mutex);
  std::set<std::string> quick_names GUARDED_BY(mutex);  // whose latest answer took no longer than kQuick
  std::vector<Answer> answers GUARDED_BY(mutex);
  std::size_t threads GUARDED_BY(mutex) = 0;
  std::size_t idle GUARDED_BY(mutex) = 0;
  std::size_t others_running GUARDED_BY(mutex) = 0;
  bool closed GUARDED_BY(mutex) = false;
};

NameResolver::NameResolver(std::function<void()> wake) : state_(std::make_shared<State>(std::move(wake))) {}

NameResolver::~NameResolver() { state_->Close(); }

void NameResolver::Ask(const std::string& name) {
  State& state = *state_;
  const MutexLock lock(state.mutex);
  if (!state.asked.try_emplace(name, State::Stage::kWaits).second) return;
  auto& queue = state.quick_names.contains(name) ? state.quick_queue : state.other_queue;
  queue.push_back(name);
  if (state.HasThread(state_)) {
    state.changed.NotifyOne();
    return;
  }
  queue.pop_back();
  state.asked.erase(name);
  state.AddAnswer({name, {}, true});
}

std::vector<NameResolver::Answer> NameResolver::Take() {
  const MutexLock lock(state_->mutex);
  return std::exchange(state_->answers, {});
}

bool NameResolver::Running(const std::string& name) const {
  const MutexLock lock(state_->mutex);
  const auto found = state_->asked.find(name);
  return found != state_->asked.end() && found->second != State::Stage::kWaits;
}

}  // namespace buntime
