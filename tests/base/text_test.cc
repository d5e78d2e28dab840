#include "base/text.h"

#include <gtest/gtest.h>

#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace buntime {
namespace {

using namespace std::chrono_literals;

std::string Number(double value) {
  std::string out;
  AppendNumber(out, value);
  return out;
}

std::string Json(std::string_view text) {
  std::string out;
  AppendJsonString(out, text);
  return out;
}

TEST(TextTest, TrimCutsWhiteSpaceAtBothEnds) {
  EXPECT_EQ(Trim(" \t a b\r\n"), "a b");
  EXPECT_EQ(Trim(" \n"), "");
  EXPECT_EQ(Trim(""), "");
}

TEST(TextTest, ComparesAsciiWithoutCase) {
  EXPECT_TRUE(EqualsIgnoringCase("Text/HTML", "text/html"));
  EXPECT_FALSE(EqualsIgnoringCase("text/html", "text/htm"));
  EXPECT_FALSE(EqualsIgnoringCase("[", "{"));
}

TEST(TextTest, KnowsWellFormedUtf8) {
  for (const char* good : {"", "plain ascii, longer than one word of memory", "ä", "\xE2\x82\xAC",
                           "\xF0\x9F\x98\x80", "\xED\x9F\xBF", "\xF4\x8F\xBF\xBF", "12345678\xC3\xA4"}) {
    EXPECT_TRUE(IsUtf8(good)) << good;
  }
  for (const char* bad :
       {"\x80", "\xC3", "\xC0\x80", "\xC1\xBF", "\xE0\x80\x80", "\xED\xA0\x80", "\xF0\x80\x80\x80",
        "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF", "12345678\xC3", "abc\xE2\x82"}) {
    EXPECT_FALSE(IsUtf8(bad)) << bad;
  }
}

TEST(TextTest, CutsBetweenCharacters) {
  EXPECT_EQ(CutUtf8("abc", 3), "abc");
  EXPECT_EQ(CutUtf8("abc", 2), "ab");
  EXPECT_EQ(CutUtf8("a\xE2\x82\xAC", 3), "a");
  EXPECT_EQ(CutUtf8("\xE2\x82\xAC", 1), "");
}

TEST(TextTest, ReadsDurations) {
  const std::vector<std::pair<const char*, Duration>> cases = {
      {"0", 0s},       {"5s", 5s},  {"1m30s", 90s},   {"500ms", 500ms},
      {"1.5h", 90min}, {"2d", 48h}, {"0.25s", 250ms}, {"1h2m3s4ms", 3723s + 4ms},
      {"0s", 0s}};
  for (const auto& [text, expected] : cases) {
    const auto parsed = ParseDuration(text);
    ASSERT_TRUE(parsed) << text;
    EXPECT_EQ(*parsed, expected) << text;
  }
}

TEST(TextTest, RefusesWhatIsNoDuration) {
  for (const char* text : {"", "5", "5x", "s", "-1s", "1s1s", "1s2m", "1 s", "1e3s", "5s ", ".5s", "1s5",
                           "inf", "99999999999999999999d"}) {
    EXPECT_FALSE(ParseDuration(text)) << text;
  }
  EXPECT_EQ(ParseDuration("200y").error().message,
            "expected a duration such as 500ms, 5s or 1m30s (units: ms, s, m, h, d)");
}

TEST(TextTest, FormattedDurationsReadBack) {
  for (const char* text : {"0s", "5s", "1m30s", "500ms", "1h", "2d", "1d2h3m4s5ms", "0.5ms"}) {
    EXPECT_EQ(FormatDuration(*ParseDuration(text)), text);
  }
}

TEST(TextTest, ReadsSizes) {
  const std::vector<std::pair<const char*, std::uint64_t>> cases = {
      {"0", 0},         {"65536", 65536},    {"64MiB", 67108864},
      {"1.5KiB", 1536}, {"2GB", 2000000000}, {"64mib", 67108864},
      {"10B", 10},      {"1GiB", 1073741824}};
  for (const auto& [text, expected] : cases) {
    const auto parsed = ParseSize(text);
    ASSERT_TRUE(parsed) << text;
    EXPECT_EQ(*parsed, expected) << text;
  }
  for (const char* text : {"", "MiB", "-1", "1TiB", "1 MiB", "99999999GiB"})
    EXPECT_FALSE(ParseSize(text)) << text;
}

TEST(TextTest, FormattedSizesReadBack) {
  for (const char* text : {"0B", "1000B", "64MiB", "1GiB", "1KiB"}) {
    EXPECT_EQ(FormatSize(*ParseSize(text)), text);
  }
}

TEST(TextTest, WritesJsonStrings) {
  EXPECT_EQ(Json("a\"b\\c\n\x01\x7F"), R"("a\"b\\c\n\u0001\u007f")");
  EXPECT_EQ(Json("\xE2\x82\xAC"), "\"\xE2\x82\xAC\"");
  EXPECT_EQ(Json("x\xFFy"), "\"x\xEF\xBF\xBDy\"");
}

TEST(TextTest, WritesNumbersInTheirShortestForm) {
  EXPECT_EQ(Number(0), "0");
  EXPECT_EQ(Number(-0.0), "0");
  EXPECT_EQ(Number(42), "42");
  EXPECT_EQ(Number(-7), "-7");
  EXPECT_EQ(Number(0.03), "0.03");
  EXPECT_EQ(Number(33.909), "33.909");
  EXPECT_EQ(Number(123456789012345), "123456789012345");
  EXPECT_EQ(Number(std::numeric_limits<double>::quiet_NaN()), "NaN");
  EXPECT_EQ(Number(std::numeric_limits<double>::infinity()), "+Inf");
  EXPECT_EQ(Number(-std::numeric_limits<double>::infinity()), "-Inf");
}

TEST(TextTest, EveryNumberReadsBackAsItself) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 20000; ++i) {
    const std::uint64_t bits = random();
    double value = 0;
    static_assert(sizeof value == sizeof bits);
    std::memcpy(&value, &bits, sizeof value);
    if (!std::isfinite(value)) continue;
    const std::string text = Number(value);
    double back = 0;
    std::from_chars(text.data(), text.data() + text.size(), back);
    ASSERT_EQ(back, value) << text;
  }
}

TEST(TextTest, PrintableIsOneLineAndBounded) {
  EXPECT_EQ(Printable("a\nb\x1b[31m\xFF"), "a?b?[31m?");
  EXPECT_EQ(Printable("\xE2\x82\xAC uro"), "\xE2\x82\xAC uro");
  EXPECT_EQ(Printable("abcdef", 3), "abc…");
}

}  // namespace
}  // namespace buntime
