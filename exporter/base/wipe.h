// Secrets leave memory when they are no longer needed.
#pragma once

#include <string.h>  // NOLINT(modernize-deprecated-headers): explicit_bzero is not in <cstring>

#include <string>

namespace buntime {

/// Overwrites `secret` before its memory is released, and empties it.
inline void Wipe(std::string& secret) {
  secret.resize(secret.capacity());  // a longer text may have stood there before
  explicit_bzero(secret.data(), secret.size());
  secret.clear();
}

}  // namespace buntime
