#include "web/response_head.h"

#include <gtest/gtest.h>

namespace buntime {
namespace {

TEST(DateHeaderTest, IsTheFormOfTheStandard) {
  DateHeader date;
  EXPECT_EQ(date.At(784111777), "Sun, 06 Nov 1994 08:49:37 GMT");  // the example of RFC 9110
  EXPECT_EQ(date.At(784111777), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(date.At(0), "Thu, 01 Jan 1970 00:00:00 GMT");
  EXPECT_EQ(date.At(1709208000), "Thu, 29 Feb 2024 12:00:00 GMT");
}

TEST(FormatHeadTest, WritesEveryHeaderOnce) {
  HttpResponse response = PlainAnswer(405, "no");
  response.headers = {{"Allow", "GET\r\nX: y"}};
  std::string head = "what was there before";
  FormatHead(response, {}, false, "now", head);
  EXPECT_EQ(head,
            "HTTP/1.1 405 Method Not Allowed\r\nDate: now\r\nContent-Type: text/plain; charset=utf-8\r\n"
            "Content-Length: 3\r\nAllow: GET  X: y\r\nX-Content-Type-Options: nosniff\r\nConnection: "
            "close\r\n\r\n");
}

TEST(FormatHeadTest, NamesAnUnknownStatusToo) { EXPECT_EQ(ReasonPhrase(299), "<unknown-status>"); }

}  // namespace
}  // namespace buntime
