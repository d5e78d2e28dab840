// Random documents decode to exactly what they were made from.
#include <gtest/gtest.h>

#include <string>

#include "decode/decode_cases.h"
#include "decode/decoder.h"
#include "support/random_stats.h"

namespace buntime {
namespace {

using testing::MakeRandomStats;
using testing::RandomStats;

void ExpectSame(const Snapshot& snapshot, const RandomStats& stats) {
  EXPECT_EQ(Name(snapshot.dialect), Name(stats.dialect));
  EXPECT_EQ(snapshot.pool, stats.pool);
  EXPECT_EQ(snapshot.anomalies, stats.anomalies);
  ASSERT_EQ(snapshot.workers.size(), stats.workers.size());
  for (std::size_t i = 0; i < stats.workers.size(); ++i) {
    Worker worker = snapshot.workers[i];
    EXPECT_EQ(snapshot.Text(worker.id), stats.workers[i].id);
    EXPECT_EQ(snapshot.Text(worker.app), stats.workers[i].app);
    EXPECT_EQ(snapshot.Text(worker.version), stats.workers[i].version);
    worker.id = worker.app = worker.version = {};
    EXPECT_EQ(worker, stats.workers[i].values);
  }
}

TEST(DecodeProperty, RandomDocumentsDecodeToWhatTheyWereMadeFrom) {
  for (std::uint64_t seed = 0; seed < 1500; ++seed) {
    const RandomStats stats = MakeRandomStats(seed);
    const auto result = DecodeStats(stats.body);
    ASSERT_TRUE(result.ok()) << "seed " << seed << ": " << result.error().message << '\n' << stats.body;
    ExpectSame(*result, stats);
    ASSERT_FALSE(::testing::Test::HasFailure()) << "seed " << seed << '\n' << stats.body;
  }
}

TEST(DecodeProperty, NoPrefixOfADocumentIsADocument) {
  constexpr std::size_t kLongestBody = 3000;  // the work grows with the square
  int tried = 0;
  for (std::uint64_t seed = 0; tried < 40; ++seed) {
    const std::string body = MakeRandomStats(seed).body;
    if (body.size() > kLongestBody) continue;
    ++tried;
    const std::size_t end = body.find_last_of('}');
    for (std::size_t size = 0; size <= end; ++size) {
      const auto result = DecodeStats(body.substr(0, size));
      ASSERT_FALSE(result.ok()) << body.substr(0, size);
      ASSERT_EQ(result.error().outcome, Outcome::kNotJson) << body.substr(0, size);
    }
  }
}

}  // namespace
}  // namespace buntime
