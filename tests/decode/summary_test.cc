// The pool summary and the version of a health answer.
#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "decode/decoder.h"

namespace buntime {
namespace {

TEST(DecodeSummary, FindsTheUptime) {
  const auto summary = DecodeSummary(
      R"({"size":500,"active":12,"utilization":0.03,"uptime":3600.25,"timestamp":"2025-01-01T00:00:00Z"})");
  ASSERT_TRUE(summary.ok());
  EXPECT_EQ(summary->uptime_seconds, 3600.25);
}

TEST(DecodeSummary, AnUptimeThatIsNoneIsAbsent) {
  for (const char* uptime : {"null", "-1", R"("12")", "true", "[5]", R"({"uptime":5})"}) {
    const auto summary = DecodeSummary(R"({"size":1,"uptime":)" + std::string(uptime) + "}");
    ASSERT_TRUE(summary.ok()) << uptime;
    EXPECT_FALSE(summary->uptime_seconds.has_value()) << uptime;
  }
  EXPECT_FALSE(DecodeSummary(R"({"size":1})")->uptime_seconds.has_value());
}

TEST(DecodeSummary, SaysWhatIsWrong) {
  struct {
    std::string body;
    Outcome outcome;
    std::string message;
  } const cases[] = {
      {"", Outcome::kNotJson, "an empty body instead of JSON"},
      {"<html>", Outcome::kNotJson, "a web page instead of JSON"},
      {R"({"uptime":})", Outcome::kNotJson, "not JSON: invalid value at byte 10"},
      {R"({"uptime":1})"
       "\xFF",
       Outcome::kNotJson, "not JSON: invalid UTF-8 at byte 12"},
      {"[]", Outcome::kSchema, "body: an array instead of an object"},
      {"7", Outcome::kSchema, "body: a number instead of an object"},
      {R"({"error":"no"})", Outcome::kSchema, "summary: none of the known fields"},
      {R"({"nested":{"uptime":1}})", Outcome::kSchema, "summary: none of the known fields"},
      {"{}", Outcome::kNotInitialized, "the runtime has no worker pool yet"},
      {R"({"a":)" + std::string(16, '[') + std::string(16, ']') + "}", Outcome::kTooLarge,
       "JSON nested more than 16 levels deep"},
  };
  for (const auto& bad : cases) {
    const auto summary = DecodeSummary(bad.body);
    ASSERT_FALSE(summary.ok()) << bad.body;
    EXPECT_EQ(Name(summary.error().outcome), Name(bad.outcome)) << bad.body;
    EXPECT_EQ(summary.error().message, bad.message) << bad.body;
  }
}

TEST(DecodeVersion, TakesAShortString) {
  EXPECT_EQ(DecodeVersion(R"({"status":"healthy","version":"0.5.4"})"), "0.5.4");
  EXPECT_EQ(DecodeVersion(R"({"version":")" + std::string(64, '1') + R"("})"), std::string(64, '1'));
}

TEST(DecodeVersion, TakesNothingElse) {
  const std::string cases[] = {
      "",
      "<html>",
      "{",
      "[]",
      "{}",
      R"({"version":5})",
      R"({"version":null})",
      R"({"version":""})",
      R"({"version":"a\nb"})",
      R"({"version":"\udc00"})",
      R"({"build":{"version":"1"}})",
      R"({"version":")" + std::string(65, '1') + R"("})",
  };
  for (const std::string& body : cases) EXPECT_EQ(DecodeVersion(body), std::nullopt) << body;
}

}  // namespace
}  // namespace buntime
