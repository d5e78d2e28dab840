#include "app/reloader.h"

#include <algorithm>
#include <memory>
#include <unordered_map>
#include <utility>

#include "app/config_page.h"
#include "base/clock.h"
#include "config/load.h"

namespace buntime {
namespace {

constexpr std::string_view kChange = "a change of its files";
constexpr std::string_view kRetry = "another try";

std::string_view Reason(bool changed, bool retry) { return changed ? kChange : retry ? kRetry : ""; }

}  // namespace

Reloader::Reloader(const Invocation& invocation, Config config, Warnings warnings, Exporter& exporter,
                   WebConfigLoader& web_config, Log& log)
    : invocation_(invocation),
      exporter_(exporter),
      log_(log),
      config_(std::move(config)),
      web_config_(web_config),
      watch_(OwnFile()),
      warnings_(std::move(warnings)) {}

std::vector<std::string> Reloader::OwnFile() const {
  const auto file = invocation_.settings.find("config_file");
  if (file == invocation_.settings.end()) return {};
  return {file->second.value};
}

void Reloader::Attach(Server& server) {
  const MutexLock lock(mutex_);
  server_ = &server;
}

std::optional<Error> Reloader::Reload(std::string_view why) {
  const MutexLock lock(mutex_);
  if (server_ == nullptr) return Error{"the exporter is still starting: try again"};
  auto error = ReloadRuntimes(why);
  auto lock_error = ReloadWebConfig(why);
  return error ? error : lock_error;
}

void Reloader::ReloadIfChanged() {
  const MutexLock lock(mutex_);
  const SteadyTime now = SystemClock().Now();
  const auto runtimes = Reason(watch_.Changed(), runtimes_state_.RetryDue(now));
  const auto web = Reason(web_config_.Changed(), web_state_.RetryDue(now));
  if (!runtimes.empty()) ReloadRuntimes(runtimes);
  if (!web.empty()) ReloadWebConfig(web);
}

std::string Reloader::Describe() {
  const MutexLock lock(mutex_);
  return ConfigPage(config_);
}

std::optional<Error> Reloader::ReloadRuntimes(std::string_view why) {
  auto error = runtimes_state_.Run(SystemClock().Now(), [&]() REQUIRES(mutex_) { return LoadRuntimes(why); });
  Note(error, runtimes_state_, why, "cannot reload: the last good configuration stays in force");
  return error;
}

std::optional<Error> Reloader::LoadRuntimes(std::string_view why) {
  watch_.Begin();
  auto config = LoadConfig(invocation_);
  std::vector<std::string> files = OwnFile();
  if (config) {
    // A file that it names and that is missing or bad now may become good without another change of its own:
    // secrets often arrive later than the configuration.
    for (std::string& file : RuntimeFiles(*config)) files.push_back(std::move(file));
  }
  watch_.Follow(std::move(files));
  auto warnings = config ? CheckRuntimeFiles(*config, SystemClock().UnixSeconds()) : config.error();
  if (!warnings) return warnings.error();
  // Good ones are read again by those who use them.
  watch_.Follow(OwnFile());
  std::unordered_map<std::string_view, const Target*> before;
  for (const Target& target : config_.targets) before.emplace(target.name, &target);
  const auto kept = std::ranges::count_if(config->targets, [&before](const Target& target) {
    const auto same = before.find(target.name);
    return same != before.end() && *same->second == target;
  });
  LogWarnings(*warnings, warnings_, log_);
  config_ = std::move(*config);
  exporter_.Apply(config_);
  log_.Info("reloaded the configuration", {{"because_of", std::string(why)},
                                           {"runtimes", std::to_string(config_.targets.size())},
                                           {"unchanged", std::to_string(kept)}});
  warnings_ = std::move(*warnings);
  return std::nullopt;
}

std::optional<Error> Reloader::ReloadWebConfig(std::string_view why) {
  auto error = web_state_.Run(SystemClock().Now(), [&]() REQUIRES(mutex_) {
    return web_config_.Reload(why, [this](std::shared_ptr<const Security> security) REQUIRES(mutex_) {
      exporter_.NoteCertificate(*security);
      server_->Secure(std::move(security));
    });
  });
  Note(error, web_state_, why, "cannot reload the web configuration: the last good one stays in force");
  return error;
}

void Reloader::Note(const std::optional<Error>& error, const ReloadState& state, std::string_view why,
                    std::string_view message) {
  exporter_.NoteReload(runtimes_state_.good() && web_state_.good());
  if (!error || (why == kRetry && !state.news())) return;
  log_.Fail(message, {{"because_of", std::string(why)}, {"cause", error->message}});
}

}  // namespace buntime
