// Secrets that stand in files: read when they change, kept when the file goes bad. Used by the fetcher, on
// its thread. ReadSecretFile is declared in fetcher.h, for checks at start-up.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/file_stamp.h"
#include "base/log.h"
#include "base/result.h"

namespace buntime {

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
  struct Entry {
    std::optional<FileStamp> stamp;  // of the latest look; empty: there was no file
    bool looked = false;
    std::optional<std::string> secret;  // the last good one
    std::string error;                  // of the latest look; empty: it was good
  };

  void Reread(const std::string& path, Entry& entry);

  Log& log_;
  std::map<std::string, Entry> entries_;
};

}  // namespace buntime
