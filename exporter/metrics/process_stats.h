// What the kernel knows about this process (proc(5): /proc/self/statm, stat and fd, /proc/stat).
// Thread-safe.
#pragma once

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include <optional>
#include <vector>

namespace buntime {

/// Empty: this system does not tell.
struct ProcessStats {
  std::optional<double> cpu_seconds;
  std::optional<double> resident_bytes;
  std::optional<double> virtual_bytes;
  std::optional<double> open_fds;
  std::optional<double> max_fds;
  std::optional<double> start_unix_seconds;
};

ProcessStats ReadProcessStats();

/// The process_… families, read when they are collected.
class ProcessCollector final : public prometheus::Collectable {
 public:
  std::vector<prometheus::MetricFamily> Collect() const override;
};

}  // namespace buntime
