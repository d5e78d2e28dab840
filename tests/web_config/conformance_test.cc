// Every kind of web configuration file, good and bad: what is in accepted/ must be taken, what is in refused/
// must be refused with exactly the message of its first line. {{folder}} stands for the folder of the
// certificates,
// {{name}} for what the file of that name in it holds.
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "config/web_config_file.h"
#include "support/test_pki.h"
#include "tests_dir.h"
#include "web/security.h"

namespace buntime {
namespace {

std::string ReadAll(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

void ReplaceAll(std::string& text, const std::string& what, const std::string& by) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size())) {
    text.replace(at, what.size(), by);
  }
}

std::vector<std::string> FilesIn(const std::string& folder) {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(BUNTIME_TESTS_DIR "/web_config/" + folder)) {
    files.push_back(entry.path().string());
  }
  return files;
}

class WebConfigConformance : public ::testing::Test {
 protected:
  WebConfigConformance() : ca_(folder_, "ca"), other_ca_(folder_, "other_ca") {
    ca_.Issue({.name = "server", .alt_names = "DNS:localhost"});
    ca_.Issue({.name = "client", .alt_names = "DNS:prometheus.test"});
    ca_.Issue({.name = "expired", .alt_names = "DNS:localhost", .expired = true});
    const std::string certificate = Content("server.pem");
    Write("chain.pem", certificate + "text between the blocks\n" + Content("ca.pem"));
    Write("both.pem", Content("server.key") + certificate);
    Write("two_cas.pem", Content("ca.pem") + Content("other_ca.pem"));
    Write("damaged.pem", certificate + "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n");
    Write("empty.pem", "");
    WriteEncryptedKey();
  }

  std::string Content(const std::string& name) const { return ReadAll(folder_.path(name)); }
  void Write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_.path(name)) << text;
  }

  /// Empty: taken. Else the message, with the path of the file cut to its name.
  std::string Judge(const std::string& file) const {
    std::string text = ReadAll(file);
    ReplaceAll(text, "{{folder}}", folder_.path(""));
    for (const std::string name : {"server.pem", "server.key", "client.key", "ca.pem"}) {
      std::string indented = Content(name);
      ReplaceAll(indented, "\n", "\n    ");
      ReplaceAll(text, "{{" + name + "}}", indented);
    }
    Write("web.yml", text);
    const auto config = ReadWebConfig(folder_.path("web.yml"));
    std::string message;
    if (!config) {
      message = config.error().message;
    } else if (const auto security = BuildSecurity(*config); !security) {
      message = security.error().message;
    }
    ReplaceAll(message, folder_.path("web.yml"), "web.yml");
    return message;
  }

  const testing::TempDir folder_;

 private:
  void WriteEncryptedKey() const {
    EVP_PKEY* const key = EVP_EC_gen("P-256");
    std::FILE* const file = std::fopen(folder_.path("encrypted.key").c_str(), "w");
    PEM_write_PrivateKey(file, key, EVP_aes_128_cbc(), reinterpret_cast<const unsigned char*>("pass"), 4,
                         nullptr, nullptr);
    std::fclose(file);
    EVP_PKEY_free(key);
  }

  const testing::TestPki ca_;
  const testing::TestPki other_ca_;
};

TEST_F(WebConfigConformance, GoodFilesAreTaken) {
  const auto files = FilesIn("accepted");
  EXPECT_GT(files.size(), 30U);
  for (const std::string& file : files) EXPECT_EQ(Judge(file), "") << file;
}

TEST_F(WebConfigConformance, BadFilesAreRefusedWithLineAndReason) {
  const auto files = FilesIn("refused");
  EXPECT_GT(files.size(), 60U);
  for (const std::string& file : files) {
    std::string expected = ReadAll(file);
    ASSERT_TRUE(expected.starts_with("# ")) << file;
    expected = expected.substr(2, expected.find('\n') - 2);
    ReplaceAll(expected, "{{folder}}/", folder_.path(""));
    EXPECT_EQ(Judge(file), expected) << file;
  }
}

TEST_F(WebConfigConformance, MessagesShowNoSecret) {
  for (const std::string& file : FilesIn("refused")) {
    const std::string message = Judge(file);
    for (const char* const secret : {"qflPDzB6gcMhKa1rZqKiun2YGL5sa2u", "PRIVATE KEY", "secret"}) {
      EXPECT_EQ(message.find(secret), std::string::npos) << file;
    }
  }
}

TEST_F(WebConfigConformance, MissingAndHugeFilesAreRefused) {
  EXPECT_EQ(ReadWebConfig(folder_.path("nowhere.yml")).error().message,
            "cannot read the web configuration file " + folder_.path("nowhere.yml") +
                ": No such file or directory");
  Write("huge.yml", std::string(2 << 20, '#'));
  EXPECT_EQ(
      ReadWebConfig(folder_.path("huge.yml")).error().message,
      "cannot read the web configuration file " + folder_.path("huge.yml") + ": it is longer than 1MiB");
}

}  // namespace
}  // namespace buntime
