#include "app/file_watch.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "support/test_pki.h"

namespace buntime {
namespace {

class FileWatchTest : public ::testing::Test {
 protected:
  std::string Write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_.path(name)) << text;
    return folder_.path(name);
  }

  const testing::TempDir folder_;
  const std::string file_ = Write("file", "1");
};

TEST_F(FileWatchTest, QuietFilesHaveNotChanged) {
  FileWatch watch({file_, folder_.path("missing")});
  EXPECT_FALSE(watch.Changed());
  EXPECT_FALSE(watch.Changed());
  EXPECT_FALSE(FileWatch({}).Changed());
}

TEST_F(FileWatchTest, AChangeCountsOnceItHasComeToRest) {
  FileWatch watch({file_});
  std::string text;
  for (int i = 0; i < 5; ++i) {
    Write("file", text += "still being written");
    EXPECT_FALSE(watch.Changed());
  }
  EXPECT_TRUE(watch.Changed());
  EXPECT_TRUE(watch.Changed());  // until it is loaded
  watch.Begin();
  EXPECT_FALSE(watch.Changed());
}

TEST_F(FileWatchTest, EveryWayOfChanging) {
  FileWatch watch({file_});
  const auto changed = [&watch] {
    watch.Changed();
    const bool noticed = watch.Changed();
    watch.Begin();
    return noticed;
  };
  std::filesystem::rename(Write("other", "1"), file_);
  EXPECT_TRUE(changed());
  std::filesystem::remove(file_);
  EXPECT_TRUE(changed());
  std::filesystem::create_symlink(Write("first", "1"), file_);
  EXPECT_TRUE(changed());
  std::filesystem::create_symlink(Write("second", "1"), folder_.path("next"));
  std::filesystem::rename(folder_.path("next"), file_);
  EXPECT_TRUE(changed());
  Write("second", "longer");
  EXPECT_TRUE(changed());
  EXPECT_FALSE(changed());
}

TEST_F(FileWatchTest, AChangeWhileLoadingIsNotLost) {
  FileWatch watch({file_});
  watch.Begin();
  const std::string late = folder_.path("late");
  Write("file", "changed while it was being read");
  watch.Follow({file_, late});
  EXPECT_FALSE(watch.Changed());
  EXPECT_TRUE(watch.Changed());
  watch.Begin();
  Write("late", "arrives");
  EXPECT_FALSE(watch.Changed());
  EXPECT_TRUE(watch.Changed());
  watch.Follow({file_});
  EXPECT_FALSE(watch.Changed());
  EXPECT_FALSE(watch.Changed());
}

}  // namespace
}  // namespace buntime
