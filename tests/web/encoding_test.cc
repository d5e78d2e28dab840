#include "web/encoding.h"

#include <gtest/gtest.h>

namespace buntime {
namespace {

TEST(AcceptsGzipTest, WhenNamedOrCoveredByTheStar) {
  for (const char* const header :
       {"gzip", "x-gzip", "GZIP", "gzip, deflate, br", "deflate,gzip;q=0.5", "gzip;q=1.0", "gzip;q=0.001",
        "*", "*;q=0.1", "identity;q=0.5, *;q=0.5", "identity;q=0, gzip;q=0.1", "gzip ; q=1", "gzip;q=1.000",
        "br;q=1, gzip;q=0.8", ",,gzip,,", "gzip;level=9;q=0.5", "gzip;Q=0.5", "*;q=0, gzip"}) {
    EXPECT_TRUE(AcceptsGzip(header)) << header;
  }
}

TEST(AcceptsGzipTest, NotWhenRefusedUnnamedOrLessLiked) {
  for (const char* const header :
       {"", " ", "identity", "br", "gzip;q=0", "gzip;q=0.0", "gzip;q=0.000", "*;q=0", "gzip;q=0, *",
        "x-gzip;q=0", "identity, gzip;q=0.5", "identity;q=0.6, *;q=0.5", "deflate, identity", "gzipped",
        "gzip2", "identity;q=0"}) {
    EXPECT_FALSE(AcceptsGzip(header)) << header;
  }
}

TEST(AcceptsGzipTest, UnreadableElementsDoNotCount) {
  for (const char* const header :
       {"gzip;q=", "gzip;q=2", "gzip;q=-1", "gzip;q=1.001", "gzip;q=0.1234", "gzip;q=abc", "gzip;q=0,5",
        "gzip;q=.5", "gzip;q=1e0", ";q=1", ";", ",", "=", "gzip=1"}) {
    EXPECT_FALSE(AcceptsGzip(header)) << header;
    EXPECT_TRUE(AcceptsGzip(std::string(header) + ", x-gzip")) << header;
  }
}

}  // namespace
}  // namespace buntime
