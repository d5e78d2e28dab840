#include "config/config_file.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>
#include <utility>

#include "base/text.h"
#include "config/suggest.h"
#include "config/yaml_reader.h"

namespace buntime {
namespace {

enum class Kind { kText, kFile, kMap, kLabels, kHeaders };

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
                         {"headers", Kind::kHeaders},
                         {"tls", Kind::kMap, &kTlsKeys},
                         {"poll", Kind::kMap, &poll, true},
                         {"app_limit"},
                         {"worker_limit"}});
  return own;
}

const std::vector<Key> kRuntimeKeys =
    WithAccessKeys(kPollKeys, {{"name"}, {"url"}, {"labels", Kind::kLabels}, {"proxy_url"}});
const std::vector<Key> kModuleKeys = WithAccessKeys(kProbeKeys, {{"timeout"}});

// Keys that are often tried where they are not known, and what to write instead.
struct Hint {
  std::string_view key;
  std::string_view cure;
};
constexpr auto kHints = std::to_array<Hint>({
    {"api_key", "secrets are in files: write the key into one and name it with api_key_file"},
    {"apikey", "secrets are in files: write the key into one and name it with api_key_file"},
    {"key", "secrets are in files: write the key into one and name it with api_key_file"},
    {"bearer_token", "secrets are in files: write the token into one and name it with bearer_token_file"},
    {"token", "secrets are in files: write the token into one and name it with bearer_token_file"},
    {"authorization", "write bearer_token_file, or basic_auth: {username: NAME, password_file: FILE}"},
    {"password", "secrets are in files: write basic_auth: {username: NAME, password_file: FILE}"},
    {"username", "write basic_auth: {username: NAME, password_file: FILE}"},
    {"target", "write url: http://HOST:PORT"},
    {"address", "write url: http://HOST:PORT"},
    {"host", "write url: http://HOST:PORT"},
    {"targets", "write runtimes: with a list of {name: NAME, url: URL}"},
    {"scrape_configs", "this is Prometheus' own file: give the exporter's, which has runtimes: and modules:"},
    {"global", "this is Prometheus' own file: give the exporter's, which has runtimes: and modules:"},
    {"tls_config", "write tls: with ca_file, cert_file, key_file, server_name, insecure_skip_verify"},
    {"tls_server_config",
     "it is about the exporter's own port: put it into the file that --web.config.file names"},
    {"basic_auth_users", "users of the exporter's own port are in the file that --web.config.file names"},
    {"listen", "the address to listen on is the flag --web.listen-address"},
    {"port", "the address to listen on is the flag --web.listen-address"},
    {"scrape_interval", "write poll: {interval: 5s}"},
    {"scrape_timeout", "write poll: {timeout: 3s}"},
    {"stale_after", "an answer of /probe is never an old one: leave it out"},
});
constexpr auto kModuleHints = std::to_array<Hint>({
    {"url", "the scrape names the target: leave it out, and allow it with allowed_targets"},
    {"name", "the name of a module is its key in modules: leave it out"},
    {"labels", "targets of /probe get their labels from Prometheus: leave them out"},
    {"proxy_url",
     "a proxy would hide which address is connected to, which allowed_targets limits: leave it out"},
});

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
    if (!list.IsSequence() || list.size() == 0) {
      const std::string_view is = list.IsNull() || list.IsSequence() ? "is empty" : "has to be a list";
      return yaml_.Fail(
          list, "runtimes " + std::string(is) + ": write - {name: NAME, url: http://HOST:PORT} below it");
    }
    for (const auto& item : list) {
      Settings settings;
      const std::string name = "runtimes[" + std::to_string(file.runtimes.size()) + "]";
      ReadMap(kRuntimeKeys, item, name + ".", "", settings);
      if (!settings.contains("url")) yaml_.Fail(item, name + " has no url: write url: http://HOST:PORT");
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
                           if (const std::string_view cure = CureOf(kModuleHints, name); !cure.empty())
                             return FailUnknown(key, shown + name, cure);
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
    if (found == keys.end()) return FailUnknown(node, shown, name, keys);
    if (found->kind == Kind::kLabels || found->kind == Kind::kHeaders) {
      return ReadNamed(*found, value, shown + name, into);
    }
    if (found->kind == Kind::kMap) {
      return ReadMap(*found->inner, value, shown + name + ".", found->flat ? prefix : prefix + name + ".",
                     into);
    }
    Put(found->kind, node, value, shown + name, prefix + name, into);
  }

  void Put(Kind kind, const YAML::Node& node, const YAML::Node& value, const std::string& shown,
           const std::string& key, Settings& into) {
    if (value.IsNull()) return yaml_.Fail(node, shown + " is empty: leave the key out instead");
    if (!value.IsScalar())
      return yaml_.Fail(node, shown + " has to be a single value, not a list or a mapping");
    std::string text = value.Scalar();
    if (text.empty()) return yaml_.Fail(node, shown + " is empty: leave the key out instead");
    if (kind == Kind::kFile) text = yaml_.Resolve(text);
    into[key] = {std::move(text), yaml_.Where(node, shown)};
  }

  // Labels and headers, whose names the file's author chooses: `labels.NAME`, and `headers.NAME` or
  // `header_files.NAME`.
  void ReadNamed(const Key& of, const YAML::Node& map, const std::string& shown, Settings& into) {
    yaml_.ForEachEntry(map, shown,
                       [&](const std::string& name, const YAML::Node& key, const YAML::Node& value) {
                         const std::string each = shown + "." + Printable(name, 80);
                         if (of.kind == Kind::kHeaders && value.IsMap()) {
                           const YAML::Node file = value["file"];
                           if (!file || value.size() != 1) {
                             return yaml_.Fail(key, each + " has to be a single value, or {file: FILE}");
                           }
                           return Put(Kind::kFile, key, file, each + ".file", "header_files." + name, into);
                         }
                         Put(Kind::kText, key, value, each, std::string(of.name) + "." + name, into);
                       });
  }

  template <std::size_t N>
  static std::string_view CureOf(const std::array<Hint, N>& hints, std::string_view key) {
    const auto found = std::ranges::find(hints, key, &Hint::key);
    return found == hints.end() ? std::string_view() : found->cure;
  }

  void FailUnknown(const YAML::Node& node, const std::string& shown, std::string_view cure) {
    yaml_.Fail(node, "unknown key '" + Printable(shown, 80) + "': " + std::string(cure));
  }

  void FailUnknown(const YAML::Node& node, const std::string& shown, const std::string& name,
                   const std::vector<Key>& keys) {
    if (const std::string_view cure = CureOf(kHints, name); !cure.empty())
      return FailUnknown(node, shown + name, cure);
    if (&keys == &kDefaultKeys && std::ranges::find(kRuntimeKeys, name, &Key::name) != kRuntimeKeys.end()) {
      return FailUnknown(node, name, "it belongs to an entry of runtimes: indent it below - name: NAME");
    }
    if (std::ranges::find(kPollKeys, name, &Key::name) != kPollKeys.end()) {
      return FailUnknown(node, shown + name, "write it below poll, as in poll: {" + name + ": …}");
    }
    if (std::ranges::find(kTlsKeys, name, &Key::name) != kTlsKeys.end()) {
      return FailUnknown(node, shown + name, "write it below tls, as in tls: {" + name + ": …}");
    }
    std::vector<std::string_view> known(keys.size());
    std::ranges::transform(keys, known.begin(), &Key::name);
    if (&keys == &kDefaultKeys) known.insert(known.begin(), {"runtimes", "modules"});
    if (&keys == &kModuleKeys) known.push_back("allowed_targets");
    yaml_.Fail(node, UnknownKey(shown + name, name, known));
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
