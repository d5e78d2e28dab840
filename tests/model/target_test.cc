#include "model/target.h"

#include <gtest/gtest.h>

#include <string>

namespace buntime {
namespace {

TEST(RuntimeUrlTest, ReadsBaseUrls) {
  EXPECT_EQ(*ParseRuntimeUrl("http://localhost:8000"), (RuntimeUrl{"http://localhost:8000", "", ""}));
  EXPECT_EQ(*ParseRuntimeUrl("HTTPS://10.0.0.5"), (RuntimeUrl{"https://10.0.0.5", "", ""}));
  EXPECT_EQ(*ParseRuntimeUrl("http://[::1]:8000/"), (RuntimeUrl{"http://[::1]:8000", "", ""}));
  EXPECT_EQ(*ParseRuntimeUrl("http://h_1.svc:1/a/b//"), (RuntimeUrl{"http://h_1.svc:1", "/a/b", ""}));
}

TEST(RuntimeUrlTest, TakesAStatsUrlAsItIs) {
  EXPECT_EQ(*ParseRuntimeUrl("http://h:1/metrics/admin/stats"),
            (RuntimeUrl{"http://h:1", "", "/metrics/admin/stats"}));
  EXPECT_EQ(*ParseRuntimeUrl("http://h:1/x/stats"), (RuntimeUrl{"http://h:1", "", "/x/stats"}));
  EXPECT_EQ(ParseRuntimeUrl("http://h:1/mystats")->exact_stats, "");
}

TEST(RuntimeUrlTest, ReadsItsOwnText) {
  for (const char* url : {"http://h:1", "https://[::1]:8443/a/b", "http://h:1/metrics/admin/stats"}) {
    EXPECT_EQ(ParseRuntimeUrl(url)->Text(), url);
  }
}

TEST(RuntimeUrlTest, SaysWhatIsWrong) {
  const auto why = [](const char* url) { return ParseRuntimeUrl(url).error().message; };
  EXPECT_EQ(why("localhost:8000"), "has no scheme: expected http://HOST:PORT or https://HOST:PORT");
  EXPECT_EQ(why("ftp://h"), "has the scheme 'ftp': only http and https are polled");
  EXPECT_EQ(why("http://h/?q=1"), "has a query or fragment: expected the base URL alone");
  EXPECT_EQ(why("http://h#x"), "has a query or fragment: expected the base URL alone");
  EXPECT_EQ(why("http://h/a b"), "has characters in its path that a URL cannot hold: percent-encode them");
  for (const char* host :
       {"http://", "http://:80", "http://h:0", "http://h:65536", "http://h:", "http://h:x", "http://[::1",
        "http://[]:1", "http://[g]:1", "http://a b", "http://h\r\nx", "http:///x"}) {
    EXPECT_EQ(why(host), "has no valid host and port after ://: expected HOST, HOST:PORT or [IPV6]:PORT")
        << host;
  }
}

TEST(RuntimeUrlTest, RefusesCredentialsWithoutRepeatingThem) {
  for (const char* url : {"http://user:hunter2@h:1", "http://hunter2@h", "https://user:hunter2@h/?x"}) {
    const std::string message = ParseRuntimeUrl(url).error().message;
    EXPECT_NE(message.find("--runtime.api-key-file"), std::string::npos);
    EXPECT_EQ(message.find("hunter2"), std::string::npos);
  }
}

}  // namespace
}  // namespace buntime
