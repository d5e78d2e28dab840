// What comes of an exchange, good or bad, and how it is told.
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "fetch/fetch_case.h"

namespace buntime {
namespace {

using testing::Always;
using testing::Answer;
using testing::Authority;
using testing::Connection;
using testing::FetchCase;
using testing::ScriptServer;

class Outcomes : public FetchCase {};

// A port that nobody listens on: it was free a moment ago, and loopback ports are not handed out again soon.
int ClosedPort() {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  EXPECT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&address), size), 0);
  EXPECT_EQ(getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size), 0);
  close(fd);
  return ntohs(address.sin_port);
}

TEST_F(Outcomes, AnAnswerIsHandedOverAsItIs) {
  ScriptServer server(Always(Answer(R"({"pool":{}})", "Content-Type: ignored/too\r\n")));
  const auto result = Run(Get(server.url()));
  ExpectAnswer(result, 200, R"({"pool":{}})");
  EXPECT_EQ(result->location, "");
}

TEST_F(Outcomes, TheRequestIsPlain) {
  ScriptServer server(Always(Answer("{}")));
  ExpectAnswer(Run(Get(server.url())), 200, "{}");
  const std::string head = server.requests().at(0);
  EXPECT_EQ(head, "GET /stats HTTP/1.1\r\nHost: " + Authority(server) +
                      "\r\nUser-Agent: buntime-exporter/1.2.3\r\nAccept-Encoding: gzip, deflate\r\n"
                      "Accept: application/json\r\n\r\n");
}

TEST_F(Outcomes, EveryStatusIsAnAnswer) {
  for (const char* status :
       {"204 No Content", "401 Unauthorized", "404 Not Found", "429 Slow Down", "503 Busy"}) {
    const std::string body = status[0] == '2' ? "" : "why";
    ScriptServer server(Always("HTTP/1.1 " + std::string(status) +
                               "\r\nContent-Type: text/plain\r\nContent-Length: " +
                               std::to_string(body.size()) + "\r\n\r\n" + body));
    const auto result = Run(Get(server.url()));
    ExpectAnswer(result, std::atoi(status), body);
    EXPECT_EQ(result->content_type, "text/plain");
  }
}

TEST_F(Outcomes, RedirectsAreReportedNotFollowed) {
  ScriptServer elsewhere(Always(Answer("{}")));
  ScriptServer server(Always(Answer("", "Location: " + elsewhere.url() + "\r\n", "302 Found")));
  const auto result = Run(Get(server.url()));
  ExpectAnswer(result, 302, "");
  EXPECT_EQ(result->location, elsewhere.url());
  EXPECT_EQ(elsewhere.accepted(), 0);
}

TEST_F(Outcomes, TheEnvironmentsProxyIsNotUsed) {
  ScriptServer server(Always(Answer("{}")));
  ScriptServer proxy(Always(Answer("proxied")));
  setenv("http_proxy", proxy.url().c_str(), 1);
  setenv("ALL_PROXY", proxy.url().c_str(), 1);
  ExpectAnswer(Run(Get(server.url())), 200, "{}");
  unsetenv("http_proxy");
  unsetenv("ALL_PROXY");
  EXPECT_EQ(proxy.accepted(), 0);
}

TEST_F(Outcomes, ANameThatDoesNotResolve) {
  ExpectError(
      Run(Get("http://missing.test:8000/")), Outcome::kDns,
      "cannot resolve the host name missing.test: check the name, and the name server that this exporter "
      "uses");
}

TEST_F(Outcomes, ARefusedConnection) {
  const std::string authority = "127.0.0.1:" + std::to_string(ClosedPort());
  ExpectError(Run(Get("http://" + authority + "/")), Outcome::kConnect,
              authority + " refused the connection: check that the runtime runs and listens on this port");
}

TEST_F(Outcomes, AConnectionThatClosesWithoutAnAnswer) {
  ScriptServer server([](Connection& connection) { connection.ReadRequest(); });
  ExpectError(Run(Get(server.url())), Outcome::kConnect,
              Authority(server) +
                  " closed the connection without an answer (Empty reply from server): check that "
                  "the runtime serves HTTP on this port");
}

TEST_F(Outcomes, AConnectionThatIsReset) {
  ScriptServer server([](Connection& connection) {
    connection.ReadRequest();
    connection.Reset();
  });
  ExpectError(Run(Get(server.url())), Outcome::kConnect,
              Authority(server) +
                  " closed the connection without an answer (Recv failure: Connection reset by "
                  "peer): check that the runtime serves HTTP on this port");
}

TEST_F(Outcomes, AnAnswerThatBreaksOff) {
  ScriptServer server([](Connection& connection) {
    connection.ReadRequest();
    connection.Send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"pool\"");
  });
  ExpectError(Run(Get(server.url())), Outcome::kConnect,
              "the answer of " + Authority(server) +
                  " broke off after 7 of 100 bytes (*): check the runtime and what "
                  "stands before it");
}

TEST_F(Outcomes, AChunkedAnswerThatBreaksOff) {
  ScriptServer server([](Connection& connection) {
    connection.ReadRequest();
    connection.Send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7\r\n{\"pool\"\r\n");
  });
  ExpectError(Run(Get(server.url())), Outcome::kConnect,
              "the answer of " + Authority(server) +
                  " broke off after * bytes (transfer closed with outstanding read "
                  "data remaining): check the runtime and what stands before it");
}

TEST_F(Outcomes, SomethingThatIsNotHttp) {
  ScriptServer server([](Connection& connection) {
    connection.ReadRequest();
    connection.Send("SSH-2.0-OpenSSH_9.2\r\n");
  });
  ExpectError(
      Run(Get(server.url())), Outcome::kConnect,
      Authority(server) + " does not speak HTTP: check the port, and whether it wants https:// instead");
}

TEST_F(Outcomes, AUrlThatIsNone) {
  for (const char* url : {"", "file:///etc/passwd", "ftp://127.0.0.1/", "http://"}) {
    ExpectError(Run(Get(url)), Outcome::kInternal, "the URL is not an http:// or https:// one");
  }
}

TEST_F(Outcomes, AChunkedAnswer) {
  ScriptServer server(Always(
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n{\"a\r\n4;ext=1\r\n\":1}\r\n0\r\nTrailer: "
      "x\r\n\r\n"));
  ExpectAnswer(Run(Get(server.url())), 200, R"({"a":1})");
}

TEST_F(Outcomes, AnAnswerThatEndsWithTheConnection) {
  ScriptServer server([](Connection& connection) {
    connection.ReadRequest();
    connection.Send("HTTP/1.0 200 OK\r\n\r\n{}");
  });
  ExpectAnswer(Run(Get(server.url())), 200, "{}");
}

TEST_F(Outcomes, HeadersAreMadePrintable) {
  ScriptServer server(
      Always("HTTP/1.1 301 Gone\r\nContent-Type: text/\x01html\r\nLocation: /a\x1B[31m\r\n"
             "Content-Length: 0\r\n\r\n"));
  const auto result = Run(Get(server.url()));
  ExpectAnswer(result, 301, "");
  EXPECT_EQ(result->content_type, "text/?html");
  EXPECT_EQ(result->location, "/a?[31m");
}

}  // namespace
}  // namespace buntime
