#include "api/json_writer.h"

#include <gtest/gtest.h>

#include <limits>

#include "api/json.h"

namespace buntime {
namespace {

TEST(JsonWriterTest, PutsCommasBetweenAndNowhereElse) {
  std::string out;
  JsonWriter json(out);
  json.BeginArray();
  json.BeginObject();
  json.EndObject();
  json.BeginObject();
  json.Key("a").BeginArray();
  json.Number(1);
  json.Null();
  json.BeginArray();
  json.EndArray();
  json.EndArray();
  json.Key("b").Bool(true);
  json.Key("c").String("x");
  json.EndObject();
  json.Bool(false);
  json.EndArray();
  EXPECT_EQ(out, R"([{},{"a":[1,null,[]],"b":true,"c":"x"},false])");
}

TEST(JsonWriterTest, HasNoNumberForWhatIsNone) {
  std::string out;
  JsonWriter json(out);
  json.BeginArray();
  json.Number(std::numeric_limits<double>::quiet_NaN());
  json.Number(std::numeric_limits<double>::infinity());
  json.Number(std::optional<double>());
  json.Short(std::numeric_limits<float>::quiet_NaN());
  json.Short(std::optional<float>());
  json.StringOrNull("");
  json.EndArray();
  EXPECT_EQ(out, "[null,null,null,null,null,null]");
}

TEST(JsonWriterTest, NumbersReadBackAsTheyWere) {
  for (const double value : {0.0, -1.0, 0.1, 1e-6, 1.7976931348623157e308, 123456789012345678.0}) {
    std::string out;
    JsonWriter(out).Number(value);
    EXPECT_EQ(testing::Parse(out).GetDouble(), value) << out;
  }
  std::string out;
  JsonWriter(out).Short(0.35F);
  EXPECT_EQ(out, "0.35");
}

TEST(JsonWriterTest, SumsOfDecimalFractionsHaveNoNoise) {
  double sum = 0;
  for (int i = 0; i < 100'000; ++i) sum += 0.1;
  std::string out;
  JsonWriter json(out);
  json.BeginArray();
  json.Number(0.1 + 0.2);
  json.Number(sum);
  json.Number(1e-9);
  json.EndArray();
  EXPECT_EQ(out, "[0.3,10000,0]");
}

TEST(JsonWriterTest, HostileTextStaysText) {
  const std::string hostile = "</script>\"\\\n\r\t\x7f\xe2\x80\xa8\xe2\x80\xae" + std::string(1, '\0');
  std::string out;
  JsonWriter(out).String(hostile);
  EXPECT_EQ(out.find('\n'), out.npos);
  EXPECT_EQ(out.find('\r'), out.npos);
  const auto read = testing::Parse(out);
  EXPECT_EQ(std::string(read.GetString(), read.GetStringLength()), hostile);
}

}  // namespace
}  // namespace buntime
