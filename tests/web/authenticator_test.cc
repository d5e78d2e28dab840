// Who is let in: passwords, what is remembered of them, the rate limit, and what a reload changes.
#include "web/authenticator.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "web/task_queue.h"

namespace buntime::testing {
namespace {

// Base64 of "u:right", "u:wrong", "v:right".
constexpr std::string_view kRight = "Basic dTpyaWdodA==";
constexpr std::string_view kWrong = "Basic dTp3cm9uZw==";
constexpr std::string_view kStranger = "Basic djpyaWdodA==";

std::shared_ptr<const Security> WithUsers(std::map<std::string, std::string, std::less<>> users) {
  auto security = std::make_shared<Security>();
  security->users = std::move(users);
  return security;
}

class AuthenticatorTest : public ::testing::Test {
 protected:
  ~AuthenticatorTest() override {
    turnstile_.LetThrough(1000);
    authenticator_.Stop();
  }

  /// The status; 200 for who is let in, 0 while that is not decided.
  int Ask(std::string_view authorization, const std::string& client = "a") {
    HttpRequest request;
    request.authorization = authorization;
    auto status = std::make_shared<int>(0);
    latest_ = status;
    authenticator_.Check(request, client, [this, status](std::optional<HttpResponse> refusal) {
      *status = refusal ? refusal->status : 200;
      if (refusal) refusal_ = *refusal;
    });
    return *status;
  }
  int AskAndWait(std::string_view authorization) {
    turnstile_.LetThrough(1);
    const int at_once = Ask(authorization);
    EXPECT_EQ(at_once, 0) << "decided without a check";
    EXPECT_TRUE(io_.RunOne());
    return *latest_;
  }
  std::string Header(const std::string& name) const {
    for (const auto& [key, value] : refusal_.headers) {
      if (key == name) return value;
    }
    return "(none)";
  }

  TaskQueue io_;
  Turnstile turnstile_;
  std::shared_ptr<int> latest_;
  HttpResponse refusal_;
  Authenticator authenticator_{WithUsers({{"u", "hash"}}), io_.Post(), turnstile_.Verify()};
};

TEST_F(AuthenticatorTest, WithoutUsersEveryoneIsLetIn) {
  authenticator_.Adopt(WithUsers({}));
  EXPECT_EQ(Ask(""), 200);
  EXPECT_EQ(Ask(kWrong), 200);
}

TEST_F(AuthenticatorTest, AsksForCredentials) {
  for (const std::string_view nonsense : {"", "Bearer dTpyaWdodA==", "Basic", "Basic !", "Basic dQ=="}) {
    EXPECT_EQ(Ask(nonsense), 401) << nonsense;
    EXPECT_EQ(Header("WWW-Authenticate"), "Basic realm=\"Buntime exporter\", charset=\"UTF-8\"");
  }
}

TEST_F(AuthenticatorTest, GoodCredentialsAreCheckedOnce) {
  EXPECT_EQ(AskAndWait(kRight), 200);
  EXPECT_EQ(Ask(kRight), 200);
}

TEST_F(AuthenticatorTest, WrongOnesAreCheckedEachTime) {
  EXPECT_EQ(AskAndWait(kWrong), 401);
  EXPECT_EQ(AskAndWait(kWrong), 401);
}

TEST_F(AuthenticatorTest, AStrangerIsCheckedAsLongAndNeverLetIn) {
  EXPECT_EQ(AskAndWait(kRight), 200);
  EXPECT_EQ(AskAndWait(kStranger), 401) << "the password is right for the hash that is checked in its place";
  EXPECT_EQ(AskAndWait(kStranger), 401);
}

TEST_F(AuthenticatorTest, WhoIsKnownDoesNotWaitBehindACrowd) {
  EXPECT_EQ(AskAndWait(kRight), 200);
  EXPECT_EQ(Ask(kWrong), 0);
  for (std::size_t i = 0; i <= PasswordVerifier::kMostWaiting; ++i) {
    Ask("Basic " + std::string(4 * (i + 1), 'A') + "Ojo6");  // NULs, then ":::"
  }
  EXPECT_EQ(*latest_, 429);
  EXPECT_EQ(Header("Retry-After"), "1");
  EXPECT_EQ(Ask(kRight), 200);
}

TEST_F(AuthenticatorTest, AReloadForgetsWhoseHashHasChanged) {
  EXPECT_EQ(AskAndWait(kRight), 200);
  authenticator_.Adopt(WithUsers({{"u", "hash"}, {"other", "hash2"}}));
  EXPECT_EQ(Ask(kRight), 200);
  authenticator_.Adopt(WithUsers({{"u", "another hash"}}));
  EXPECT_EQ(AskAndWait(kRight), 200);
  authenticator_.Adopt(WithUsers({{"other", "hash2"}}));
  EXPECT_EQ(AskAndWait(kRight), 401);
}

TEST_F(AuthenticatorTest, APasswordThatChangedWhileItWasCheckedIsNotGood) {
  EXPECT_EQ(Ask(kRight), 0);
  authenticator_.Adopt(WithUsers({{"u", "another hash"}}));
  turnstile_.LetThrough(1);
  ASSERT_TRUE(io_.RunOne());
  EXPECT_EQ(*latest_, 401);
}

class RateLimitTest : public AuthenticatorTest {
 protected:
  static std::shared_ptr<const Security> Limited(std::uint64_t burst) {
    return std::make_shared<Security>(
        Security{nullptr, {}, {{"u", "hash"}}, RateLimit{std::chrono::hours(1), burst}, {}});
  }
};

TEST_F(RateLimitTest, ComesBeforeTheCheckOfAPassword) {
  authenticator_.Adopt(Limited(2));
  EXPECT_EQ(Ask(""), 401);
  EXPECT_EQ(Ask(""), 401);
  EXPECT_EQ(Ask(kWrong), 429);
  EXPECT_EQ(Header("Retry-After"), "3600");
  EXPECT_EQ(Header("WWW-Authenticate"), "(none)");
  authenticator_.Adopt(Limited(2));
  EXPECT_EQ(Ask(""), 429) << "a reload does not refill the bucket";
  authenticator_.Adopt(WithUsers({{"u", "hash"}}));
  EXPECT_EQ(Ask(""), 401);
}

TEST_F(RateLimitTest, StrangersDoNotUseUpWhatThoseWhoAreLetInMayAsk) {
  authenticator_.Adopt(Limited(3));
  EXPECT_EQ(AskAndWait(kRight), 200);
  for (int i = 0; i < 50; ++i) Ask("");
  EXPECT_EQ(Ask(""), 429);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(Ask(kRight), 200) << i;
  EXPECT_EQ(Ask(kRight), 429) << "their own bucket is empty";
  EXPECT_EQ(Ask("", "b"), 401) << "each client without a password has a bucket";
}

TEST_F(RateLimitTest, ManyStrangersShareABucketInTheEnd) {
  authenticator_.Adopt(Limited(1));
  for (std::size_t i = 0; i < Authenticator::kCountedClients; ++i) Ask("", std::to_string(i));
  EXPECT_EQ(Ask("", "one more"), 401);
  EXPECT_EQ(Ask("", "another"), 429);
}

}  // namespace
}  // namespace buntime::testing
