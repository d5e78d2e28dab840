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

/// Whether `text` is what a Host header or the authority of a target may be (RFC 9112, 3.2; RFC 3986, 3.2.2):
/// `name`, `1.2.3.4` or `[::1]`, with `:port` or not. Empty is allowed; a comma, which would make it two, is
/// not.
bool IsHost(std::string_view text);

/// Parses `/path?query`, `http://host/path?query` (what a client sends through a proxy) or `*`.
Result<RequestTarget> ParseRequestTarget(std::string_view target);

}  // namespace buntime
