#include "web/etag.h"

#include <gtest/gtest.h>

namespace buntime {
namespace {

TEST(EtagTest, IsFoundAmongOthersWeakOrStrong) {
  for (const auto* const list :
       {R"("a-1")", R"(W/"a-1")", "*", R"("x", W/"a-1")", R"(  "a-1"  ,"x")", R"(,,"a-1")"}) {
    EXPECT_TRUE(MatchesEtag(list, R"(W/"a-1")")) << list;
    EXPECT_TRUE(MatchesEtag(list, R"("a-1")")) << list;
  }
}

TEST(EtagTest, NothingElseIsTakenForIt) {
  for (const auto* const list : {"", "a-1", R"("a-2")", R"("a-1)", R"(w/"a-1")", R"("x,"a-1"")", ",", "**"}) {
    EXPECT_FALSE(MatchesEtag(list, R"(W/"a-1")")) << list;
  }
}

}  // namespace
}  // namespace buntime
