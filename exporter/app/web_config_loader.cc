#include "app/web_config_loader.h"

#include <utility>
#include <vector>

#include "config/web_config_file.h"

namespace buntime {

WebConfigLoader::WebConfigLoader(std::string path, Log& log)
    : path_(std::move(path)),
      log_(log),
      watch_(path_.empty() ? std::vector<std::string>() : std::vector<std::string>{path_}) {}

Result<std::shared_ptr<const Security>> WebConfigLoader::Read(const std::string& path) {
  const auto config = ReadWebConfig(path);
  if (!config) return config.error();
  return BuildSecurity(*config);
}

Result<std::shared_ptr<const Security>> WebConfigLoader::Start() {
  if (path_.empty()) return std::make_shared<const Security>();
  auto loaded = Load();
  if (loaded) current_ = *loaded;
  return loaded;
}

Result<std::shared_ptr<const Security>> WebConfigLoader::Load() {
  watch_.Begin();
  const auto config = ReadWebConfig(path_);
  if (!config) return config.error();
  watch_.Follow(FilesOf(*config));
  return BuildSecurity(*config);
}

std::optional<Error> WebConfigLoader::Reload(std::string_view why, const Use& use) {
  if (path_.empty()) return std::nullopt;
  auto loaded = Load();
  if (!loaded) return loaded.error();
  if (const auto unlocked = Unlocks(*current_, **loaded)) {
    return Error{path_ + ": this would switch off " + *unlocked + ", which only a restart may do"};
  }
  current_ = *loaded;
  use(current_);
  log_.Info("reloaded the web configuration", {{"because_of", std::string(why)}, {"file", path_}});
  return std::nullopt;
}

}  // namespace buntime
