// The names that exist for the fetcher's tests. resolver.cc replaces the process' getaddrinfo, which libcurl
// calls.
//
//   runtime.test   127.0.0.1
//   two.test       127.0.0.2, then 127.0.0.1
//   missing.test   does not exist
//   hang*.test     no answer while a HangingName exists
//   moving.test    where MoveName says
#pragma once

#include <string>

namespace buntime::testing {

class HangingName {
 public:
  HangingName();
  /// Lets all lookups of the name go on, and returns when they did.
  ~HangingName();
  /// How many lookups wait now.
  static int waiting();
  HangingName(const HangingName&) = delete;
  HangingName& operator=(const HangingName&) = delete;
};

/// `address` is numeric.
void MoveName(const std::string& address);

}  // namespace buntime::testing
