#include "app/runtime_files.h"

#include <gtest/gtest.h>

#include <ctime>
#include <fstream>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "support/fake_log.h"
#include "support/test_pki.h"

namespace buntime {
namespace {

class RuntimeFilesTest : public ::testing::Test {
 protected:
  std::string Write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_.path(name)) << text;
    return folder_.path(name);
  }

  // Everything there is, and good.
  Credential Key() const { return {Credential::Kind::kApiKey, "", Write("key", "k3y"), {"f:1: key"}}; }
  TlsClient Tls() const {
    TlsClient tls;
    tls.ca_file = ca_.ca_file();
    tls.cert_file = own_.certificate;
    tls.key_file = own_.key;
    tls.ca_place = {"f:2: ca"};
    tls.cert_place = {"f:3: cert"};
    tls.key_place = {"f:4: tls key"};
    tls.verify_place = {"f:5: verify"};
    return tls;
  }
  static Result<Warnings> Check(const Credential& credential, const TlsClient& tls) {
    Target target;
    target.credential = credential;
    target.tls = tls;
    return CheckFiles(target, static_cast<double>(std::time(nullptr)));
  }
  static std::string Refusal(const Credential& credential, const TlsClient& tls) {
    const auto checked = Check(credential, tls);
    return checked ? "accepted" : checked.error().message;
  }

  const testing::TempDir folder_;
  const testing::TestPki ca_{folder_, "ca"};
  const testing::CertificateFiles own_ = ca_.Issue({"own", ""});
};

TEST_F(RuntimeFilesTest, GoodOnesAreGood) {
  EXPECT_EQ(*Check(Key(), Tls()), Warnings());
  EXPECT_EQ(*Check({}, {}), Warnings());
}

TEST_F(RuntimeFilesTest, BadOnesAreRefusedWithPlaceFileAndCause) {
  const std::string none = folder_.path("none");
  const std::string text = Write("text", "no PEM at all");
  const auto other = ca_.Issue({"other", ""});
  const std::string cut = Write("cut", "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n");
  struct Case {
    std::function<void(Credential&, TlsClient&)> spoil;
    std::string message;
  };
  const std::vector<Case> cases = {
      {[&](auto& key, auto&) { key.file = none; },
       "f:1: key: cannot read the secret file " + none + ": No such file or directory"},
      {[&](auto& key, auto&) { key.file = Write("empty", "\n"); },
       "f:1: key: the secret file " + folder_.path("empty") + " is empty: write the secret into it"},
      {[&](auto&, auto& tls) { tls.ca_file = none; },
       "f:2: ca: cannot read " + none + ": No such file or directory"},
      {[&](auto&, auto& tls) { tls.ca_file = text; },
       "f:2: ca: " + text + " holds no certificate (-----BEGIN CERTIFICATE-----)"},
      {[&](auto&, auto& tls) { tls.ca_file = cut; },
       "f:2: ca: certificate 1 in " + cut + " is damaged: bad base64 decode"},
      {[&](auto&, auto& tls) { tls.cert_file = own_.key; },
       "f:3: cert: " + own_.key + " holds no certificate (-----BEGIN CERTIFICATE-----)"},
      {[&](auto&, auto& tls) { tls.key_file = own_.certificate; },
       "f:4: tls key: " + own_.certificate + " holds no private key"},
      {[&](auto&, auto& tls) { tls.key_file = other.key; },
       "f:4: tls key: the key in " + other.key + " does not belong to the certificate in " +
           own_.certificate + ": name the two that were issued together"},
  };
  for (const Case& bad : cases) {
    Credential key = Key();
    TlsClient tls = Tls();
    bad.spoil(key, tls);
    EXPECT_EQ(Refusal(key, tls), bad.message);
  }
}

TEST_F(RuntimeFilesTest, WhatEndsOrIsNotVerifiedIsAWarning) {
  TlsClient tls = Tls();
  tls.insecure_skip_verify = true;
  constexpr double kLater = 1e10;
  Target target;
  target.credential = Key();
  target.tls = tls;
  EXPECT_EQ(
      *CheckFiles(target, kLater),
      (Warnings{
          "f:2: ca: every CA in " + tls.ca_file +
              " has expired: no runtime will be trusted until there is a new one",
          "f:3: cert: the certificate in " + tls.cert_file + " has expired: renew it",
          "f:5: verify: nobody checks who answers, so anyone on the way can read the credential and invent "
          "the numbers: name the runtime's CA in ca_file instead"}));
}

TEST_F(RuntimeFilesTest, FilesOfHeadersAreChecked) {
  Config config;
  config.targets.resize(1);
  config.targets[0].headers = {{"X-Tenant", "blue", "", {}},
                               {"X-Token", "", Write("token", "a\nb"), {"f:6: token"}}};
  EXPECT_EQ(RuntimeFiles(config), std::vector<std::string>{folder_.path("token")});
  const auto checked = CheckRuntimeFiles(config, 0);
  ASSERT_FALSE(checked);
  EXPECT_TRUE(checked.error().message.starts_with("f:6: token: the secret file " + folder_.path("token")));
}

TEST_F(RuntimeFilesTest, AWarningIsLoggedOnce) {
  FakeLog log;
  LogWarnings({"a", "b"}, {"b", "c"}, log);
  EXPECT_EQ(log.lines, std::vector<std::string>{"warn look at the configuration cause=a"});
}

TEST_F(RuntimeFilesTest, AllRuntimesAreChecked) {
  Config config;
  config.targets.resize(2);
  config.targets[0].tls = Tls();
  config.targets[1].credential = Key();
  EXPECT_EQ(RuntimeFiles(config),
            (std::vector<std::string>{ca_.ca_file(), own_.certificate, own_.key, folder_.path("key")}));
  EXPECT_TRUE(CheckRuntimeFiles(config, 0).ok());
  config.targets[1].credential.file = folder_.path("none");
  EXPECT_FALSE(CheckRuntimeFiles(config, 0).ok());
}

}  // namespace
}  // namespace buntime
