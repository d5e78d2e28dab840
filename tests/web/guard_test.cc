// Who is let in: passwords, what is remembered of them, the rate limit, and what a reload changes.
#include "web/guard.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "web/response_head.h"
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

class GuardTest : public ::testing::Test {
 protected:
  ~GuardTest() override {
    turnstile_.LetThrough(1000);
    guard_.Stop();
  }

  /// The status; 200 for who is let in, 0 while that is not decided.
  int Ask(std::string_view authorization, const std::string& client = "a") {
    RequestHead request;
    request.authorization = authorization;
    auto status = std::make_shared<int>(0);
    latest_ = status;
    guard_.Check(request, client, [this, status](std::optional<HttpResponse> refusal) {
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
  Guard guard_{WithUsers({{"u", "hash"}}), io_.Post(), turnstile_.Verify()};
};

TEST_F(GuardTest, WithoutUsersEveryoneIsLetIn) {
  guard_.Adopt(WithUsers({}));
  EXPECT_EQ(Ask(""), 200);
  EXPECT_EQ(Ask(kWrong), 200);
}

TEST_F(GuardTest, AsksForCredentials) {
  for (const std::string_view nonsense : {"", "Bearer dTpyaWdodA==", "Basic", "Basic !", "Basic dQ=="}) {
    EXPECT_EQ(Ask(nonsense), 401) << nonsense;
    EXPECT_EQ(Header("WWW-Authenticate"), "Basic realm=\"Buntime exporter\", charset=\"UTF-8\"");
  }
}

TEST_F(GuardTest, GoodCredentialsAreCheckedOnce) {
  EXPECT_EQ(AskAndWait(kRight), 200);
  EXPECT_EQ(Ask(kRight), 200);
}

TEST_F(GuardTest, WrongOnesAreCheckedEachTime) {
  EXPECT_EQ(AskAndWait(kWrong), 401);
  EXPECT_EQ(AskAndWait(kWrong), 401);
}

TEST_F(GuardTest, AStrangerIsCheckedAsLongAndNeverLetIn) {
  EXPECT_EQ(AskAndWait(kRight), 200);
  EXPECT_EQ(AskAndWait(kStranger), 401) << "the password is right for the hash that is checked in its place";
  EXPECT_EQ(AskAndWait(kStranger), 401);
}

TEST_F(GuardTest, WhoIsKnownDoesNotWaitBehindACrowd) {
  EXPECT_EQ(AskAndWait(kRight), 200);
  EXPECT_EQ(Ask(kWrong), 0);
  for (std::size_t i = 0; i <= LoginDesk::kMostWaiting; ++i) {
    Ask("Basic " + std::string(4 * (i + 1), 'A') + "Ojo6");  // NULs, then ":::"
  }
  EXPECT_EQ(*latest_, 429);
  EXPECT_EQ(Header("Retry-After"), "1");
  EXPECT_EQ(Ask(kRight), 200);
}

TEST_F(GuardTest, AReloadForgetsWhoseHashHasChanged) {
  EXPECT_EQ(AskAndWait(kRight), 200);
  guard_.Adopt(WithUsers({{"u", "hash"}, {"other", "hash2"}}));
  EXPECT_EQ(Ask(kRight), 200);
  guard_.Adopt(WithUsers({{"u", "another hash"}}));
  EXPECT_EQ(AskAndWait(kRight), 200);
  guard_.Adopt(WithUsers({{"other", "hash2"}}));
  EXPECT_EQ(AskAndWait(kRight), 401);
}

TEST_F(GuardTest, APasswordThatChangedWhileItWasCheckedIsNotGood) {
  EXPECT_EQ(Ask(kRight), 0);
  guard_.Adopt(WithUsers({{"u", "another hash"}}));
  turnstile_.LetThrough(1);
  ASSERT_TRUE(io_.RunOne());
  EXPECT_EQ(*latest_, 401);
}

TEST_F(GuardTest, TheRateLimitComesBeforeThePassword) {
  auto security =
      std::make_shared<Security>(Security{nullptr, {}, {{"u", "hash"}}, RateLimit{std::chrono::hours(1), 2}});
  guard_.Adopt(security);
  EXPECT_EQ(Ask(""), 401);
  EXPECT_EQ(Ask(""), 401);
  EXPECT_EQ(Ask(""), 429);
  EXPECT_EQ(Header("Retry-After"), "3600");
  EXPECT_EQ(Header("WWW-Authenticate"), "(none)");
  guard_.Adopt(std::make_shared<Security>(*security));
  EXPECT_EQ(Ask(""), 429) << "a reload does not refill the bucket";
  guard_.Adopt(WithUsers({{"u", "hash"}}));
  EXPECT_EQ(Ask(""), 401);
}

}  // namespace
}  // namespace buntime::testing
