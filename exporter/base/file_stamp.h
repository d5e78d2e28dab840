// Tells whether a file was replaced, rewritten or given other permissions since the last look.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>

namespace buntime {

struct FileStamp {
  std::int64_t mtime_ns = 0;
  std::int64_t ctime_ns = 0;
  off_t size = 0;
  ino_t inode = 0;
  dev_t device = 0;
  friend bool operator==(const FileStamp&, const FileStamp&) = default;
};

/// Symbolic links are followed. Empty: there is no such file, or it must not be looked at.
std::optional<FileStamp> StampOf(const std::string& path);

}  // namespace buntime
