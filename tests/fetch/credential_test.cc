// Secrets: how they are sent, to whom, and what happens when their files change.
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include "fetch/fetch_case.h"
#include "support/test_pki.h"

namespace buntime {
namespace {

using testing::Always;
using testing::Answer;
using testing::FetchCase;
using testing::ScriptServer;
using testing::TempDir;
using testing::WriteFile;

using Kind = Credential::Kind;

class Credentials : public FetchCase {
 protected:
  Request With(Kind kind, const std::string& username = "") {
    Request request = Get(server_.url());
    request.credential = {kind, username, key_file_};
    return request;
  }
  // The value of a header of the latest request; empty when it was not sent.
  std::string Sent(const std::string& name) const {
    const std::string head = server_.requests().back();
    const std::size_t at = head.find("\r\n" + name + ": ");
    if (at == std::string::npos) return {};
    const std::size_t begin = at + name.size() + 4;
    return head.substr(begin, head.find("\r\n", begin) - begin);
  }
  std::string KeySent() {
    ExpectAnswer(Run(With(Kind::kApiKey)), 200, "{}");
    return Sent("X-API-Key");
  }

  TempDir directory_;
  const std::string key_file_ = directory_.path("key");
  ScriptServer server_{Always(Answer("{}"))};
};

TEST_F(Credentials, AreSentInTheirOwnHeader) {
  WriteFile(key_file_, "s3cret\n");
  ExpectAnswer(Run(With(Kind::kApiKey)), 200, "{}");
  EXPECT_EQ(Sent("X-API-Key"), "s3cret");
  EXPECT_EQ(Sent("Authorization"), "");
  ExpectAnswer(Run(With(Kind::kBearer)), 200, "{}");
  EXPECT_EQ(Sent("Authorization"), "Bearer s3cret");
  EXPECT_EQ(Sent("X-API-Key"), "");
  ExpectAnswer(Run(With(Kind::kBasic, "user")), 200, "{}");
  EXPECT_EQ(Sent("Authorization"), "Basic dXNlcjpzM2NyZXQ=");  // user:s3cret
  ExpectAnswer(Run(With(Kind::kNone)), 200, "{}");
  EXPECT_EQ(Sent("Authorization"), "");
  EXPECT_EQ(Sent("X-API-Key"), "");
}

TEST_F(Credentials, DoNotFollowARedirect) {
  WriteFile(key_file_, "s3cret");
  ScriptServer redirects(Always(Answer("", "Location: " + server_.url() + "\r\n", "307 Elsewhere")));
  Request request = With(Kind::kApiKey);
  request.url = redirects.url();
  ExpectAnswer(Run(request), 307, "");
  EXPECT_EQ(server_.accepted(), 0);
}

TEST_F(Credentials, AreReadAgainWhenTheFileIsRewritten) {
  WriteFile(key_file_, "one");
  EXPECT_EQ(KeySent(), "one");
  WriteFile(key_file_, "longer");
  EXPECT_EQ(KeySent(), "longer");
}

TEST_F(Credentials, AreReadAgainWhenTheFileIsReplaced) {
  WriteFile(key_file_, "one");
  EXPECT_EQ(KeySent(), "one");
  WriteFile(directory_.path("next"), "two");
  std::filesystem::rename(directory_.path("next"), key_file_);
  EXPECT_EQ(KeySent(), "two");
}

// The way Kubernetes swaps the contents of a mounted secret.
TEST_F(Credentials, AreReadAgainWhenALinkIsSwapped) {
  std::filesystem::create_directory(directory_.path("v1"));
  std::filesystem::create_directory(directory_.path("v2"));
  WriteFile(directory_.path("v1/key"), "one");
  WriteFile(directory_.path("v2/key"), "two");
  std::filesystem::create_symlink("v1", directory_.path("data"));
  std::filesystem::create_symlink("data/key", key_file_);
  EXPECT_EQ(KeySent(), "one");
  std::filesystem::create_symlink("v2", directory_.path("data.new"));
  std::filesystem::rename(directory_.path("data.new"), directory_.path("data"));
  EXPECT_EQ(KeySent(), "two");
}

TEST_F(Credentials, TheLastGoodOneOutlivesABadFile) {
  WriteFile(key_file_, "good");
  EXPECT_EQ(KeySent(), "good");
  std::filesystem::remove(key_file_);
  EXPECT_EQ(KeySent(), "good");
  EXPECT_EQ(KeySent(), "good");
  const std::vector<std::string> missing = {
      "warn a secret file went bad; the last good secret stays in use file=" + key_file_ +
      " error=cannot read the secret file " + key_file_ + ": No such file or directory"};
  EXPECT_EQ(log_.lines, missing);

  log_.lines.clear();
  WriteFile(key_file_, "\n");  // bad in another way, which is no news
  EXPECT_EQ(KeySent(), "good");
  EXPECT_EQ(log_.lines, std::vector<std::string>());
  WriteFile(key_file_, "better");
  EXPECT_EQ(KeySent(), "better");
  EXPECT_EQ(log_.lines, std::vector<std::string>{"info a secret file is good again file=" + key_file_});
}

TEST_F(Credentials, ASecretThatNeverWasIsAnErrorOfOurs) {
  ExpectError(Run(With(Kind::kApiKey)), Outcome::kInternal,
              "cannot read the secret file " + key_file_ + ": No such file or directory");
  EXPECT_EQ(server_.accepted(), 0);
  EXPECT_EQ(log_.lines, std::vector<std::string>());
  WriteFile(key_file_, "late");
  EXPECT_EQ(KeySent(), "late");
}

TEST(ReadSecretFile, CutsWhiteSpaceAtTheEnd) {
  const TempDir directory;
  const std::string path = directory.path("key");
  for (const char* content : {"key", "key\n", "key\r\n", "key \t\n\n"}) {
    WriteFile(path, content);
    const auto secret = ReadSecretFile(path);
    ASSERT_TRUE(secret.ok());
    EXPECT_EQ(*secret, "key");
  }
  WriteFile(path, std::string(64 * 1024, 'k'));
  EXPECT_TRUE(ReadSecretFile(path).ok());
}

TEST(ReadSecretFile, SaysWhatIsWrong) {
  const TempDir directory;
  const std::string path = directory.path("key");
  const auto error = [](const std::string& at) {
    const auto secret = ReadSecretFile(at);
    return secret.ok() ? std::string() : secret.error().message;
  };
  EXPECT_EQ(error(path), "cannot read the secret file " + path + ": No such file or directory");
  const std::string file = "the secret file " + path;
  for (const char* empty : {"", "\n", " \r\n"}) {
    WriteFile(path, empty);
    EXPECT_EQ(error(path), file + " is empty: write the secret into it");
  }
  for (const std::string& bad :
       {std::string("a\nb"), std::string("a\r\nX-Evil: 1"), std::string("a\0b", 3)}) {
    WriteFile(path, bad);
    EXPECT_EQ(
        error(path),
        file + " holds control characters or more than one line; it has to hold nothing but the secret");
  }
  WriteFile(path, std::string(64 * 1024 + 1, 'k'));
  EXPECT_EQ(error(path), "cannot read the secret file " + path + ": it is longer than 64KiB");
  EXPECT_EQ(error(directory.path("")),
            "cannot read the secret file " + directory.path("") + ": it is a directory");
  const std::string pipe = directory.path("pipe");
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_EQ(error(pipe), "cannot read the secret file " + pipe + ": it is not a regular file");
}

}  // namespace
}  // namespace buntime
