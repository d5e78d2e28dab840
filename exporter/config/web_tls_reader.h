// Reads tls_server_config of a web configuration file. Used by WebConfigReader only.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/yaml_reader.h"
#include "model/web_config.h"

namespace buntime {

class WebTlsReader {
 public:
  /// Errors are left in `yaml`, which outlives the reader.
  explicit WebTlsReader(YamlReader& yaml) : yaml_(yaml) {}

  /// `key` is where the mapping stands. Empty: nothing in it is set, so there is no TLS.
  std::optional<WebTls> Read(const YAML::Node& key, const YAML::Node& map);

 private:
  struct Pem {
    std::optional<PemSource> source;
    YAML::Node key;
  };

  void Take(const std::string& name, const YAML::Node& key, const YAML::Node& value);
  void TakePem(Pem& pem, const std::string& name, const YAML::Node& key, const std::string& text);
  void TakeVersion(TlsVersion& version, const std::string& name, const YAML::Node& key,
                   const std::string& text);
  void TakeClientAuth(const YAML::Node& key, const std::string& text);
  void TakeCipherSuites(const YAML::Node& key, const std::vector<std::string>& names);
  void TakeCurves(const YAML::Node& key, const std::vector<std::string>& names);
  void CheckTogether(const YAML::Node& key);

  YamlReader& yaml_;
  WebTls tls_;
  bool any_ = false;  // something is set
  Pem certificate_;
  Pem key_;
  Pem client_ca_;
  std::optional<YAML::Node> sans_;
  std::optional<YAML::Node> suites_;  // where cipher_suites holds none below TLS 1.3
};

}  // namespace buntime
