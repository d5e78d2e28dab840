#include "app/reloader.h"

#include <memory>
#include <utility>

#include "app/config_page.h"
#include "config/load.h"
#include "fetch/fetcher.h"

namespace buntime {

std::optional<Error> CheckCredentials(const Config& config) {
  for (const Target& target : config.targets) {
    if (target.credential.kind == Credential::Kind::kNone) continue;
    if (const auto secret = ReadSecretFile(target.credential.file); !secret) return secret.error();
  }
  return std::nullopt;
}

Reloader::Reloader(const Invocation& invocation, Config config, Exporter& exporter, WebLock& lock, Log& log)
    : invocation_(invocation), exporter_(exporter), log_(log), config_(std::move(config)), lock_(lock) {
  if (const auto file = invocation.settings.find("config_file"); file != invocation.settings.end()) {
    path_ = file->second.value;
    stamp_ = StampOf(path_);
  }
}

void Reloader::Attach(Server& server) {
  const std::lock_guard lock(mutex_);
  server_ = &server;
}

std::optional<Error> Reloader::Reload(std::string_view why) {
  const std::lock_guard lock(mutex_);
  if (server_ == nullptr) return Error{"the exporter is still starting: try again"};
  auto error = ReloadRuntimes(why);
  auto lock_error = ReloadLock(why);
  return error ? error : lock_error;
}

void Reloader::ReloadIfChanged() {
  const std::lock_guard lock(mutex_);
  if (!path_.empty() && StampOf(path_) != stamp_) ReloadRuntimes("a change of " + path_);
  if (lock_.Changed()) ReloadLock("a change of its files");
}

std::string Reloader::Describe() {
  const std::lock_guard lock(mutex_);
  return ConfigPage(config_);
}

std::optional<Error> Reloader::ReloadRuntimes(std::string_view why) {
  // Before reading: what changes meanwhile is then seen at the next look.
  if (!path_.empty()) stamp_ = StampOf(path_);
  auto config = LoadConfig(invocation_);
  auto error = config ? CheckCredentials(*config) : config.error();
  runtimes_good_ = !error;
  Note();
  if (error) {
    log_.Fail("cannot reload: the last good configuration stays in force",
              {{"because_of", std::string(why)}, {"cause", error->message}});
    return error;
  }
  config_ = std::move(*config);
  exporter_.Apply(config_);
  log_.Info("reloaded the configuration",
            {{"because_of", std::string(why)}, {"runtimes", std::to_string(config_.targets.size())}});
  return std::nullopt;
}

std::optional<Error> Reloader::ReloadLock(std::string_view why) {
  lock_good_ = lock_.Reload(why, [this](std::shared_ptr<const Security> security) {
    exporter_.NoteCertificate(*security);
    server_->Secure(std::move(security));
  });
  Note();
  if (lock_good_) return std::nullopt;
  return Error{"--web.config.file is bad; the log says where"};
}

void Reloader::Note() { exporter_.NoteReload(runtimes_good_ && lock_good_); }

}  // namespace buntime
