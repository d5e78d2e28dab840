// What reading any of our YAML files has in common: strictness, and errors that name file and line. Used
// within config only; only this room knows yaml-cpp. Not thread-safe.
#pragma once

#include <yaml-cpp/yaml.h>

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace buntime {

/// The content of a file of at most 1 MiB; `what` names it in errors: "the configuration file".
Result<std::string> ReadYamlFile(const std::string& path, std::string_view what);

class YamlReader {
 public:
  /// `path` only names the text in errors.
  explicit YamlReader(std::string path) : path_(std::move(path)) {}

  /// The one document of `text`; null where it is empty.
  Result<YAML::Node> Parse(const std::string& text);

  /// Keeps `path:line: why` as the error, unless there was one before.
  void Fail(const YAML::Node& at, const std::string& why);
  const std::optional<Error>& error() const { return error_; }

  /// `path:line: name`
  std::string Where(const YAML::Node& at, std::string_view name) const;
  /// `file` as seen from the folder of the YAML file.
  std::string Resolve(const std::string& file) const;

  // A value as text, truth or list of texts. `name` is what errors call it, `key` is where it stands. Null is
  // the same as empty.
  std::string Text(const YAML::Node& key, const YAML::Node& value, const std::string& name);
  std::optional<bool> Bool(const YAML::Node& key, const YAML::Node& value, const std::string& name);
  /// Its entries are not empty, and where it is given, neither is it.
  std::vector<std::string> List(const YAML::Node& key, const YAML::Node& value, const std::string& name);

  /// Calls `use` for each entry; a key that stands twice or is no plain word is an error, as is another kind
  /// of node. `name` is what errors call the mapping.
  using Use = std::function<void(const std::string& name, const YAML::Node& key, const YAML::Node& value)>;
  void ForEachEntry(const YAML::Node& map, const std::string& name, const Use& use);

 private:
  const std::string path_;
  std::optional<Error> error_;
};

}  // namespace buntime
