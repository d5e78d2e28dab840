// Properties that hold for any bytes; what each kind of request means is tested through the server.
#include "web/request_reader.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <random>
#include <string>
#include <vector>

namespace buntime {
namespace {

using namespace std::string_literals;

constexpr std::size_t kHeaderBytes = 512;
constexpr std::size_t kTargetBytes = 64;

struct Outcome {
  RequestReader::State state;
  std::string request;
  int refused;
  std::size_t consumed;
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

// Feeds `bytes` as they would arrive in pieces that end at `cuts`, as Connection does.
Outcome FeedInPieces(const std::string& bytes, const std::vector<std::size_t>& cuts) {
  RequestReader reader(kHeaderBytes, kTargetBytes);
  std::size_t consumed = 0;
  for (const std::size_t arrived : cuts) {
    std::optional<RequestReader::State> before;
    while (before != reader.state() && reader.state() <= RequestReader::State::kBody && consumed < arrived) {
      before = reader.state();
      consumed += reader.Feed(std::string_view(bytes).substr(consumed, arrived - consumed));
    }
  }
  const HttpRequest& request = reader.request();
  std::string text;
  for (const std::string_view part : {request.method, std::string_view(request.path), request.query,
                                      request.accept, request.accept_encoding, request.if_none_match}) {
    text.append(part).append("|");
  }
  text += request.keep_alive ? "keep-alive" : "close";
  const bool refused = reader.state() == RequestReader::State::kRefused;
  // Where a refused request was cut short is of no interest, and neither are its parts: nothing follows it.
  return {reader.state(), refused ? "" : text, refused ? reader.refusal().status : 0, refused ? 0 : consumed};
}

std::vector<std::size_t> OneByOne(std::size_t size) {
  std::vector<std::size_t> cuts(size);
  for (std::size_t i = 0; i < size; ++i) cuts[i] = i + 1;
  return cuts;
}

const std::vector<std::string> kSeeds = {
    "GET /echo?a=b HTTP/1.1\r\nHost: a\r\nAccept: b\r\nAccept-Encoding: gzip\r\nIf-None-Match: \"x\"\r\n\r\n",
    "\r\nHEAD http://host:1/%41 HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET / HTTP/1.1\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\nabcdeGET /",
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n1\r\nd\r\n0\r\nT: "
    "t\r\n\r\nGET /",
};

TEST(RequestReaderTest, ConsumesExactlyOneRequest) {
  const auto rest = [](const std::string& seed) {
    const Outcome outcome = FeedInPieces(seed, {seed.size()});
    EXPECT_EQ(outcome.state, RequestReader::State::kComplete) << seed;
    return seed.substr(outcome.consumed);
  };
  EXPECT_EQ(rest(kSeeds[0]), "");
  EXPECT_EQ(rest(kSeeds[1]), "GET / HTTP/1.1\r\n");
  EXPECT_EQ(rest(kSeeds[2]), "GET /");
  EXPECT_EQ(FeedInPieces(kSeeds[3], {kSeeds[3].size()}).refused, 411);
}

TEST(RequestReaderTest, PiecesMakeNoDifference) {
  for (const std::string& seed : kSeeds) {
    EXPECT_EQ(FeedInPieces(seed, OneByOne(seed.size())), FeedInPieces(seed, {seed.size()})) << seed;
  }
}

TEST(RequestReaderTest, PiecesMakeNoDifferenceToBrokenRequests) {
  std::mt19937 random(20240607);
  const auto below = [&random](std::size_t n) {
    return std::uniform_int_distribution<std::size_t>(0, n - 1)(random);
  };
  const std::string interesting = "\r\n\t \0:,;%/?*0123456789abcdefGHTP.\x7f\xff"s;
  int refused = 0;
  int complete = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes = kSeeds[below(kSeeds.size())];
    for (std::size_t change = below(4); change > 0; --change) {
      const std::size_t at = below(bytes.size());
      switch (below(4)) {
        case 0:
          bytes[at] = interesting[below(interesting.size())];
          break;
        case 1:
          bytes.insert(at, 1 + below(40), interesting[below(interesting.size())]);
          break;
        case 2:
          bytes.erase(at, 1 + below(8));
          break;
        default:
          bytes.insert(at, bytes.substr(below(bytes.size()), 1 + below(100)));
      }
    }
    std::vector<std::size_t> cuts = {bytes.size()};
    for (std::size_t i = below(6); i > 0; --i) cuts.push_back(1 + below(bytes.size()));
    std::sort(cuts.begin(), cuts.end());
    const Outcome whole = FeedInPieces(bytes, {bytes.size()});
    ASSERT_EQ(FeedInPieces(bytes, cuts), whole) << bytes;
    ASSERT_EQ(FeedInPieces(bytes, OneByOne(bytes.size())), whole) << bytes;
    if (whole.state == RequestReader::State::kRefused) ++refused;
    if (whole.state == RequestReader::State::kComplete) ++complete;
  }
  // The test means something only while it meets both.
  EXPECT_GT(refused, 1000);
  EXPECT_GT(complete, 1000);
}

TEST(RequestReaderTest, IsReadyForTheNextRequestAfterReset) {
  RequestReader reader(kHeaderBytes, kTargetBytes);
  EXPECT_EQ(reader.Feed("BAD\n"), 0u);
  EXPECT_EQ(reader.state(), RequestReader::State::kRefused);
  reader.Reset();
  EXPECT_EQ(reader.Feed(kSeeds[0]), kSeeds[0].size());
  EXPECT_EQ(reader.state(), RequestReader::State::kComplete);
  EXPECT_EQ(reader.request().path, "/echo");
}

}  // namespace
}  // namespace buntime
