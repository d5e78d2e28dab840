// Loads and hot-reloads --web.config.file: at start, and when it or a file that it names changes. Keeps the
// last valid configuration on error.
//
// Used by Reloader under its mutex: on the main thread, and for POST /-/reload on the pool of the server.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "app/file_watch.h"
#include "base/log.h"
#include "base/result.h"
#include "web/security.h"

namespace buntime {

class WebConfigLoader {
 public:
  /// With an empty `path` there is no file, and nothing to lock. `log` outlives the object.
  WebConfigLoader(std::string path, Log& log);

  /// What the files say now. Errors name the line, the file and the cause.
  static Result<std::shared_ptr<const Security>> Read(const std::string& path);

  /// Loads for the first time.
  Result<std::shared_ptr<const Security>> Start();

  /// Loads anew; where that fails, the last good one stays. What is loaded goes to `use`.
  using Use = std::function<void(std::shared_ptr<const Security>)>;
  std::optional<Error> Reload(std::string_view why, const Use& use);

  /// Whether a file is another one than the one last loaded. To be asked once or twice a second.
  bool Changed() { return watch_.Changed(); }

 private:
  Result<std::shared_ptr<const Security>> Load();

  const std::string path_;
  Log& log_;
  FileWatch watch_;                          // over the files that were named when it could last be read
  std::shared_ptr<const Security> current_;  // the last good one
};

}  // namespace buntime
