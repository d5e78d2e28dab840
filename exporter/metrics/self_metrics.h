// Metrics of the exporter itself, kept in a prometheus-cpp registry. Thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "model/outcome.h"
#include "model/snapshot.h"

namespace prometheus {
class Collectable;
}

namespace buntime {

struct BuildInfo {
  std::string_view version;
  std::string_view revision;
  std::string_view compiler;
};

class SelfMetrics {
 public:
  /// `runtimes` are the names of the configured runtimes (one empty name: no label).
  SelfMetrics(const BuildInfo& build, const std::vector<std::string>& runtimes);
  ~SelfMetrics();

  /// Counters of runtimes that are not among these end; those of new ones begin.
  void SetRuntimes(const std::vector<std::string>& runtimes);

  void CountPoll(const std::string& runtime, Outcome outcome, double seconds, const AnomalyCounts& anomalies);
  /// Counters of modules that are not among these end; those of new ones begin.
  void SetModules(const std::vector<std::string>& modules);
  void CountProbe(const std::string& module, std::string_view result);
  /// `path` is one of the server's routes, or a name for all others: each value of it is a series for ever.
  void CountRequest(std::string_view path, int code, double seconds);
  void SetReload(bool successful, double unix_seconds);
  /// Of the server's own certificate; there is no such series before the first call.
  void SetCertificateExpiry(double unix_seconds);
  /// So far, in all; a smaller number than before is left out.
  void SetLogLinesDropped(std::uint64_t total);

  /// What all of these are registered with; it may outlive the object.
  std::shared_ptr<const prometheus::Collectable> registry() const;

 private:
  struct Families;
  const std::shared_ptr<Families> families_;
};

}  // namespace buntime
