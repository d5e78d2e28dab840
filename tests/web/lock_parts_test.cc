// The pure parts of the lock: credentials, passwords, the bucket, what counts as switching off.
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "web/basic_credentials.h"
#include "web/password.h"
#include "web/security.h"
#include "web/token_bucket.h"

namespace buntime::testing {
namespace {

using namespace std::chrono_literals;

std::string Parse(std::string_view header) {
  const auto credentials = ParseBasicCredentials(header);
  return credentials ? credentials->user + "|" + credentials->password : "(none)";
}

TEST(BasicCredentials, AreBase64OfUserAndPassword) {
  EXPECT_EQ(Parse("Basic dXNlcjpwYXNz"), "user|pass");
  EXPECT_EQ(Parse("bASIC   dXNlcjpwYXNz "), "user|pass");
  EXPECT_EQ(Parse("Basic Og=="), "|");
  EXPECT_EQ(Parse("Basic YTpiOmM="), "a|b:c");
  EXPECT_EQ(Parse("Basic w7w6w7Y="), "ü|ö");
  EXPECT_EQ(ParseBasicCredentials("Basic YTpiAGM=")->password, std::string("b\0c", 3));
}

TEST(BasicCredentials, WhateverElseIsNone) {
  for (const std::string_view header :
       {"", "Basic", "Basic ", "BasicdXNlcjpwYXNz", "Digest dXNlcjpwYXNz",
        "Basic dXNlcg==", "Basic dXNlcjpwYXN", "Basic dXNlcjpwYXNz=", "Basic dXNlcjpwYX=z",
        "Basic dXNlcjpw YXNz", "Basic ====", "Basic YTpiOmN=", "Basic dXNlcjpw_XNz"}) {
    EXPECT_EQ(Parse(header), "(none)") << header;
  }
}

// `htpasswd -nbBC 4 u secret`, and the same salt with bits set that do not count.
constexpr const char* kHash = "$2y$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW";

TEST(Password, IsCheckedAgainstItsHash) {
  const std::string hash = kHash;
  EXPECT_TRUE(PasswordMatches("secret", hash));
  EXPECT_FALSE(PasswordMatches("Secret", hash));
  EXPECT_FALSE(PasswordMatches("", hash));
  EXPECT_FALSE(PasswordMatches(std::string("secret\0x", 8), hash)) << "C's strings end at a NUL";
  std::string other_salt = hash;
  other_salt[28] = 'v';
  EXPECT_TRUE(PasswordMatches("secret", other_salt)) << "Go takes it, too";
  for (const char* const prefix : {"$2a$", "$2b$"}) {
    EXPECT_TRUE(PasswordMatches("secret", prefix + hash.substr(4)));
  }
  EXPECT_FALSE(PasswordMatches("secret", "$2y$99$" + hash.substr(7)));
  EXPECT_FALSE(PasswordMatches("secret", "*0"));
}

TEST(Password, BeyondWhatBcryptSeesDoesNotCount) {
  const Digester digester;
  const std::string seen(72, 'p');
  EXPECT_EQ(digester.Of("u", seen + "a", ""), digester.Of("u", seen + "b", ""));
  EXPECT_EQ(PasswordMatches(seen + "a", kHash), PasswordMatches(seen, kHash));
}

TEST(Digest, DiffersWithEachPartAndEachStart) {
  const Digester digester;
  const Digest digest = digester.Of("user", "password", "hash");
  EXPECT_TRUE(Equal(digest, digester.Of("user", "password", "hash")));
  EXPECT_FALSE(Equal(digest, digester.Of("userp", "assword", "hash")));
  EXPECT_FALSE(Equal(digest, digester.Of("user", "password", "hasH")));
  EXPECT_FALSE(Equal(digest, digester.Of("user", "passworD", "hash")));
  EXPECT_FALSE(Equal(digest, Digester().Of("user", "password", "hash")));
}

TEST(TokenBucket, GivesItsBurstAndThenOneAnInterval) {
  TokenBucket bucket({100ms, 3});
  const SteadyTime start{1h};
  for (int i = 0; i < 3; ++i) EXPECT_EQ(bucket.Take(start), std::nullopt);
  EXPECT_EQ(bucket.Take(start), Duration(100ms));
  EXPECT_EQ(bucket.Take(start + 60ms), Duration(40ms));
  EXPECT_EQ(bucket.Take(start + 100ms), std::nullopt);
  EXPECT_EQ(bucket.Take(start + 100ms), Duration(100ms));
  EXPECT_EQ(bucket.Take(start + 250ms), std::nullopt);
  EXPECT_EQ(bucket.Take(start + 250ms), Duration(50ms));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(bucket.Take(start + 1h), std::nullopt) << "never more than full";
  EXPECT_EQ(bucket.Take(start + 1h), Duration(100ms));
}

TEST(TokenBucket, HoldsHugeBursts) {
  TokenBucket bucket({std::chrono::hours(24), 1'000'000'000});
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(bucket.Take(SteadyTime{1h}), std::nullopt);
}

TEST(Unlocks, NamesWhatWouldBeOpen) {
  Security locked;
  locked.users = {{"u", "h"}};
  EXPECT_EQ(Unlocks(locked, Security()), "basic authentication");
  EXPECT_EQ(Unlocks(Security(), locked), std::nullopt);
  EXPECT_EQ(Unlocks(locked, locked), std::nullopt);
}

}  // namespace
}  // namespace buntime::testing
