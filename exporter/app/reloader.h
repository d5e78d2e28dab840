// Loads the configuration again, each of its two files as a whole or not at all: the last good one stays in
// force. Thread-safe: signals and the watch come from the main thread, POST /-/reload from the server's pool.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/exporter.h"
#include "app/file_watch.h"
#include "app/reload_state.h"
#include "app/runtime_files.h"
#include "app/web_config_loader.h"
#include "base/log.h"
#include "base/mutex.h"
#include "base/result.h"
#include "config/config.h"
#include "config/flags.h"
#include "web/server.h"

namespace buntime {

class Reloader {
 public:
  /// `config` is what `invocation` said at the start, `warnings` what there was to be said about it.
  /// References outlive the reloader; `web_config` is its own from now on.
  Reloader(const Invocation& invocation, Config config, Warnings warnings, Exporter& exporter,
           WebConfigLoader& web_config, Log& log);

  /// The server whose TLS and passwords are changed; before this, reloading fails. It outlives the last
  /// reload.
  void Attach(Server& server);

  /// Loads everything. The error, which has been logged, is the first of what went wrong.
  std::optional<Error> Reload(std::string_view why);
  /// Loads what has changed on disk since it was last loaded; what failed once more every ten seconds, for
  /// the cause may have been a shortage. To be called once or twice a second.
  void ReloadIfChanged();

  /// The configuration in force, as a file that --config.file would take. It holds no secret: those stand in
  /// files.
  std::string Describe();

 private:
  std::optional<Error> ReloadRuntimes(std::string_view why) REQUIRES(mutex_);
  std::optional<Error> LoadRuntimes(std::string_view why) REQUIRES(mutex_);
  std::optional<Error> ReloadWebConfig(std::string_view why) REQUIRES(mutex_);
  // A reload has ended: with `error`, after which `message` is logged, or without.
  void Note(const std::optional<Error>& error, const ReloadState& state, std::string_view why,
            std::string_view message) REQUIRES(mutex_);
  std::vector<std::string> OwnFile() const;

  const Invocation& invocation_;
  Exporter& exporter_;
  Log& log_;

  Mutex mutex_;
  Config config_ GUARDED_BY(mutex_);
  WebConfigLoader& web_config_ GUARDED_BY(mutex_);
  Server* server_ GUARDED_BY(mutex_) = nullptr;
  FileWatch watch_ GUARDED_BY(mutex_);
  Warnings warnings_ GUARDED_BY(mutex_);  // of the configuration in force; all have been logged
  ReloadState runtimes_state_ GUARDED_BY(mutex_);
  ReloadState web_state_ GUARDED_BY(mutex_);
};

}  // namespace buntime
