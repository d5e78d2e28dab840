// What a client sees that sends something the server does not serve. Each refusal has the right status, a
// reason of one line, and ends the connection wherever the server could be wrong about where the next request
// begins.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "web/server_fixture.h"

namespace buntime::testing {
namespace {

using namespace std::string_literals;

struct Refused {
  std::string bytes;
  int status;
  std::string reason;  // a part of it
};

std::string Get(const std::string& headers, const std::string& target = "/") {
  return "GET " + target + " HTTP/1.1\r\nHost: a\r\n" + headers + "\r\n";
}

class RefusalsTest : public ServerTest {
 protected:
  // Every case is sent with a whole request behind it, which must not be answered.
  void ExpectRefused(const std::vector<Refused>& cases) {
    Start();
    for (const Refused& c : cases) {
      SCOPED_TRACE(c.bytes.substr(0, 200));
      HttpClient client = Connect();
      const Answer answer = client.AskRaw(c.bytes + Get(""));
      EXPECT_EQ(answer.status, c.status) << answer.body;
      EXPECT_NE(answer.body.find(c.reason), std::string::npos) << answer.body;
      EXPECT_EQ(answer.body.find('\n'), answer.body.size() - 1) << answer.body;
      EXPECT_EQ(answer.Header("Connection"), "close");
      EXPECT_TRUE(client.AtEnd());
    }
    EXPECT_EQ(Connect().Ask("/").status, 200);
  }
};

TEST_F(RefusalsTest, MalformedRequestLines) {
  ExpectRefused({
      {"GET\r\n\r\n", 400, "request line"},
      {"GET /\r\n\r\n", 400, "request line"},
      {"GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400, "request line"},
      {" GET / HTTP/1.1\r\nHost: a\r\n\r\n", 400, "request line"},
      {"GET / HTTP/1.1 \r\nHost: a\r\n\r\n", 400, "request line"},
      {"GET / http/1.1\r\nHost: a\r\n\r\n", 400, "request line"},
      {"GET / HTTP/11\r\nHost: a\r\n\r\n", 400, "request line"},
      {"G(T / HTTP/1.1\r\nHost: a\r\n\r\n", 400, "request line"},
      {"GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", 400, "request line"},
      {"GET foo HTTP/1.1\r\nHost: a\r\n\r\n", 400, "starts with /"},
      {"CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n", 400, "starts with /"},
      {Get("", "/%00"), 400, "%"},
      {Get("", "/%4"), 400, "%"},
      {Get("", "/%zz"), 400, "%"},
      {"\x16\x03\x01\x02\x00\x01"s, 400, "TLS"},
  });
}

TEST_F(RefusalsTest, OtherVersions) {
  ExpectRefused({
      {"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505, "not HTTP/2.0"},
      {"GET / HTTP/0.9\r\n\r\n", 505, "not HTTP/0.9"},
      {"GET / HTTP/1.2\r\nHost: a\r\n\r\n", 505, "not HTTP/1.2"},
      {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, "not HTTP/2.0"},
  });
}

TEST_F(RefusalsTest, HeadersThatServersReadDifferently) {
  ExpectRefused({
      {"GET / HTTP/1.1\r\nHost: a b/\\c@d\r\n\r\n", 400, "Host"},
      {"GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", 400, "Host"},
      {"GET / HTTP/1.1\r\nHost: a,b\r\n\r\n", 400, "Host"},
      {"GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", 400, "Host"},
      {"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400, "Host"},
      {"GET / HTTP/1.1\r\nHost: a:b\r\n\r\n", 400, "Host"},
      {"GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", 400, "Host"},
      {"GET / HTTP/1.1\r\nHost: [::1]x\r\n\r\n", 400, "Host"},
      {"GET / HTTP/1.0\r\nHost: a b\r\n\r\n", 400, "Host"},
      {"GET http://a@b/ HTTP/1.1\r\nHost: a\r\n\r\n", 400, "host"},
      {"GET http:///x HTTP/1.1\r\nHost: a\r\n\r\n", 400, "host"},
      {"GET / HTTP/1.1\nHost: a\n\n", 400, "LF"},
      {"GET / HTTP/1.1\r\nHost: a\r\nX: y\nContent-Length: 5\r\n\r\n", 400, "LF"},
      {"GET / HTTP/1.1\r\nHost: a\r\n\n", 400, "LF"},
      {"GET / HTTP/1.1\r\nHost: a\rX: y\r\n\r\n", 400, "CR"},
      {"GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n", 400, "continued"},
      {"GET / HTTP/1.1\r\n\tHost: a\r\n\r\n", 400, "continued"},
      {"GET / HTTP/1.1\r\nHost: a\0b\r\n\r\n"s, 400, "control"},
      {"GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n"s, 400, "control"},
      {"GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400, "header line"},
      {"GET / HTTP/1.1\r\nHost\r\n\r\n", 400, "header line"},
      {"GET / HTTP/1.1\r\n: a\r\n\r\n", 400, "header line"},
      {"GET / HTTP/1.1\r\n\r\n", 400, "Host"},
      {"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400, "Host"},
  });
}

TEST_F(RefusalsTest, UnclearBodyLengths) {
  ExpectRefused({
      {Get("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n") + "0\r\n\r\n", 400, "length"},
      {Get("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n") + "0\r\n\r\n", 400, "length"},
      {Get("Transfer-Encoding: gzip\r\nContent-Length: 3\r\n"), 400, "Content-Length and Transfer-Encoding"},
      {Get("Content-Length: 3\r\nContent-Length: 4\r\n"), 400, "length"},
      {Get("Content-Length: 3, 4\r\n"), 400, "length"},
      {Get("Content-Length: -1\r\n"), 400, "length"},
      {Get("Content-Length: +1\r\n"), 400, "length"},
      {Get("Content-Length: 0x1\r\n"), 400, "length"},
      {Get("Content-Length:\r\n"), 400, "length"},
      {Get("Content-Length: 18446744073709551616\r\n"), 400, "length"},
      {Get("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), 400, "length"},
      {"GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, "HTTP/1.0"},
      {Get("Transfer-Encoding: gzip\r\n"), 501, "Content-Length"},
      {Get("Transfer-Encoding: gzip, chunked\r\n"), 501, "Content-Length"},
      {Get("Transfer-Encoding: xchunked\r\n"), 501, "Content-Length"},
      {Get("Transfer-Encoding: chunked\r\n") + "3\r\nabc\r\n0\r\n\r\n", 411, "Content-Length"},
      {Get("Transfer-Encoding: chunked\r\n") + "zz\r\n", 411, "Content-Length"},
      {Get("Transfer-Encoding: chunked\r\n") + "3\r\nabcd\r\n", 411, "Content-Length"},
      {Get("Transfer-Encoding: chunked\r\n") + "3\nabc\n0\n\n\r\n", 411, "Content-Length"},
      {Get("Transfer-Encoding: chunked\r\n") + "FFFFFFFFFFFFFFFFF\r\n", 411, "Content-Length"},
  });
}

TEST_F(RefusalsTest, TooLarge) {
  options_.limits.header_bytes = 4096;
  options_.limits.target_bytes = 1024;
  std::string small_headers;
  while (small_headers.size() < 4096) small_headers += "A: b\r\n";
  ExpectRefused({
      {Get("", "/" + std::string(1024, 'x')), 414, "longer than 1KiB"},
      {"GET /" + std::string(5000, 'x'), 414, "longer than 4KiB"},
      {std::string(100'000, 'x'), 414, "longer than 4KiB"},
      {Get("X: " + std::string(5000, 'x') + "\r\n"), 431, "longer than 4KiB"},
      {Get(small_headers), 431, "longer than 4KiB"},
      {Get("Content-Length: 4097\r\n"), 413, "4KiB"},
      {Get("Content-Length: 4097\r\nExpect: 100-continue\r\n"), 413, "4KiB"},
      {Get("Content-Length: 18446744073709551615\r\n"), 413, "4KiB"},
      {Get("Transfer-Encoding: chunked\r\n") + "1001\r\n" + std::string(4097, 'b'), 411, "Content-Length"},
      {Get("Transfer-Encoding: chunked\r\n") + "800\r\n" + std::string(2048, 'b') + "\r\n801\r\n", 411,
       "Content-Length"},
      {Get("Transfer-Encoding: chunked\r\n") + "1;" + std::string(20'000, 'e'), 411, "Content-Length"},
      {Get("Transfer-Encoding: chunked\r\n") + "0\r\nA: " + std::string(20'000, 't'), 411, "Content-Length"},
  });
}

TEST_F(RefusalsTest, LongestRequestThatFitsIsServed) {
  options_.limits.header_bytes = 4096;
  options_.limits.target_bytes = 1024;
  Start();
  const std::string target = "/echo?" + std::string(1018, 'q');
  const std::string rest = " HTTP/1.1\r\nHost: a\r\nContent-Length: 4096\r\nX: \r\n\r\n";
  const std::string start = "GET " + target;
  HttpClient client = Connect();
  std::string request = start + rest;
  request.insert(request.size() - 4, 4096 - request.size(), 'x');
  request += std::string(4096, 'b');
  EXPECT_EQ(client.AskRaw(request + request).status, 200);
  EXPECT_EQ(client.Read().status, 200);
}

TEST_F(RefusalsTest, UnknownPathsAreNamedAndConnectionsKept) {
  Start();
  HttpClient client = Connect();
  const auto reason = [&client](const std::string& target) {
    const Answer answer = client.Ask(target);
    EXPECT_EQ(answer.status, 404);
    EXPECT_EQ(answer.Header("Connection"), "keep-alive");
    return answer.body;
  };
  EXPECT_EQ(reason("/x?secret"), "nothing is served at /x; try / or /metrics\n");
  EXPECT_EQ(reason("/metrics/"), "nothing is served at /metrics/; try / or /metrics\n");
  EXPECT_EQ(reason("/METRICS"), "nothing is served at /METRICS; try / or /metrics\n");
  EXPECT_EQ(reason("/../etc/passwd"), "nothing is served at /../etc/passwd; try / or /metrics\n");
  EXPECT_EQ(reason("//metrics"), "nothing is served at //metrics; try / or /metrics\n");
  EXPECT_EQ(reason("/%0d%0aX:%1b"), "nothing is served at /??X:?; try / or /metrics\n");
  EXPECT_EQ(reason("*"), "nothing is served at *; try / or /metrics\n");
  EXPECT_LT(reason("/" + std::string(3000, 'x')).size(), 200u);
}

TEST_F(RefusalsTest, OtherMethodsAreToldWhichAreAllowed) {
  Start();
  HttpClient client = Connect();
  for (const std::string method : {"POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH", "get", "BREW"}) {
    const Answer answer = client.Ask("/metrics", "Content-Length: 0\r\n", method);
    EXPECT_EQ(answer.status, 405);
    EXPECT_EQ(answer.Header("Allow"), "GET, HEAD");
    EXPECT_EQ(answer.body, "/metrics takes GET and HEAD, not " + method + "\n");
  }
  EXPECT_EQ(client.AskRaw("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\na=b").status, 405);
  EXPECT_EQ(client.Ask("/").status, 200);
}

}  // namespace
}  // namespace buntime::testing
