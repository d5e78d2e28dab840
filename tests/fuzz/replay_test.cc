// Every kept fuzzer input through the same checks, with any compiler: whatever once broke must not break
// again.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "fuzz/decode_fuzz.h"

namespace buntime {
namespace {

int Replay(const std::string& folder) {
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(BUNTIME_TESTS_DIR "/fuzz/" + folder)) {
    if (entry.path().filename() == "README.md") continue;
    std::ifstream file(entry.path(), std::ios::binary);
    std::ostringstream body;
    body << file.rdbuf();
    SCOPED_TRACE(entry.path());
    testing::CheckDecoder(body.str());
    ++files;
  }
  return files;
}

TEST(FuzzReplay, TheCorpusHolds) { EXPECT_GT(Replay("corpus/decode"), 50); }
TEST(FuzzReplay, FormerCrashesHold) { Replay("crashes/decode"); }

}  // namespace
}  // namespace buntime
