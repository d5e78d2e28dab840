#include "metrics/exposition_cache.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "metrics/gzip.h"
#include "metrics/self_metrics.h"
#include "support/exposition_reader.h"
#include "support/fake_clock.h"
#include "support/fleets.h"

namespace buntime {
namespace {

using namespace std::chrono_literals;

// One whole gzip member and nothing behind it, as strict readers want it.
std::string Gunzip(const std::string& bytes) {
  z_stream stream{};
  EXPECT_EQ(inflateInit2(&stream, 15 + 16), Z_OK);
  std::string input = bytes;
  stream.next_in = reinterpret_cast<Bytef*>(input.data());
  stream.avail_in = static_cast<uInt>(input.size());
  std::string out;
  std::vector<char> buffer(1 << 16);
  int status = Z_OK;
  while (status == Z_OK) {
    stream.next_out = reinterpret_cast<Bytef*>(buffer.data());
    stream.avail_out = static_cast<uInt>(buffer.size());
    status = inflate(&stream, Z_NO_FLUSH);
    out.append(buffer.data(), buffer.size() - stream.avail_out);
  }
  EXPECT_EQ(status, Z_STREAM_END);  // the trailer's checksum and length have been checked
  EXPECT_EQ(stream.avail_in, 0U);
  inflateEnd(&stream);
  return out;
}

std::string Whole(const ExpositionBody& body) { return *body.shared + body.tail; }

class ExpositionCacheTest : public ::testing::Test {
 protected:
  ExpositionCacheTest() { cache_.Register(self_.registry()); }

  std::shared_ptr<const Fleet> fleet_ = std::make_shared<Fleet>(FullFleet());
  SelfMetrics self_{{"1.2.3", "abc", "g++ 12"}, {"blue", "green"}};
  FakeClock clock_;
  ExpositionCache cache_{std::make_shared<FleetCollector>([this] { return fleet_; }), clock_};
};

TEST_F(ExpositionCacheTest, GzipHoldsThePlainPage) {
  for (const std::size_t workers : {0U, 1U, 5000U}) {
    auto large = LargeFleet(workers);
    large.revision = 10 + workers;
    fleet_ = std::make_shared<Fleet>(std::move(large));
    const std::string plain = *cache_.Get(false).shared;
    const std::string unpacked = Gunzip(Whole(cache_.Get(true)));
    EXPECT_EQ(unpacked.substr(0, plain.size()), plain);
    ReadExposition(unpacked);
  }
}

TEST_F(ExpositionCacheTest, IsRenderedOncePerRevisionAndEncoding) {
  for (const bool gzip : {false, true}) {
    const auto first = cache_.Get(gzip).shared;
    EXPECT_EQ(cache_.Get(gzip).shared, first) << "the very same string";
  }
  const auto before = cache_.Get(true).shared;
  auto next = FullFleet();
  next.revision = 2;
  fleet_ = std::make_shared<Fleet>(std::move(next));
  EXPECT_NE(cache_.Get(true).shared, before);
}

TEST_F(ExpositionCacheTest, APollThatIsShownIsCounted) {
  ExpositionCache cache(std::make_shared<FleetCollector>([&] {
                          self_.CountPoll("blue", Outcome::kTimeout, 0.1, {});
                          return fleet_;
                        }),
                        clock_);
  cache.Register(self_.registry());
  EXPECT_NE(cache.Get(false).tail.find(R"(buntime_exporter_polls_total{outcome="timeout",runtime="blue"} 1)"),
            std::string::npos);
}

TEST_F(ExpositionCacheTest, TheExportersOwnMetricsAreFreshInEveryScrape) {
  for (const bool gzip : {false, true}) {
    const auto count = [&] {
      const std::string body = gzip ? Gunzip(Whole(cache_.Get(true))) : Whole(cache_.Get(false));
      const auto samples = ReadExposition(body).samples;
      const auto found = samples.find("buntime_exporter_http_requests_total{code=\"200\",path=\"/x\"}");
      return found == samples.end() ? 0 : found->second;
    };
    const double before = count();
    self_.CountRequest("/x", 200, 0.001);
    EXPECT_EQ(count(), before + 1);
  }
}

TEST_F(ExpositionCacheTest, EachEncodingIsPreparedForItsOwnScrapers) {
  std::uint64_t revision = 1;
  const auto publish = [&] {
    auto fleet = LargeFleet(10);
    fleet.revision = ++revision;
    auto runtime = std::make_shared<Runtime>(*fleet.runtimes[0]);
    runtime->interval = 15s;
    runtime->last_poll_unix_seconds = clock_.UnixSeconds();
    fleet.runtimes[0] = runtime;
    fleet_ = std::make_shared<Fleet>(std::move(fleet));
  };
  const auto round = [&](bool plain) {
    clock_.Advance(5s);
    publish();
    const std::size_t prepared = cache_.Prepare();
    EXPECT_EQ(cache_.Prepare(), 0U) << "it is there";
    clock_.Advance(10s);
    const std::string compressed = Whole(cache_.Get(true));
    if (plain) {
      EXPECT_EQ(Gunzip(compressed), Whole(cache_.Get(false)));
    }
    return prepared;
  };
  EXPECT_EQ(round(true), 0U);
  EXPECT_EQ(round(true), 0U);
  EXPECT_EQ(round(true), 0U);
  EXPECT_EQ(round(true), 2U);
  EXPECT_EQ(round(false), 2U);
  EXPECT_EQ(round(false), 1U) << "the plain one was in vain";
}

TEST_F(ExpositionCacheTest, ConcurrentScrapersShareOneRendering) {
  auto large = LargeFleet(2000);
  large.revision = 7;
  fleet_ = std::make_shared<Fleet>(std::move(large));
  std::vector<ExpositionBody> bodies(8);
  {
    std::vector<std::jthread> scrapers;
    for (ExpositionBody& body : bodies) scrapers.emplace_back([&] { body = cache_.Get(true); });
    scrapers.emplace_back([&] { cache_.Prepare(); });
  }
  for (const ExpositionBody& body : bodies) EXPECT_EQ(body.shared, bodies[0].shared);
}

TEST(GzipTest, ADeflaterMayBeUsedForOneStreamAfterAnother) {
  Deflater deflater(Deflater::Size::kLarge);
  std::string broken_off;
  deflater.Begin();
  deflater.Write("of a stream that an exception ended", broken_off);
  for (const std::string text : {"first", "second, which must not refer to the first", ""}) {
    std::string bytes(GzipHeader());
    deflater.Begin();
    deflater.Write(text, bytes);
    deflater.Finish(bytes);
    bytes += GzipTrailer(Crc32(0, text), static_cast<std::uint32_t>(text.size()));
    EXPECT_EQ(Gunzip(bytes), text);
  }
}

TEST(GzipTest, StreamsOfManyPiecesAndAnEmptyOneAreWhole) {
  for (const std::size_t pieces : {0U, 1U, 300U}) {
    Deflater deflater(Deflater::Size::kLarge);
    std::string bytes(GzipHeader());
    std::string text;
    std::uint32_t crc = 0;
    for (std::size_t i = 0; i < pieces; ++i) {
      const std::string piece = "piece " + std::to_string(i * i) + std::string(i * 10, 'x');
      deflater.Write(piece, bytes);
      crc = Crc32(crc, piece);
      text += piece;
      if (i % 100 == 0) deflater.Flush(bytes);
    }
    deflater.Finish(bytes);
    bytes += GzipTrailer(crc, static_cast<std::uint32_t>(text.size()));
    EXPECT_EQ(Gunzip(bytes), text);
  }
}

}  // namespace
}  // namespace buntime
