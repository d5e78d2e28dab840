// Secrets that stand in files: read when they change, kept when the file goes bad. Used by the fetcher, on
// its thread. ReadSecretFile is declared in fetcher.h, for checks at start-up.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <ctime>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/log.h"
#include "base/result.h"

namespace buntime {

/// Overwrites `text` so that the memory tells nothing to whoever gets it next, and empties it.
void Wipe(std::string& text);

class SecretFiles {
 public:
  /// `log` outlives the object.
  explicit SecretFiles(Log& log) : log_(log) {}
  ~SecretFiles();
  SecretFiles(const SecretFiles&) = delete;
  SecretFiles& operator=(const SecretFiles&) = delete;

  /// The secret in `path`, or the last good one while the file is missing or bad (logged once each time that
  /// changes). An error when there never was one. The view is valid until the next call.
  Result<std::string_view> Get(const std::string& path);

 private:
  // What changes whenever somebody replaces, rewrites or (ctime) permits a file, symbolic links followed.
  struct Stamp {
    std::int64_t mtime_ns = 0;
    std::int64_t ctime_ns = 0;
    off_t size = 0;
    ino_t inode = 0;
    dev_t device = 0;
    friend bool operator==(const Stamp&, const Stamp&) = default;
  };
  struct Entry {
    std::optional<Stamp> stamp;  // of the latest look; empty: there was no file
    bool looked = false;
    std::optional<std::string> secret;  // the last good one
    std::string error;                  // of the latest look; empty: it was good
  };

  static std::optional<Stamp> Look(const std::string& path);
  void Reread(const std::string& path, Entry& entry);

  Log& log_;
  std::map<std::string, Entry> entries_;
};

}  // namespace buntime
