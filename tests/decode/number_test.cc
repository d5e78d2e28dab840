// Numbers come out as the double nearest to what was written.
#include "decode/number.h"

#include <gtest/gtest.h>

#include <charconv>
#include <cstdlib>
#include <random>
#include <string>

namespace buntime {
namespace {

// The C library's conversion is correctly rounded too, and shares no code with ours.
double Nearest(const std::string& text) { return std::strtod(text.c_str(), nullptr); }

TEST(ReadNumber, IsExactForHandPickedNumbers) {
  for (const std::string text : {"0",
                                 "-0",
                                 "7",
                                 "-7",
                                 "0.1",
                                 "0.30000000000000004",
                                 "230.76",
                                 "9007199254740991",
                                 "9007199254740992",
                                 "9007199254740993",
                                 "900719925474099.3",
                                 "1234567890123456",
                                 "12345678901234567890",
                                 "0.00000000000001",
                                 "0.000000000000001",
                                 "1e23",
                                 "8.5e22",
                                 "123456789e-5",
                                 "1E+2",
                                 "5e-324",
                                 "2.2250738585072011e-308",
                                 "1.7976931348623157e308",
                                 "-1.5e-7",
                                 "4.35",
                                 "0.5",
                                 "100.0"}) {
    const auto value = ReadNumber(text);
    ASSERT_TRUE(value.has_value()) << text;
    EXPECT_EQ(*value, Nearest(text)) << text;
  }
}

TEST(ReadNumber, IsExactForRandomNumbers) {
  std::mt19937_64 random(20240607);
  for (int i = 0; i < 200'000; ++i) {
    std::string text = random() % 8 == 0 ? "-" : "";
    const auto digits = [&](std::size_t count) {
      for (std::size_t d = 0; d < count; ++d) text += static_cast<char>('0' + random() % 10);
    };
    text += static_cast<char>('1' + random() % 9);
    digits(random() % 12);
    if (random() % 2 == 0) {
      text += '.';
      digits(1 + random() % 12);
    }
    if (random() % 8 == 0) text += "e" + std::to_string(static_cast<int>(random() % 500) - 250);
    const auto value = ReadNumber(text);
    ASSERT_TRUE(value.has_value()) << text;
    ASSERT_EQ(*value, Nearest(text)) << text;
  }
}

TEST(ReadNumber, RefusesWhatNoDoubleCanHold) {
  for (const char* text : {"1e309", "-1e309", "1.8e308", "123456e308"}) {
    EXPECT_FALSE(ReadNumber(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace buntime
