#include "poll/layout_choice.h"

#include <gtest/gtest.h>

#include <string>

namespace buntime {
namespace {

std::string Choice(std::string_view version) {
  const LayoutChoice choice = ChooseLayouts(version);
  std::string text = choice.known ? "known" : "guess";
  for (const Layout layout : choice.layouts) text += " " + std::string(Name(layout));
  return text;
}

TEST(LayoutChoiceTest, EveryReleaseHasOneLayout) {
  EXPECT_EQ(Choice("1.0.3"), "known api");
  EXPECT_EQ(Choice("1.1.0"), "known api");
  EXPECT_EQ(Choice("1.3.0"), "known admin");
  EXPECT_EQ(Choice("1.4.0"), "known admin");
}

TEST(LayoutChoiceTest, AVersionBetweenTwoThatAgreeIsLikeThem) {
  EXPECT_EQ(Choice("1.0.9"), "known api");
  EXPECT_EQ(Choice("1.3.7"), "known admin");
  EXPECT_EQ(Choice("v1.3.0-rc.1"), "known admin");
}

TEST(LayoutChoiceTest, AnUnknownVersionBeginsWithItsNeighbour) {
  EXPECT_EQ(Choice("1.4.1"), "guess admin api documented");
  EXPECT_EQ(Choice("2.0"), "guess admin api documented");
  EXPECT_EQ(Choice("1.2.0"), "guess api admin documented");
  EXPECT_EQ(Choice("0.9.9"), "guess api admin documented");
}

TEST(LayoutChoiceTest, WhatIsNoVersionTellsNothing) {
  for (const char* text : {"", "documented", "1", "1.", "v", "1.x.0", "-1.4.0", "4294967296.0.0", "1,4,0"}) {
    EXPECT_EQ(Choice(text), "guess admin api documented") << text;
  }
}

}  // namespace
}  // namespace buntime
