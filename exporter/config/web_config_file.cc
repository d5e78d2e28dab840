#include "config/web_config_file.h"

#include "config/web_config_reader.h"
#include "config/yaml_reader.h"

namespace buntime {

Result<WebConfig> ParseWebConfig(const std::string& text, const std::string& path) {
  YamlReader yaml(path);
  const auto root = yaml.Parse(text);
  if (!root) return root.error();
  WebConfig config = WebConfigReader(yaml).Read(*root);
  if (yaml.error()) return *yaml.error();
  config.path = path;
  return config;
}

Result<WebConfig> ReadWebConfig(const std::string& path) {
  const auto text = ReadYamlFile(path, "the web configuration file");
  if (!text) return text.error();
  return ParseWebConfig(*text, path);
}

}  // namespace buntime
