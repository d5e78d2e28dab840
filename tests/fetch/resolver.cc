#include "fetch/resolver.h"

#include <dlfcn.h>
#include <netdb.h>

#include <condition_variable>
#include <cstring>
#include <mutex>
#include <string>

namespace buntime::testing {
namespace {

// Outside of any test, for the function below has no other way to know.
struct Gate {
  std::mutex mutex;
  std::condition_variable changed;
  bool closed = false;
  int waiting = 0;
  std::string moving;  // the address of moving.test
};

Gate& TheGate() {
  static Gate& gate = *new Gate;  // look-ups may outlive all tests
  return gate;
}

void PassGate() {
  Gate& gate = TheGate();
  std::unique_lock lock(gate.mutex);
  ++gate.waiting;
  gate.changed.wait(lock, [&] { return !gate.closed; });
  --gate.waiting;
  gate.changed.notify_all();
}

}  // namespace

HangingName::HangingName() {
  const std::lock_guard lock(TheGate().mutex);
  TheGate().closed = true;
}

HangingName::~HangingName() {
  Gate& gate = TheGate();
  std::unique_lock lock(gate.mutex);
  gate.closed = false;
  gate.changed.notify_all();
  gate.changed.wait(lock, [&] { return gate.waiting == 0; });
}

int HangingName::waiting() {
  const std::lock_guard lock(TheGate().mutex);
  return TheGate().waiting;
}

void MoveName(const std::string& address) {
  const std::lock_guard lock(TheGate().mutex);
  TheGate().moving = address;
}

std::string MovingAddress() {
  const std::lock_guard lock(TheGate().mutex);
  return TheGate().moving;
}

}  // namespace buntime::testing

extern "C" int getaddrinfo(const char* node, const char* service, const addrinfo* hints, addrinfo** result) {
  using Real = int (*)(const char*, const char*, const addrinfo*, addrinfo**);
  if (node != nullptr && std::strncmp(node, "hang", 4) == 0) buntime::testing::PassGate();
  if (node != nullptr && std::strcmp(node, "runtime.test") == 0) node = "127.0.0.1";
  std::string moved;
  if (node != nullptr && std::strcmp(node, "moving.test") == 0) {
    moved = buntime::testing::MovingAddress();
    node = moved.c_str();
  }
  const bool two = node != nullptr && std::strcmp(node, "two.test") == 0;
  if (!two && node != nullptr && std::strstr(node, ".test") != nullptr) return EAI_NONAME;
  const auto real = reinterpret_cast<Real>(dlsym(RTLD_NEXT, "getaddrinfo"));
  if (two) {
    addrinfo* second = nullptr;
    const int error = real("127.0.0.1", service, hints, &second);
    if (error != 0) return error;
    if (const int failed = real("127.0.0.2", service, hints, result); failed != 0) return failed;
    addrinfo* last = *result;
    while (last->ai_next != nullptr) last = last->ai_next;
    last->ai_next = second;
    return 0;
  }
  return real(node, service, hints, result);
}
