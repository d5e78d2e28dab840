// Reads text format 0.0.4 into families whose samples can be compared whatever their order and spelling: for
// tests that hold one writer against another.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>

namespace buntime {

struct SeriesKey {
  std::string name;  // with `_sum` and the like
  std::map<std::string, std::string> labels;
  friend auto operator<=>(const SeriesKey&, const SeriesKey&) = default;
};

inline std::ostream& operator<<(std::ostream& out, const SeriesKey& key) {
  out << key.name << '{';
  for (const auto& [name, value] : key.labels) out << name << '=' << testing::PrintToString(value) << ',';
  return out << '}';
}

struct FamilyText {
  std::string help;
  std::string type;
  std::map<SeriesKey, double> samples;
};
using Families = std::map<std::string, FamilyText>;

/// Whether a writer escapes HELP texts: prometheus-cpp 1.0.1 does not.
enum class HelpIs { kEscaped, kRaw };

class FamiliesReader {
 public:
  FamiliesReader(std::string_view text, HelpIs help) : text_(text), help_(help) {}

  /// Fails the test on a family or series that comes twice.
  Families Read() {
    std::string family;
    while (!text_.empty()) {
      const std::string_view line = text_.substr(0, text_.find('\n'));
      text_.remove_prefix(line.size() + 1);
      if (line.starts_with("# HELP ")) {
        const auto [name, help] = Split(line.substr(7), ' ');
        family = name;
        EXPECT_TRUE(families_.try_emplace(family).second) << family << " twice";
        families_[family].help = help_ == HelpIs::kEscaped ? Unescaped(help) : std::string(help);
      } else if (line.starts_with("# TYPE ")) {
        const auto [name, type] = Split(line.substr(7), ' ');
        EXPECT_EQ(name, family);
        families_[family].type = type;
      } else {
        ReadSample(line, families_[family]);
      }
    }
    return std::move(families_);
  }

 private:
  static std::pair<std::string_view, std::string_view> Split(std::string_view text, char at) {
    const std::size_t place = text.find(at);
    return {text.substr(0, place), text.substr(std::min(text.size(), place + 1))};
  }

  static std::string Unescaped(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '\\') ++i;
      out += text[i] == 'n' && i > 0 && text[i - 1] == '\\' ? '\n' : text[i];
    }
    return out;
  }

  static void ReadSample(std::string_view line, FamilyText& family) {
    SeriesKey key;
    std::size_t at = line.find_first_of("{ ");
    key.name = line.substr(0, at);
    if (line[at] == '{') {
      while (line[at] != '}') {
        const std::size_t equals = line.find('=', ++at);
        std::size_t end = equals + 2;
        while (line[end] != '"') end += line[end] == '\\' ? 2U : 1U;
        key.labels.emplace(line.substr(at, equals - at),
                           Unescaped(line.substr(equals + 2, end - equals - 2)));
        at = end + 1;
      }
      ++at;
    }
    const double value = std::strtod(std::string(line.substr(at + 1)).c_str(), nullptr);
    EXPECT_TRUE(family.samples.emplace(key, value).second) << key << " twice";
  }

  std::string_view text_;
  const HelpIs help_;
  Families families_;
};

}  // namespace buntime
