// Keeps the lock of the HTTP server as its configuration file wants it: loads it at the start, again when the
// file or one that it names changes, and keeps the last good one while they are bad.
//
// Used by the main thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/file_stamp.h"
#include "base/log.h"
#include "base/result.h"
#include "web/security.h"

namespace buntime {

class WebLock {
 public:
  /// With an empty `path` there is no file, and nothing to lock. `log` outlives the object.
  WebLock(std::string path, Log& log) : path_(std::move(path)), log_(log) {}

  /// What the files say now. Errors name the line, the file and the cause.
  static Result<std::shared_ptr<const Security>> Read(const std::string& path);

  /// Loads for the first time.
  Result<std::shared_ptr<const Security>> Start();

  /// Loads anew; false, and the last good one stays, where that fails. The reason is logged. What is loaded
  /// goes to `use`.
  using Use = std::function<void(std::shared_ptr<const Security>)>;
  bool Reload(std::string_view why, const Use& use);

  /// Whether a file is another one than the one last loaded, and has come to rest: certificate and key are
  /// rarely replaced in the same instant. To be asked once or twice a second.
  bool Changed();

 private:
  using Stamps = std::map<std::string, std::optional<FileStamp>>;

  static Stamps Look(const std::vector<std::string>& files);
  Result<std::shared_ptr<const Security>> Load();

  const std::string path_;
  Log& log_;
  std::vector<std::string> files_;           // that were named the last time the configuration could be read
  Stamps loaded_;                            // as they were when last loaded, in whatever state
  Stamps seen_;                              // at the last look
  std::shared_ptr<const Security> current_;  // the last good one
};

}  // namespace buntime
