// Preloaded into the exporter by probe_hostile_test.py: a resolver whose names move while the program runs.
// Each line of the file that MOVING_NAMES names is "NAME ADDRESS"; all other names are left to the system.
#include <dlfcn.h>
#include <netdb.h>

#include <cstdlib>
#include <fstream>
#include <string>

extern "C" int getaddrinfo(const char* node, const char* service, const addrinfo* hints, addrinfo** result) {
  using Real = int (*)(const char*, const char*, const addrinfo*, addrinfo**);
  const char* const path = std::getenv("MOVING_NAMES");
  std::string name;
  std::string address;
  if (node != nullptr && path != nullptr) {
    std::ifstream names(path);
    while (names >> name >> address) {
      if (name == node) break;
      address.clear();
    }
  }
  return reinterpret_cast<Real>(dlsym(RTLD_NEXT, "getaddrinfo"))(address.empty() ? node : address.c_str(),
                                                                 service, hints, result);
}
