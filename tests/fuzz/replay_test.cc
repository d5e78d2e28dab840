// Every kept fuzzer input through the same checks, with any compiler: whatever once broke must not break
// again.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "fuzz/config_fuzz.h"
#include "fuzz/decode_fuzz.h"
#include "fuzz/http_fuzz.h"
#include "fuzz/reconcile_fuzz.h"
#include "fuzz/rules_fuzz.h"
#include "fuzz/text_fuzz.h"
#include "fuzz/unpack_fuzz.h"
#include "tests_dir.h"

namespace buntime {
namespace {

template <class Check>
int Replay(const std::string& folder, Check check) {
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(BUNTIME_TESTS_DIR "/" + folder)) {
    if (entry.path().filename() == "README.md") continue;
    std::ifstream file(entry.path(), std::ios::binary);
    std::ostringstream body;
    body << file.rdbuf();
    SCOPED_TRACE(entry.path());
    check(body.str());
    ++files;
  }
  return files;
}

TEST(FuzzReplay, TheCorpusHolds) { EXPECT_GT(Replay("fuzz/corpus/decode", testing::CheckDecoder), 50); }
TEST(FuzzReplay, FormerCrashesHold) {
  Replay("fuzz/crashes/decode", testing::CheckDecoder);
  EXPECT_GT(Replay("fuzz/crashes/config", testing::CheckConfigs), 0);
  EXPECT_GT(Replay("fuzz/crashes/http", testing::CheckRequests), 0);
}

TEST(FuzzReplay, RequestsHold) { EXPECT_GT(Replay("fuzz/corpus/http", testing::CheckRequests), 20); }

TEST(FuzzReplay, TextsBodiesAndRulesHold) {
  EXPECT_GT(Replay("fuzz/corpus/text", testing::CheckPoolText), 3);
  EXPECT_GT(Replay("fuzz/corpus/unpack", testing::CheckUnpacker), 7);
  EXPECT_GT(Replay("fuzz/corpus/rules", testing::CheckAddressRules), 3);
}

TEST(FuzzReplay, ReconciliationsHold) {
  EXPECT_GT(Replay("fuzz/corpus/reconcile", testing::CheckReconciler), 4);
}

TEST(FuzzReplay, ConfigurationFilesHold) {
  EXPECT_GT(Replay("fuzz/corpus/config", testing::CheckConfigs), 5);
  EXPECT_GT(Replay("web_config/accepted", testing::CheckConfigs), 30);
  EXPECT_GT(Replay("web_config/refused", testing::CheckConfigs), 60);
}

}  // namespace
}  // namespace buntime
