// The target of a request line, taken apart. Pure; used by RequestReader.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace buntime {

struct RequestTarget {
  std::string path;        // percent-decoded, starts with '/', never holds NUL; or "*" for `OPTIONS *`
  std::string_view query;  // raw, without '?'; a part of the parsed text
};

/// Parses `/path?query`, `http://host/path?query` (what a client sends through a proxy) or `*`.
Result<RequestTarget> ParseRequestTarget(std::string_view target);

}  // namespace buntime
