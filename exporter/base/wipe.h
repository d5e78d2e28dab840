// Secrets leave memory when they are no longer needed.
#pragma once

#include <string.h>

#include <string>

namespace buntime {

/// Overwrites `secret` before its memory is released, and empties it.
inline void Wipe(std::string& secret) {
  explicit_bzero(secret.data(), secret.size());
  secret.clear();
}

}  // namespace buntime
