// What is wrong with a runtime that is up: its pool, its ephemeral queue, and its apps, by the limits of the
// alerts. An alert waits until a condition lasts; a warning tells it at once, and since when.
//
// Used by History, a WarningTracker for each runtime. Not thread-safe.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/fleet.h"

namespace buntime {

struct Warning {
  enum class Kind {
    kPool,    // utilization; with evictions where the runtime reports them (a full pool without is healthy)
    kQueue,   // highest depth of the peak window, per limit
    kErrors,  // of an app, per requests
    kDiscarded,  // workers of an app that timeouts and crashes end, per requests
    kUnserved,   // requests that no app took, per created worker
  };
  Kind kind = Kind::kPool;
  double value = 0;
  double limit = 0;
  double since_unix_seconds = 0;
  std::string app = {};  // kErrors, kDiscarded: the one that is worst, name@version
  friend bool operator==(const Warning&, const Warning&) = default;
};
std::string_view Name(Warning::Kind kind);

class WarningTracker {
 public:
  /// Takes one poll. Ratios of counters are of about the last five minutes.
  void Take(const Runtime& runtime, double unix_seconds);

  /// By kind, at most one each. Empty while the runtime is down: that says enough.
  const std::vector<Warning>& warnings() const { return warnings_; }

 private:
  // A counter's recent rise, older rises counting less and less.
  struct Recent {
    std::optional<double> before;
    double rise = 0;
    void Take(const std::optional<double>& value, double decay);
  };
  struct AppTrouble {
    Recent requests;
    Recent errors;
    Recent discarded;
  };

  std::vector<Warning> Judge(const Reading& reading, double decay);
  std::optional<Warning> WorstApp(Warning::Kind kind, double limit, Recent AppTrouble::*trouble) const;
  void TakeApps(const std::vector<App>& apps, double decay);

  std::optional<double> taken_at_;
  Recent evictions_;
  Recent unserved_;
  Recent created_;
  std::map<std::string, AppTrouble, std::less<>> apps_;  // those that ever failed, by name@version
  std::vector<Warning> warnings_;
};

}  // namespace buntime
