// Reads text format 0.0.4 strictly, the way a careful scraper would: for tests of what is written.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <set>
#include <string>
#include <string_view>

namespace buntime {

struct Exposition {
  std::map<std::string, double> samples;     // `name{label="value",…}` as written -> value
  std::map<std::string, std::string> types;  // family -> type
};

/// Fails the test on a repeated family or series, a sample outside its family, a missing HELP, TYPE or line
/// feed.
inline Exposition ReadExposition(std::string_view text) {
  Exposition result;
  EXPECT_TRUE(text.empty() || text.ends_with('\n')) << "the last line has no line feed";
  std::string family;
  std::string helped;
  while (!text.empty()) {
    const std::string line(text.substr(0, text.find('\n')));
    text.remove_prefix(line.size() + 1);
    if (line.starts_with("# HELP ")) {
      helped = line.substr(7, line.find(' ', 7) - 7);
    } else if (line.starts_with("# TYPE ")) {
      family = line.substr(7, line.find(' ', 7) - 7);
      EXPECT_EQ(helped, family) << "TYPE without HELP before it";
      EXPECT_TRUE(result.types.emplace(family, line.substr(8 + family.size())).second) << family << " twice";
    } else {
      const std::size_t space = line.rfind(' ');
      const std::string series = line.substr(0, space);
      const std::string name = series.substr(0, series.find('{'));
      const std::string suffix = name.starts_with(family) ? name.substr(family.size()) : "?";
      EXPECT_TRUE(std::set<std::string>({"", "_sum", "_count", "_bucket"}).contains(suffix))
          << line << " stands under " << family;
      char* end = nullptr;
      const double value = std::strtod(line.c_str() + space + 1, &end);
      EXPECT_EQ(*end, '\0') << line;
      EXPECT_TRUE(result.samples.emplace(series, value).second) << series << " twice";
    }
  }
  return result;
}

}  // namespace buntime
