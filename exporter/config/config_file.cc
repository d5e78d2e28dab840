#include "config/config_file.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/text.h"
#include "config/yaml_reader.h"

namespace buntime {
namespace {

enum class Kind { kText, kFile, kMap };

// A key that may stand in a mapping, and what it becomes.
struct Key {
  std::string_view name;
  Kind kind = Kind::kText;
  const std::vector<Key>* inner = nullptr;  // of a mapping: joined to its name by a dot, unless `flat`
  bool flat = false;
};

const std::vector<Key> kPollKeys = {
    {"interval"}, {"timeout"}, {"stale_after"}, {"peak_window"}, {"max_body"}};
const std::vector<Key> kTlsKeys = {{"ca_file", Kind::kFile},
                                   {"cert_file", Kind::kFile},
                                   {"key_file", Kind::kFile},
                                   {"server_name"},
                                   {"insecure_skip_verify"}};
const std::vector<Key> kBasicAuthKeys = {{"username"}, {"password_file", Kind::kFile}};
const std::vector<Key> kDefaultKeys = {
    {"poll", Kind::kMap, &kPollKeys, true}, {"app_limit"}, {"worker_limit"}};
// No stale_after: an answer to a probe is never an old one.
const std::vector<Key> kProbeKeys = {{"interval"}, {"timeout"}, {"peak_window"}, {"max_body"}};

// What a runtime and a module share, which is how to ask, and what each has of its own.
std::vector<Key> WithAccessKeys(const std::vector<Key>& poll, std::vector<Key> own) {
  own.insert(own.end(), {{"plugin_base"},
                         {"layout"},
                         {"pool_size"},
                         {"api_key_file", Kind::kFile},
                         {"bearer_token_file", Kind::kFile},
                         {"basic_auth", Kind::kMap, &kBasicAuthKeys},
                         {"tls", Kind::kMap, &kTlsKeys},
                         {"poll", Kind::kMap, &poll, true},
                         {"app_limit"},
                         {"worker_limit"}});
  return own;
}

const std::vector<Key> kRuntimeKeys = WithAccessKeys(kPollKeys, {{"name"}, {"url"}});
const std::vector<Key> kModuleKeys = WithAccessKeys(kProbeKeys, {{"timeout"}});

class Reader {
 public:
  explicit Reader(YamlReader& yaml) : yaml_(yaml) {}

  ConfigFile Read(const YAML::Node& root) {
    ConfigFile file;
    if (root.IsNull()) return file;  // an empty file configures nothing
    yaml_.ForEachEntry(root, "",
                       [&](const std::string& name, const YAML::Node& key, const YAML::Node& value) {
                         if (name == "runtimes") {
                           ReadRuntimes(value, file);
                         } else if (name == "modules") {
                           ReadModules(value, file);
                         } else {
                           Take(kDefaultKeys, name, "", key, value, file.defaults);
                         }
                       });
    return file;
  }

 private:
  void ReadRuntimes(const YAML::Node& list, ConfigFile& file) {
    if (!list.IsSequence()) return yaml_.Fail(list, "runtimes has to be a list");
    for (const auto& item : list) {
      Settings settings;
      const std::string name = "runtimes[" + std::to_string(file.runtimes.size()) + "]";
      ReadMap(kRuntimeKeys, item, name + ".", "", settings);
      if (!settings.contains("url")) yaml_.Fail(item, name + " has no url");
      file.runtimes.push_back(std::move(settings));
    }
  }

  void ReadModules(const YAML::Node& map, ConfigFile& file) {
    yaml_.ForEachEntry(map, "modules",
                       [&](const std::string& name, const YAML::Node& key, const YAML::Node& value) {
                         const std::string shown = "modules." + Printable(name, 80);
                         ModuleSettings module;
                         module.name = {name, yaml_.Where(key, shown)};
                         ReadModule(value, shown + ".", module);
                         file.modules.push_back(std::move(module));
                       });
  }

  void ReadModule(const YAML::Node& map, const std::string& shown, ModuleSettings& module) {
    yaml_.ForEachEntry(map, shown.substr(0, shown.size() - 1),
                       [&](const std::string& name, const YAML::Node& key, const YAML::Node& value) {
                         if (name != "allowed_targets") {
                           return Take(kModuleKeys, name, shown, key, value, module.settings);
                         }
                         module.allowed_targets = {"", yaml_.Where(key, shown + name)};
                         module.allowed = yaml_.List(key, value, shown + name);
                       });
  }

  // `shown` is how messages name the mapping, `prefix` goes before the keys of its settings.
  void ReadMap(const std::vector<Key>& keys, const YAML::Node& map, const std::string& shown,
               const std::string& prefix, Settings& into) {
    yaml_.ForEachEntry(map, shown.substr(0, shown.find_last_of('.')),
                       [&](const std::string& name, const YAML::Node& key, const YAML::Node& value) {
                         Take(keys, name, shown, key, value, into, prefix);
                       });
  }

  void Take(const std::vector<Key>& keys, const std::string& name, const std::string& shown,
            const YAML::Node& node, const YAML::Node& value, Settings& into, const std::string& prefix = "") {
    const auto found = std::ranges::find(keys, name, &Key::name);
    if (found == keys.end()) {
      return yaml_.Fail(node, "unknown key '" + Printable(shown + name, 80) + "'");
    }
    if (found->kind == Kind::kMap) {
      return ReadMap(*found->inner, value, shown + name + ".", found->flat ? prefix : prefix + name + ".",
                     into);
    }
    if (!value.IsScalar()) return yaml_.Fail(node, shown + name + " has to be a single value");
    std::string text = value.Scalar();
    if (text.empty()) return yaml_.Fail(node, shown + name + " is empty: leave the key out instead");
    if (found->kind == Kind::kFile) text = yaml_.Resolve(text);
    into[prefix + name] = {std::move(text), yaml_.Where(node, shown + name)};
  }

  YamlReader& yaml_;
};

}  // namespace

Result<ConfigFile> ParseConfigFile(const std::string& text, const std::string& path) {
  YamlReader yaml(path);
  const auto root = yaml.Parse(text);
  if (!root) return root.error();
  ConfigFile file = Reader(yaml).Read(*root);
  if (yaml.error()) return *yaml.error();
  return file;
}

Result<ConfigFile> ReadConfigFile(const std::string& path) {
  const auto text = ReadYamlFile(path, "the configuration file");
  if (!text) return text.error();
  return ParseConfigFile(*text, path);
}

}  // namespace buntime
