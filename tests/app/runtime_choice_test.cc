#include "app/runtime_choice.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace buntime {
namespace {

// Name of the chosen runtime, or the refusal.
std::string Choose(const std::vector<std::string>& names, std::string_view query, Unnamed unnamed) {
  Fleet fleet;
  for (const std::string& name : names) {
    auto runtime = std::make_shared<Runtime>();
    runtime->name = name;
    fleet.runtimes.push_back(runtime);
  }
  HttpRequest request;
  request.query = query;
  const auto choice = ChooseRuntime(fleet, request, unnamed);
  if (const auto* refusal = std::get_if<HttpResponse>(&choice)) {
    EXPECT_EQ(refusal->status, 400);
    return refusal->tail;
  }
  return std::get<0>(choice)->name;
}

TEST(RuntimeChoiceTest, OneNeedsNoName) {
  for (const Unnamed unnamed : {Unnamed::kTheFirst, Unnamed::kRefused}) {
    EXPECT_EQ(Choose({"blue"}, "", unnamed), "blue");
    EXPECT_EQ(Choose({"blue"}, "runtime=blue", unnamed), "blue");
    EXPECT_EQ(Choose({""}, "runtime=", unnamed), "");
  }
}

TEST(RuntimeChoiceTest, OfSeveralThePageMeansTheFirstAndTheDocumentedApiNone) {
  EXPECT_EQ(Choose({"blue", "green"}, "", Unnamed::kTheFirst), "blue");
  EXPECT_EQ(
      Choose({"blue", "green"}, "", Unnamed::kRefused),
      R"({"error":"there are several runtimes: say which with ?runtime=NAME","runtimes":["blue","green"]})");
  EXPECT_EQ(Choose({"blue", "green"}, "x=1&runtime=green", Unnamed::kRefused), "green");
}

TEST(RuntimeChoiceTest, RefusalsListTheNamesAndKeepWhatWasAskedHarmless) {
  EXPECT_EQ(Choose({"a\"b"}, "runtime=%0a%22", Unnamed::kTheFirst),
            R"({"error":"there is no runtime ?\": take one of `runtimes`","runtimes":["a\"b"]})");
}

TEST(RuntimeChoiceTest, AnExporterThatOnlyProbesHasNone) {
  for (const Unnamed unnamed : {Unnamed::kTheFirst, Unnamed::kRefused}) {
    EXPECT_EQ(Choose({}, "", unnamed),
              R"({"error":"no runtime is polled here: /probe asks those it is told","runtimes":[]})");
  }
}

}  // namespace
}  // namespace buntime
