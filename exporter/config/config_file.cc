#include "config/config_file.h"

#include <yaml-cpp/yaml.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <set>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/text.h"

namespace buntime {
namespace {

constexpr std::size_t kMaxBytes = 1 << 20;

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
const std::vector<Key> kDefaultKeys = {{"poll", Kind::kMap, &kPollKeys, true}, {"worker_limit"}};
const std::vector<Key> kRuntimeKeys = {{"name"},
                                       {"url"},
                                       {"plugin_base"},
                                       {"layout"},
                                       {"pool_size"},
                                       {"api_key_file", Kind::kFile},
                                       {"bearer_token_file", Kind::kFile},
                                       {"basic_auth", Kind::kMap, &kBasicAuthKeys},
                                       {"tls", Kind::kMap, &kTlsKeys},
                                       {"poll", Kind::kMap, &kPollKeys, true},
                                       {"worker_limit"}};

class Reader {
 public:
  explicit Reader(const std::string& path) : path_(path) {}

  Result<ConfigFile> Read(const YAML::Node& root) {
    ConfigFile file;
    if (root.IsNull()) return file;  // an empty file configures nothing
    ForEachEntry(root, "", [&](const std::string& name, const YAML::Node& key, const YAML::Node& value) {
      if (name == "runtimes") {
        ReadRuntimes(value, file);
      } else {
        Take(kDefaultKeys, name, "", key, value, file.defaults);
      }
    });
    if (error_) return *error_;
    return file;
  }

 private:
  void Fail(const YAML::Node& node, const std::string& why) {
    if (!error_) error_ = Error{path_ + ":" + std::to_string(node.Mark().line + 1) + ": " + why};
  }

  template <class Use>
  void ForEachEntry(const YAML::Node& map, const std::string& name, Use use) {
    if (!map.IsMap())
      return Fail(map, (name.empty() ? "the file" : name) + " has to be a mapping of keys to values");
    std::set<std::string> seen;
    for (const auto& entry : map) {
      if (!entry.first.IsScalar()) {
        Fail(entry.first, "a key has to be a plain word");
      } else if (!seen.insert(entry.first.Scalar()).second) {
        Fail(entry.first, "the key '" + Printable(entry.first.Scalar(), 80) + "' stands twice");
      } else {
        use(entry.first.Scalar(), entry.first, entry.second);
      }
    }
  }

  void ReadRuntimes(const YAML::Node& list, ConfigFile& file) {
    if (!list.IsSequence()) return Fail(list, "runtimes has to be a list");
    for (const auto& item : list) {
      Settings settings;
      const std::string name = "runtimes[" + std::to_string(file.runtimes.size()) + "]";
      ReadMap(kRuntimeKeys, item, name + ".", "", settings);
      if (!settings.contains("url")) Fail(item, name + " has no url");
      file.runtimes.push_back(std::move(settings));
    }
  }

  // `shown` is how messages name the mapping, `prefix` goes before the keys of its settings.
  void ReadMap(const std::vector<Key>& keys, const YAML::Node& map, const std::string& shown,
               const std::string& prefix, Settings& into) {
    ForEachEntry(map, shown.substr(0, shown.find_last_of('.')),
                 [&](const std::string& name, const YAML::Node& key, const YAML::Node& value) {
                   Take(keys, name, shown, key, value, into, prefix);
                 });
  }

  void Take(const std::vector<Key>& keys, const std::string& name, const std::string& shown,
            const YAML::Node& node, const YAML::Node& value, Settings& into, const std::string& prefix = "") {
    const auto found = std::ranges::find(keys, name, &Key::name);
    if (found == keys.end()) {
      return Fail(node, "unknown key '" + Printable(shown + name, 80) + "'");
    }
    if (found->kind == Kind::kMap) {
      return ReadMap(*found->inner, value, shown + name + ".", found->flat ? prefix : prefix + name + ".",
                     into);
    }
    if (!value.IsScalar()) return Fail(node, shown + name + " has to be a single value");
    std::string text = value.Scalar();
    if (text.empty()) return Fail(node, shown + name + " is empty: leave the key out instead");
    if (found->kind == Kind::kFile) {
      text = (std::filesystem::path(path_).parent_path() / text).lexically_normal().string();
    }
    into[prefix + name] = {std::move(text),
                           path_ + ":" + std::to_string(node.Mark().line + 1) + ": " + shown + name};
  }

  const std::string path_;
  std::optional<Error> error_;
};

}  // namespace

Result<ConfigFile> ParseConfigFile(const std::string& text, const std::string& path) {
  try {
    return Reader(path).Read(YAML::Load(text));
  } catch (const YAML::Exception& error) {
    return Error{path + ":" + std::to_string(error.mark.line + 1) + ": " + Printable(error.msg)};
  }
}

Result<ConfigFile> ReadConfigFile(const std::string& path) {
  std::error_code failure;
  const auto size = std::filesystem::file_size(path, failure);
  if (failure) return Error{"cannot read the configuration file " + path + ": " + failure.message()};
  if (size > kMaxBytes) return Error{"the configuration file " + path + " is larger than 1MiB"};
  std::ifstream file(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  if (!file)
    return Error{"cannot read the configuration file " + path + ": " +
                 std::generic_category().message(errno)};
  return ParseConfigFile(text, path);
}

}  // namespace buntime
