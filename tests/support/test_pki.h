// Certificates made while a test runs, so that no key is ever committed and none expires on us.
#pragma once

#include <filesystem>
#include <string>

namespace buntime::testing {

/// A directory that goes away with the object.
class TempDir {
 public:
  TempDir();
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  std::string path(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

/// PEM files of one certificate and its key.
struct CertificateFiles {
  std::string certificate;
  std::string key;
};

/// A CA of our own and what it signs, as files in a directory.
class TestPki {
 public:
  struct Subject {
    std::string name;       // of the files
    std::string alt_names;  // as OpenSSL writes them: "DNS:runtime.test,IP:127.0.0.1"
    bool expired = false;
  };

  /// Two of them share nothing: each is an unknown CA to the other.
  TestPki(const TempDir& directory, const std::string& name);

  const std::string& ca_file() const { return ca_.certificate; }
  CertificateFiles Issue(const Subject& subject) const;

 private:
  const TempDir& directory_;
  CertificateFiles ca_;
};

}  // namespace buntime::testing
