// Reads the parts of a web configuration file other than TLS. Used by ParseWebConfig only.
#pragma once

#include <string>

#include "config/yaml_reader.h"
#include "model/web_config.h"

namespace buntime {

class WebConfigReader {
 public:
  /// Errors are left in `yaml`, which outlives the reader.
  explicit WebConfigReader(YamlReader& yaml) : yaml_(yaml) {}

  WebConfig Read(const YAML::Node& root);

 private:
  void ReadHttp(const YAML::Node& map, WebConfig& config);
  void ReadHeader(const std::string& name, const YAML::Node& key, const YAML::Node& value, WebConfig& config);
  void ReadUser(const std::string& name, const YAML::Node& key, const YAML::Node& value, WebConfig& config);
  void ReadRateLimit(const YAML::Node& key, const YAML::Node& map, WebConfig& config);

  YamlReader& yaml_;
};

}  // namespace buntime
