#include "base/result.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace buntime {
namespace {

TEST(ResultTest, HoldsAValue) {
  Result<std::string> result = std::string("yes");
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(*result, "yes");
  EXPECT_EQ(result->size(), 3U);
  EXPECT_THROW(static_cast<void>(result.error()), std::bad_variant_access);
}

TEST(ResultTest, HoldsAnError) {
  const Result<int> result = Error{"because"};
  EXPECT_FALSE(result);
  EXPECT_EQ(result.error().message, "because");
  EXPECT_THROW(static_cast<void>(result.value()), std::bad_variant_access);
}

TEST(ResultTest, MovesItsValueOut) {
  Result<std::unique_ptr<int>> result = std::make_unique<int>(7);
  const std::unique_ptr<int> taken = std::move(result).value();
  EXPECT_EQ(*taken, 7);
}

}  // namespace
}  // namespace buntime
