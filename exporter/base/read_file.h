// Reads the small files of a configuration: YAML, certificates, keys, secrets. Keeps no state.
#pragma once

#include <cstddef>
#include <string>

#include "base/result.h"

namespace buntime {

/// The whole content. Errors, without the path: it cannot be read, is no regular file (a pipe could block for
/// ever), or is longer than `max_bytes`. The one buffer it fills is the one it returns.
Result<std::string> ReadFile(const std::string& path, std::size_t max_bytes);

}  // namespace buntime
