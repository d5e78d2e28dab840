#include "web/query.h"

#include <gtest/gtest.h>

namespace buntime {
namespace {

TEST(QueryTest, FindsTheFirstOfTheName) {
  EXPECT_EQ(QueryParameter("a=1&runtime=x&runtime=y", "runtime"), "x");
  EXPECT_EQ(QueryParameter("runtime=a%20b+c%26d%3D", "runtime"), "a b c&d=");
  EXPECT_EQ(QueryParameter("runtime=", "runtime"), "");
  EXPECT_EQ(QueryParameter("runtime", "runtime"), "");
  EXPECT_EQ(QueryParameter("&&runtime=a=b", "runtime"), "a=b");
}

TEST(QueryTest, FindsNothingElse) {
  EXPECT_EQ(QueryParameter("", "runtime"), std::nullopt);
  EXPECT_EQ(QueryParameter("runtimes=x&xruntime=y&RUNTIME=z", "runtime"), std::nullopt);
  EXPECT_EQ(QueryParameter("runtime=%zz", "runtime"), std::nullopt);
  EXPECT_EQ(QueryParameter("runtime=%0", "runtime"), std::nullopt);
  EXPECT_EQ(QueryParameter("runtime=a%00b", "runtime"), std::nullopt);
}

}  // namespace
}  // namespace buntime
