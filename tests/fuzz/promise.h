// What a fuzz check says when a promise is broken.
#pragma once

#include <cstdio>
#include <cstdlib>

namespace buntime::testing {

inline void Promise(bool holds, const char* promise) {
  if (holds) return;
  std::fprintf(stderr, "broken promise: %s\n", promise);
  std::abort();
}

}  // namespace buntime::testing
