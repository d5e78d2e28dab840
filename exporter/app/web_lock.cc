#include "app/web_lock.h"

#include <algorithm>
#include <utility>

#include "config/web_config_file.h"

namespace buntime {

Result<std::shared_ptr<const Security>> WebLock::Read(const std::string& path) {
  const auto config = ReadWebConfig(path);
  if (!config) return config.error();
  return BuildSecurity(*config);
}

Result<std::shared_ptr<const Security>> WebLock::Start() {
  if (path_.empty()) return std::make_shared<const Security>();
  auto loaded = Load();
  if (loaded) current_ = *loaded;
  return loaded;
}

WebLock::Stamps WebLock::Look(const std::vector<std::string>& files) {
  Stamps stamps;
  for (const std::string& file : files) stamps[file] = StampOf(file);
  return stamps;
}

Result<std::shared_ptr<const Security>> WebLock::Load() {
  // Stamps are taken before reading: a change during it is seen at the next look.
  if (files_.empty()) files_ = {path_};
  loaded_ = Look(files_);
  seen_ = loaded_;
  const auto config = ReadWebConfig(path_);
  if (!config) return config.error();
  files_ = FilesOf(*config);
  for (const std::string& file : files_) {
    if (!loaded_.contains(file)) loaded_[file] = StampOf(file);
  }
  std::erase_if(loaded_,
                [this](const auto& item) { return std::ranges::find(files_, item.first) == files_.end(); });
  seen_ = loaded_;
  return BuildSecurity(*config);
}

bool WebLock::Reload(std::string_view why, const Use& use) {
  if (path_.empty()) return true;
  auto loaded = Load();
  std::string cause = loaded ? "" : loaded.error().message;
  if (loaded) {
    if (const auto unlocked = Unlocks(*current_, **loaded)) {
      cause = path_ + ": this would switch off " + *unlocked + ", which only a restart may do";
    }
  }
  if (!cause.empty()) {
    log_.Fail("cannot reload the web configuration: the last good one stays in force",
              {{"because_of", std::string(why)}, {"cause", cause}});
    return false;
  }
  current_ = *loaded;
  use(current_);
  log_.Info("reloaded the web configuration", {{"because_of", std::string(why)}, {"file", path_}});
  return true;
}

bool WebLock::Changed() {
  if (path_.empty()) return false;
  Stamps now = Look(files_);
  const bool at_rest = now == seen_;
  seen_ = std::move(now);
  return at_rest && seen_ != loaded_;
}

}  // namespace buntime
