// The look over a body before it is parsed, at every alignment and block boundary.
#include "decode/bytes.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace buntime {
namespace {

constexpr std::size_t kLongest = 200;  // a few blocks

TEST(FindBadByte, AcceptsText) {
  for (const std::string good :
       {"", "a", "\t\r\n", "\x7F", "é", "€", "😀", "\xF4\x8F\xBF\xBF", "\xED\x9F\xBF"}) {
    for (std::size_t before = 0; before < kLongest; ++before) {
      EXPECT_EQ(FindBadByte(std::string(before, ' ') + good + std::string(70, 'x')), std::nullopt) << good;
      EXPECT_EQ(FindBadByte(std::string(before, ' ') + good), std::nullopt) << good;
    }
  }
}

TEST(FindBadByte, FindsControlCharactersEverywhere) {
  for (const char bad : {'\0', '\x01', '\x08', '\x0B', '\x0C', '\x1F'}) {
    for (std::size_t before = 0; before < kLongest; ++before) {
      const BadByte expected{before, ByteFault::kControl};
      EXPECT_EQ(FindBadByte(std::string(before, 'x') + bad + std::string(70, 'x')), expected);
      EXPECT_EQ(FindBadByte(std::string(before, 'x') + bad), expected);
    }
  }
}

TEST(FindBadByte, FindsMalformedUtf8Everywhere) {
  for (const std::string bad :
       {"\x80", "\xBF", "\xC0\xAF", "\xC1\xBF", "\xC3", "\xC3(", "\xE2\x82", "\xE0\x80\xAF", "\xED\xA0\x80",
        "\xF0\x80\x80\xAF", "\xF0\x9F\x98", "\xF4\x90\x80\x80", "\xF5\x80", "\xFF"}) {
    for (std::size_t before = 0; before < kLongest; ++before) {
      const BadByte expected{before, ByteFault::kNotUtf8};
      EXPECT_EQ(FindBadByte(std::string(before, 'x') + bad + std::string(70, 'x')), expected);
      EXPECT_EQ(FindBadByte(std::string(before, 'x') + bad), expected);
    }
  }
}

TEST(FindBadByte, ReportsTheFirst) {
  EXPECT_EQ(FindBadByte("ab\xFF\x01"), (BadByte{2, ByteFault::kNotUtf8}));
  EXPECT_EQ(FindBadByte("ab\x01\xFF"), (BadByte{2, ByteFault::kControl}));
}

TEST(MendSurrogates, ReplacesHalvesOfPairsAlone) {
  const std::pair<std::string, std::string> cases[] = {
      {R"(plain)", R"(plain)"},
      {R"(\ud83d\ude00)", R"(\ud83d\ude00)"},
      {R"(\ud800)", R"(\ufffd)"},
      {R"(\uDFFFx)", R"(\ufffdx)"},
      {R"(\ud800\ud83d\ude00)", R"(\ufffd\ud83d\ude00)"},
      {R"(\ud83d\u0041)", R"(\ufffd\u0041)"},
      {R"(\ud83d\n\ude00)", R"(\ufffd\n\ufffd)"},
      {R"(\\ud800)", R"(\\ud800)"},
      {R"(\\\ud800)", R"(\\\ufffd)"},
      {R"(\ud80)", R"(\ud80)"},
      {R"(\ud80g)", R"(\ud80g)"},
      {R"(\)", R"(\)"},
  };
  for (const auto& [from, to] : cases) {
    std::string text = from;
    const std::uint32_t mended = MendSurrogates(text);
    EXPECT_EQ(text, to);
    EXPECT_EQ(mended > 0, from != to) << from;
  }
  std::string three = R"(\ud800\udc00\udc00\udfff)";
  EXPECT_EQ(MendSurrogates(three), 2U);
}

}  // namespace
}  // namespace buntime
