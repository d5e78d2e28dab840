// The bytes in front of a body. Used by Connection on the I/O thread.
#pragma once

#include <cstddef>
#include <ctime>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "web/http.h"

namespace buntime {

/// The value of the Date header (RFC 9110, 5.6.7), formatted at most once a second. Not thread-safe.
class DateHeader {
 public:
  std::string_view At(std::time_t unix_seconds);

 private:
  std::time_t formatted_ = -1;
  std::string text_;
};

/// "Not Found" for 404; "<unknown-status>" for one that HTTP does not know.
std::string_view ReasonPhrase(int status);

/// Whether an answer of this status has a body (RFC 9110, 6.4.1).
bool HasBody(int status);

using Headers = std::vector<std::pair<std::string, std::string>>;

/// Replaces `out` by status line and headers, up to and with the empty line. `standing` are sent with every
/// answer and take the place of the response's own of the same name. Control characters in values become
/// spaces, so that no value can add a header.
void FormatHead(const HttpResponse& response, const Headers& standing, bool keep_alive, std::string_view date,
                std::string& out);

}  // namespace buntime
