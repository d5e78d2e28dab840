#include "base/file_stamp.h"

#include <sys/stat.h>

namespace buntime {

std::optional<FileStamp> StampOf(const std::string& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) return std::nullopt;
  const auto nanoseconds = [](const timespec& time) {
    return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
  };
  return FileStamp{nanoseconds(status.st_mtim), nanoseconds(status.st_ctim), status.st_size, status.st_ino,
                   status.st_dev};
}

}  // namespace buntime
