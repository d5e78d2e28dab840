// Open connections, kept between the polls of a runtime. libcurl looks at every connection of a cache
// whenever a transfer ends, and again from the start after each dead one that it finds. So there are many
// caches, each for its part of the runtimes. Used by the fetcher, on its thread. Private to fetch.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <string>

#include "base/clock.h"
#include "fetch/curl_handles.h"

namespace buntime {

class ConnectionCaches {
 public:
  /// Connections that are not used for as long as `lifetime` are closed.
  explicit ConnectionCaches(std::chrono::seconds lifetime) : lifetime_(lifetime) {}

  /// The cache of this host and port, for CURLOPT_SHARE; null: out of memory. Valid for a transfer that
  /// starts now, until its handle is given another one.
  CURLSH* For(const std::string& authority);

  /// Of each cache, as CURLMOPT_MAXCONNECTS: two for each of 32,768 runtimes in all.
  static constexpr long kMostConnections = 256;

 private:
  struct Cache {
    ShareHandle share;
    SteadyTime used;
  };

  // libcurl closes dead connections of a cache that is used; one that is not has to be closed as a whole.
  void CloseUnused(SteadyTime now);

  static constexpr std::size_t kCaches = 256;
  const Duration lifetime_;
  std::array<Cache, kCaches> caches_;
  SteadyTime looked_;  // for unused ones
};

}  // namespace buntime
