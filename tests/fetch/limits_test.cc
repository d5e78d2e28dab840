// Nothing that a peer sends makes an exchange larger than it may be.
#include <zlib.h>

#include <array>
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

class Limits : public FetchCase {
 protected:
  static Request AtMost(std::uint64_t bytes, const ScriptServer& server) {
    Request request = Get(server.url());
    request.max_body = bytes;
    return request;
  }
  static std::string TooLarge(const ScriptServer& server, const std::string& limit) {
    return "the answer of " + Authority(server) + " is larger than " + limit +
           ": raise --poll.max-body if that is expected";
  }
};

// Window bits choose the format: 31 is gzip, 15 is what HTTP calls deflate.
std::string Compress(const std::string& text, int window_bits) {
  z_stream stream{};
  deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, window_bits, 9, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, text.size()), '\0');
  std::string in = text;
  stream.next_in = reinterpret_cast<Bytef*>(in.data());
  stream.avail_in = static_cast<uInt>(in.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

TEST_F(Limits, CompressedAnswersAreUnpacked) {
  const std::string body = R"({"pool":{"size":500,"size":500,"size":500}})";
  ScriptServer gzip(Always(Answer(Compress(body, 31), "Content-Encoding: gzip\r\n")));
  ExpectAnswer(Run(Get(gzip.url())), 200, body);
  ScriptServer deflate(Always(Answer(Compress(body, 15), "Content-Encoding: deflate\r\n")));
  ExpectAnswer(Run(Get(deflate.url())), 200, body);
}

TEST_F(Limits, AGzipBodyMayHaveSeveralMembersAndZerosBehindThem) {
  const std::string a = Compress("{\"pool\":", 31);
  const std::string b = Compress("{}}", 31);
  const std::string empty = Compress("", 31);
  const std::string zeros(1000, '\0');
  for (const std::string& packed : {a + b, empty + a + empty + b + empty, a + b + zeros}) {
    ScriptServer server(Always(Answer(packed, "Content-Encoding: x-gzip\r\n")));
    ExpectAnswer(Run(Get(server.url())), 200, R"({"pool":{}})");
  }
  // What HTTP calls deflate comes with zlib's header, and from some servers without.
  for (const int window_bits : {15, -15}) {
    ScriptServer server(Always(Answer(Compress("{}", window_bits), "Content-Encoding: deflate\r\n")));
    ExpectAnswer(Run(Get(server.url())), 200, "{}");
  }
  // One byte at a time.
  ScriptServer slow([&](Connection& connection) {
    connection.ReadRequest();
    connection.Send("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (const char c : a + b + zeros.substr(0, 3)) connection.Send(std::string("1\r\n") + c + "\r\n");
    connection.Send("0\r\n\r\n");
  });
  ExpectAnswer(Run(Get(slow.url())), 200, R"({"pool":{}})");
}

TEST_F(Limits, WhatIsWrongWithACompressedBodyIsNamed) {
  const std::string good = Compress("{}", 31);
  std::string bad_sum = good;
  bad_sum[bad_sum.size() - 8] ^= 1;
  const std::pair<std::string, std::string> cases[] = {
      {good.substr(0, good.size() - 1), "it ends early"},
      {good + "x", "it ends early"},
      {good + "xyz", "incorrect header check"},
      {good + std::string(1, '\0') + good, "more data follows its end"},
      {good + good.substr(0, 5), "it ends early"},
      {bad_sum, "incorrect data check"},
  };
  for (const auto& [packed, fault] : cases) {
    ScriptServer server(Always(Answer(packed, "Content-Encoding: gzip\r\n")));
    ExpectError(Run(Get(server.url())), Outcome::kNotJson,
                "the answer of " + Authority(server) + " is compressed in a way that cannot be undone (" +
                    fault + "): check what stands before the runtime");
  }
  ScriptServer twice(Always(Answer(good, "Content-Encoding: gzip\r\nContent-Encoding: br\r\n")));
  ExpectError(Run(Get(twice.url())), Outcome::kNotJson,
              "the answer of " + Authority(twice) +
                  " is compressed in a way that cannot be undone (Content-Encoding 'gzip, br' is not gzip or "
                  "deflate, which were asked for): check what stands before the runtime");
}

TEST_F(Limits, WhatUnpacksToNothingEndsAtTheLimit) {
  const std::string empty = Compress("", 31);
  ScriptServer server([&](Connection& connection) {
    connection.ReadRequest();
    connection.Send("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n");
    std::string many;
    for (int i = 0; i < 1000; ++i) many += empty;
    while (connection.Send(many)) {
    }
  });
  ExpectError(Run(AtMost(1 << 20, server)), Outcome::kTooLarge, TooLarge(server, "1MiB"));
}

TEST_F(Limits, WhatCannotBeUnpackedIsNotJson) {
  const std::string check = "): check what stands before the runtime";
  ScriptServer broken(Always(Answer("this is not gzip", "Content-Encoding: gzip\r\n")));
  ExpectError(
      Run(Get(broken.url())), Outcome::kNotJson,
      "the answer of " + Authority(broken) + " is compressed in a way that cannot be undone (*" + check);
  ScriptServer unknown(Always(Answer("x", "Content-Encoding: rot13\r\n")));
  ExpectError(
      Run(Get(unknown.url())), Outcome::kNotJson,
      "the answer of " + Authority(unknown) + " is compressed in a way that cannot be undone (*" + check);
}

TEST_F(Limits, ABodyMayBeAsLargeAsTheLimitAndNoLarger) {
  const std::string body(4096, 'x');
  ScriptServer server(Always(Answer(body)));
  ExpectAnswer(Run(AtMost(4096, server)), 200, body);
  ExpectError(Run(AtMost(4095, server)), Outcome::kTooLarge, TooLarge(server, "4095B"));
}

TEST_F(Limits, AChunkedBodyIsCounted) {
  std::string answer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (int i = 0; i < 100; ++i) answer += "400\r\n" + std::string(1024, 'x') + "\r\n";
  ScriptServer server(Always(answer + "0\r\n\r\n"));
  ExpectError(Run(AtMost(64 << 10, server)), Outcome::kTooLarge, TooLarge(server, "64KiB"));
  ExpectAnswer(Run(AtMost(100 << 10, server)), 200, std::string(100 << 10, 'x'));
}

TEST_F(Limits, AGzipBombStopsAtTheLimit) {
  const std::string bomb = Compress(std::string(256 << 20, ' '), 31);
  ASSERT_LT(bomb.size(), 300U << 10);
  ScriptServer server(Always(Answer(bomb, "Content-Encoding: gzip\r\n")));
  ExpectError(Run(AtMost(1 << 20, server)), Outcome::kTooLarge, TooLarge(server, "1MiB"));
}

TEST_F(Limits, AnEndlessBodyEnds) {
  ScriptServer server([](Connection& connection) {
    connection.ReadRequest();
    connection.Send("HTTP/1.1 200 OK\r\n\r\n");
    while (connection.Send(std::string(16384, ' '))) {
    }
  });
  ExpectError(Run(AtMost(1 << 20, server)), Outcome::kTooLarge, TooLarge(server, "1MiB"));
}

TEST_F(Limits, AContentLengthIsNotBelieved) {
  // Too large by its own word: nothing of it is waited for.
  ScriptServer huge([](Connection& connection) {
    connection.ReadRequest();
    connection.Send("HTTP/1.1 200 OK\r\nContent-Length: 99999999999999\r\n\r\n");
    connection.AwaitClose();
  });
  ExpectError(Run(AtMost(64 << 20, huge)), Outcome::kTooLarge, TooLarge(huge, "64MiB"));
  // More announced than comes: no memory is taken on its word, and the answer counts as broken off.
  ScriptServer more([](Connection& connection) {
    connection.ReadRequest();
    connection.Send("HTTP/1.1 200 OK\r\nContent-Length: 67108864\r\n\r\n{}");
  });
  ExpectError(Run(AtMost(64 << 20, more)), Outcome::kConnect,
              "the answer of " + Authority(more) +
                  " broke off after 2 of 67108864 bytes (*): check the runtime and "
                  "what stands before it");
  // Less announced than comes: the rest belongs to nobody.
  ScriptServer less(Always("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}{}{}"));
  ExpectAnswer(Run(Get(less.url())), 200, "{}");
}

TEST_F(Limits, HeadersAreBounded) {
  const auto message = [](const ScriptServer& server) {
    return "the answer of " + Authority(server) + " has more than 64KiB of header";
  };
  ScriptServer many([](Connection& connection) {
    connection.ReadRequest();
    connection.Send("HTTP/1.1 200 OK\r\n");
    while (connection.Send("X-Filler: " + std::string(1000, 'x') + "\r\n")) {
    }
  });
  ExpectError(Run(Get(many.url())), Outcome::kTooLarge, message(many));
  ScriptServer interim([](Connection& connection) {
    connection.ReadRequest();
    while (connection.Send("HTTP/1.1 102 Processing\r\n\r\n")) {
    }
  });
  ExpectError(Run(Get(interim.url())), Outcome::kTooLarge, message(interim));
}

TEST_F(Limits, OneEndlessHeaderLineEnds) {
  ScriptServer server([](Connection& connection) {
    connection.ReadRequest();
    connection.Send("HTTP/1.1 200 OK\r\nX-Filler: ");
    while (connection.Send(std::string(16384, 'x'))) {
    }
  });
  ExpectError(Run(Get(server.url())), Outcome::kTooLarge,
              "the answer of " + Authority(server) + " has a header line that is too long");
}

TEST_F(Limits, LargeBodiesArriveWhole) {
  std::string body;
  for (int i = 0; body.size() < 20U << 20; ++i) body += std::to_string(i);
  ScriptServer server(Always(Answer(body)));
  const auto result = Run(AtMost(64 << 20, server));
  ExpectAnswer(result, 200, body);
  EXPECT_EQ(result->body.capacity(), body.size());
}

}  // namespace
}  // namespace buntime
