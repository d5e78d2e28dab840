#include "config/settings.h"

#include <charconv>

#include "base/text.h"

namespace buntime {

const Setting* SettingReader::Find(std::string_view key) const {
  for (const Settings* layer : layers_) {
    const auto found = layer->find(key);
    if (found != layer->end() && !found->second.value.empty()) return &found->second;
  }
  return nullptr;
}

std::string SettingReader::Text(std::string_view key, std::string_view fallback) const {
  const Setting* setting = Find(key);
  return setting == nullptr ? std::string(fallback) : setting->value;
}

std::string SettingReader::Where(std::string_view key) const {
  const Setting* setting = Find(key);
  return setting == nullptr ? std::string() : setting->where;
}

std::vector<std::pair<std::string_view, const Setting*>> SettingReader::Under(std::string_view prefix) const {
  std::vector<std::pair<std::string_view, const Setting*>> found;
  for (const Settings* layer : layers_) {
    for (auto at = layer->lower_bound(prefix); at != layer->end() && at->first.starts_with(prefix); ++at) {
      found.emplace_back(std::string_view(at->first).substr(prefix.size()), &at->second);
    }
    if (!found.empty()) break;
  }
  return found;
}

Duration SettingReader::Time(std::string_view key, Duration fallback, Duration least) {
  const Setting* setting = Find(key);
  if (setting == nullptr) return fallback;
  const auto parsed = ParseDuration(setting->value);
  if (!parsed) {
    Refuse(*setting, parsed.error().message);
  } else if (*parsed < least) {
    Refuse(*setting, "expected at least " + FormatDuration(least));
  } else {
    return *parsed;
  }
  return fallback;
}

std::uint64_t SettingReader::Number(std::string_view key, std::uint64_t fallback, std::uint64_t least,
                                    std::uint64_t most) {
  const Setting* setting = Find(key);
  if (setting == nullptr) return fallback;
  const std::string& text = setting->value;
  std::uint64_t number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure == std::errc() && end == text.data() + text.size() && number >= least && number <= most)
    return number;
  Refuse(*setting, "expected a whole number from " + std::to_string(least) + " to " + std::to_string(most));
  return fallback;
}

std::uint64_t SettingReader::Size(std::string_view key, std::uint64_t fallback, std::uint64_t least,
                                  std::uint64_t most) {
  const Setting* setting = Find(key);
  if (setting == nullptr) return fallback;
  const auto size = ParseSize(setting->value);
  if (!size) {
    Refuse(*setting, size.error().message);
  } else if (*size < least || *size > most) {
    Refuse(*setting, "expected " + FormatSize(least) + " to " + FormatSize(most));
  } else {
    return *size;
  }
  return fallback;
}

bool SettingReader::Flag(std::string_view key, bool fallback) {
  const Setting* setting = Find(key);
  if (setting == nullptr) return fallback;
  if (setting->value != "true" && setting->value != "false") Refuse(*setting, "expected true or false");
  return setting->value == "true";
}

std::string SettingReader::UrlPath(std::string_view key, std::string_view fallback) {
  std::string path = Text(key, fallback);
  const bool clean =
      std::ranges::all_of(path, [](char c) { return c > ' ' && c <= '~' && c != '?' && c != '#'; });
  if (!path.starts_with('/') || !clean) {
    Refuse(*Find(key), "expected a path that starts with / and has no spaces, ? or #");
  }
  return path;
}

std::string SettingReader::UrlPrefix(std::string_view key, std::string_view fallback) {
  std::string path = UrlPath(key, fallback);
  while (path.ends_with('/')) path.pop_back();
  return path;
}

void SettingReader::Refuse(const Setting& setting, std::string_view why) {
  Fail({setting.where + " '" + Printable(setting.value, 80) + "': " + std::string(why)});
}

void SettingReader::Fail(Error error) {
  if (!error_) error_ = std::move(error);
}

}  // namespace buntime
