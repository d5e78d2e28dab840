// Asks a runtime's health endpoint which release it is. Beside the polls: its failure changes nothing.
// Used by Poller, on the Fetcher's thread.
#pragma once

#include <array>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "fetch/fetcher.h"
#include "model/target.h"

namespace buntime {

class VersionLookup {
 public:
  /// `done` runs at most once, with the version, from within fetcher.Wait. References outlive the lookup.
  VersionLookup(const Target& target, Fetcher& fetcher, std::function<void(std::string)> done);
  ~VersionLookup();
  VersionLookup(const VersionLookup&) = delete;
  VersionLookup& operator=(const VersionLookup&) = delete;

  bool finished() const { return !transfer_; }

  /// The runtime serves its API below this prefix by default; older ones and some proxies have it at the
  /// root.
  static constexpr std::array<std::string_view, 2> kPaths = {"/_/api/health", "/api/health"};

 private:
  void TryNext();

  const Target& target_;
  Fetcher& fetcher_;
  const std::function<void(std::string)> done_;
  std::size_t next_ = 0;
  std::optional<Fetcher::TransferId> transfer_;
};

}  // namespace buntime
