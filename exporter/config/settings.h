// Values as they were written, with the place where they stand, and their conversion. Used within config
// only.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace buntime {

struct Setting {
  std::string value;
  std::string where;  // for messages: "--poll.interval", or "buntime.yml:3: poll.interval"
};

/// By key: `interval`, `api_key_file`, `tls.ca_file`, ….
using Settings = std::map<std::string, Setting, std::less<>>;

/// Reads settings from several layers, of which an earlier one hides a later one. Conversions that fail
/// return their fallback; the first failure is kept.
class SettingReader {
 public:
  /// The layers outlive the reader.
  explicit SettingReader(std::vector<const Settings*> layers) : layers_(std::move(layers)) {}

  /// Null: not set, or set to nothing.
  const Setting* Find(std::string_view key) const;
  std::string Text(std::string_view key, std::string_view fallback = {}) const;
  /// Where it stands; empty: nowhere.
  std::string Where(std::string_view key) const;

  /// Those of a mapping whose keys its author chooses, from the first layer that has any: what follows
  /// `prefix`, and its setting.
  std::vector<std::pair<std::string_view, const Setting*>> Under(std::string_view prefix) const;

  Duration Time(std::string_view key, Duration fallback, Duration least);
  std::uint64_t Number(std::string_view key, std::uint64_t fallback, std::uint64_t least, std::uint64_t most);
  std::uint64_t Size(std::string_view key, std::uint64_t fallback, std::uint64_t least, std::uint64_t most);
  bool Flag(std::string_view key, bool fallback);
  /// A path that starts with a slash.
  std::string UrlPath(std::string_view key, std::string_view fallback);
  /// The same without slashes at its end: something that paths are appended to.
  std::string UrlPrefix(std::string_view key, std::string_view fallback);

  /// One of the names, the first of which is the default.
  template <class T, std::size_t N>
  T Choice(std::string_view key, const std::array<std::pair<std::string_view, T>, N>& choices) {
    const Setting* setting = Find(key);
    if (setting == nullptr) return choices.front().second;
    std::string names;
    for (const auto& [name, value] : choices) {
      if (name == setting->value) return value;
      names.append(names.empty() ? "" : ", ").append(name);
    }
    Refuse(*setting, "expected one of " + names);
    return choices.front().second;
  }

  /// Keeps `where 'value': why` as the error, unless there was one before.
  void Refuse(const Setting& setting, std::string_view why);
  void Fail(Error error);
  const std::optional<Error>& error() const { return error_; }

 private:
  const std::vector<const Settings*> layers_;
  std::optional<Error> error_;
};

}  // namespace buntime
