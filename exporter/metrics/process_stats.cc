#include "metrics/process_stats.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <cstddef>
#include <ctime>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>

#include "metrics/catalogue.h"

namespace buntime {
namespace {

// These are read in every scrape: statm and the clock instead of /proc/self/stat, which has all of it and
// takes longer to make and to parse.

std::optional<double> CpuSeconds() {
  timespec time{};
  if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time) != 0) return std::nullopt;
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

std::optional<double> OpenFds() {
  DIR* const fds = opendir("/proc/self/fd");
  if (fds == nullptr) return std::nullopt;
  int count = -1;  // one of them is the folder being read
  while (const dirent* entry = readdir(fds)) {
    if (entry->d_name[0] != '.') ++count;
  }
  closedir(fds);
  return count;
}

struct Memory {
  double virtual_pages = 0;
  double resident_pages = 0;
};

std::optional<Memory> ReadMemory() {
  const int file = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
  if (file < 0) return std::nullopt;
  std::array<char, 128> text{};
  const ssize_t size = read(file, text.data(), text.size());
  close(file);
  if (size <= 0) return std::nullopt;
  const char* const end = text.data() + size;
  unsigned long virtual_pages = 0;
  unsigned long resident_pages = 0;
  const auto first = std::from_chars(text.data(), end, virtual_pages);
  if (first.ec != std::errc() || first.ptr == end) return std::nullopt;
  if (std::from_chars(first.ptr + 1, end, resident_pages).ec != std::errc()) return std::nullopt;
  return Memory{static_cast<double>(virtual_pages), static_cast<double>(resident_pages)};
}

std::optional<double> BootUnixSeconds() {
  std::ifstream file("/proc/stat");
  for (std::string key; file >> key;) {
    double value = 0;
    if (key == "btime" && file >> value) return value;
    file.ignore(1 << 20, '\n');
  }
  return std::nullopt;
}

std::optional<double> StartUnixSeconds() {
  // Counted from the field behind the command's name, which may itself hold spaces.
  constexpr std::size_t kStartTicks = 19;
  std::ifstream file("/proc/self/stat");
  std::string line;
  if (!std::getline(file, line)) return std::nullopt;
  std::istringstream fields(line.substr(line.rfind(')') + 1));
  std::string field;
  for (std::size_t i = 0; i <= kStartTicks; ++i) fields >> field;
  const auto boot = BootUnixSeconds();
  if (!fields || !boot) return std::nullopt;
  return *boot + std::stod(field) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

}  // namespace

ProcessStats ReadProcessStats() {
  ProcessStats stats;
  stats.cpu_seconds = CpuSeconds();
  if (const auto memory = ReadMemory()) {
    const auto page = static_cast<double>(sysconf(_SC_PAGESIZE));
    stats.virtual_bytes = memory->virtual_pages * page;
    stats.resident_bytes = memory->resident_pages * page;
  }
  stats.open_fds = OpenFds();
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) stats.max_fds = static_cast<double>(limit.rlim_cur);
  static const std::optional<double> start = StartUnixSeconds();  // never changes
  stats.start_unix_seconds = start;
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
