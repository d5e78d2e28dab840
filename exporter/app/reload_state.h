// The outcome of the latest reload of one file: when to try again, and what has been logged. Used by Reloader
// under its mutex.
#pragma once

#include <chrono>
#include <exception>
#include <functional>
#include <new>
#include <optional>
#include <string>
#include <utility>

#include "base/clock.h"
#include "base/result.h"

namespace buntime {

class ReloadState {
 public:
  bool good() const { return cause_.empty(); }
  /// Whether what failed is to be tried once more at `now`.
  bool RetryDue(SteadyTime now) const { return !good() && now >= retry_; }

  /// Runs `load` and remembers how it ended. An exception, such as for want of memory, is an error like
  /// others.
  std::optional<Error> Run(SteadyTime now, const std::function<std::optional<Error>()>& load) {
    constexpr Duration kRetryInterval = std::chrono::seconds(10);
    std::optional<Error> error;
    try {
      error = load();
    } catch (const std::bad_alloc&) {
      error = Error{"out of memory: raise the memory limit"};
    } catch (const std::exception& exception) {
      error = Error{exception.what()};
    }
    news_ = error && error->message != cause_;
    cause_ = error ? error->message : "";
    retry_ = now + kRetryInterval;
    return error;
  }
  /// Whether the latest error differs from the one before.
  bool news() const { return news_; }

 private:
  std::string cause_;
  SteadyTime retry_;
  bool news_ = false;
};

}  // namespace buntime
