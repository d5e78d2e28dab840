#include "metrics/process_stats.h"

#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "metrics/catalogue.h"

namespace buntime {
namespace {

// Fields of /proc/self/stat counted from the one behind the command's name, which may itself hold spaces.
constexpr std::size_t kUserTicks = 11, kSystemTicks = 12, kStartTicks = 19, kVirtualBytes = 20,
                      kResidentPages = 21;

std::optional<double> BootUnixSeconds() {
  std::ifstream file("/proc/stat");
  for (std::string key; file >> key;) {
    double value = 0;
    if (key == "btime" && file >> value) return value;
    file.ignore(1 << 20, '\n');
  }
  return std::nullopt;
}

}  // namespace

ProcessStats ReadProcessStats() {
  ProcessStats stats;
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) stats.max_fds = static_cast<double>(limit.rlim_cur);

  std::error_code error;
  const std::filesystem::directory_iterator fds("/proc/self/fd", error);
  // One of them is the directory being read.
  if (!error) stats.open_fds = static_cast<double>(std::distance(begin(fds), end(fds)) - 1);

  std::ifstream file("/proc/self/stat");
  std::string line;
  if (!std::getline(file, line)) return stats;
  std::istringstream fields(line.substr(line.rfind(')') + 1));
  std::array<std::string, kResidentPages + 1> field;
  for (std::string& value : field) fields >> value;
  if (!fields) return stats;
  const auto number = [&](std::size_t i) { return std::stod(field[i]); };
  const auto ticks_per_second = static_cast<double>(sysconf(_SC_CLK_TCK));
  stats.cpu_seconds = (number(kUserTicks) + number(kSystemTicks)) / ticks_per_second;
  stats.virtual_bytes = number(kVirtualBytes);
  stats.resident_bytes = number(kResidentPages) * static_cast<double>(sysconf(_SC_PAGESIZE));
  // The start never changes; reading the boot time (a long file) once is enough.
  static const std::optional<double> boot = BootUnixSeconds();
  if (boot) stats.start_unix_seconds = *boot + number(kStartTicks) / ticks_per_second;
  return stats;
}

std::vector<prometheus::MetricFamily> ProcessCollector::Collect() const {
  std::vector<prometheus::MetricFamily> families;
  const auto add = [&](std::string_view name, std::optional<double> value) {
    if (!value) return;
    const Metric& row = CatalogueEntry(name);
    const bool counter = row.type == MetricType::kCounter;
    prometheus::ClientMetric metric;
    (counter ? metric.counter.value : metric.gauge.value) = *value;
    families.push_back({std::string(name),
                        std::string(row.help),
                        counter ? prometheus::MetricType::Counter : prometheus::MetricType::Gauge,
                        {std::move(metric)}});
  };
  const ProcessStats stats = ReadProcessStats();
  add("process_cpu_seconds_total", stats.cpu_seconds);
  add("process_resident_memory_bytes", stats.resident_bytes);
  add("process_virtual_memory_bytes", stats.virtual_bytes);
  add("process_open_fds", stats.open_fds);
  add("process_max_fds", stats.max_fds);
  add("process_start_time_seconds", stats.start_unix_seconds);
  return families;
}

}  // namespace buntime
