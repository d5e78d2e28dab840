// Which passwords are checked when, and which attempts are refused, where bcrypt is too slow for all of them.
#include "web/password_verifier.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "web/task_queue.h"

namespace buntime::testing {
namespace {

class PasswordVerifierTest : public ::testing::Test {
 protected:
  ~PasswordVerifierTest() override {
    turnstile_.LetThrough(1000);
    verifier_.Stop();
  }

  /// Equal passwords are equal credentials.
  void Submit(const std::string& password, const std::string& client = "a") {
    verifier_.Submit({digester_.Of("u", password, ""), password, "", client},
                     [this, password](LoginResult result) { results_.push_back(password + Name(result)); });
  }
  void SubmitMany(const std::string& prefix, std::size_t count, const std::string& client = "a") {
    for (std::size_t i = 0; i < count; ++i) Submit(prefix + std::to_string(i), client);
  }
  static std::string Name(LoginResult result) {
    return result == LoginResult::kGood ? " good" : result == LoginResult::kBad ? " bad" : " busy";
  }
  using Strings = std::vector<std::string>;

  const Digester digester_;
  Strings results_;
  TaskQueue io_;
  Turnstile turnstile_;
  PasswordVerifier verifier_{io_.Post(), turnstile_.Verify()};
};

TEST_F(PasswordVerifierTest, TellsRightFromWrong) {
  turnstile_.LetThrough(2);
  Submit("right");
  ASSERT_TRUE(io_.RunOne());
  Submit("wrong");
  ASSERT_TRUE(io_.RunOne());
  EXPECT_EQ(results_, (Strings{"right good", "wrong bad"}));
}

TEST_F(PasswordVerifierTest, EqualCredentialsAreCheckedOnceForAllWhoWait) {
  Submit("first");
  turnstile_.AwaitChecked(1);
  Submit("right");
  Submit("first");
  Submit("right");
  turnstile_.LetThrough(2);
  ASSERT_TRUE(io_.RunOne());
  ASSERT_TRUE(io_.RunOne());
  EXPECT_EQ(results_, (Strings{"first bad", "first bad", "right good", "right good"}));
  EXPECT_EQ(turnstile_.AwaitChecked(2).size(), 2U);
}

TEST_F(PasswordVerifierTest, AClientMayFillAPartOfTheQueue) {
  Submit("at work");
  turnstile_.AwaitChecked(1);
  SubmitMany("x", PasswordVerifier::kMostOfClient);
  EXPECT_EQ(results_, Strings());
  Submit("too many");
  EXPECT_EQ(results_, Strings{"too many busy"});
  Submit("right", "b");
  turnstile_.LetThrough(static_cast<int>(PasswordVerifier::kMostOfClient) + 2);
  for (std::size_t i = 0; i < PasswordVerifier::kMostOfClient + 2; ++i) ASSERT_TRUE(io_.RunOne());
  EXPECT_EQ(results_.back(), "right good") << "another client's attempt has its place";
}

TEST_F(PasswordVerifierTest, TheQueueIsBounded) {
  Submit("at work");
  turnstile_.AwaitChecked(1);
  for (std::size_t i = 0; i < PasswordVerifier::kMostWaiting; ++i) {
    Submit("x" + std::to_string(i), std::to_string(i));
  }
  EXPECT_EQ(results_, Strings());
  Submit("too many", "another");
  EXPECT_EQ(results_, Strings{"too many busy"});
}

TEST_F(PasswordVerifierTest, StopAnswersAtOnceAndWaitsForNoCheck) {
  Submit("at work");
  turnstile_.AwaitChecked(1);
  Submit("waiting");
  verifier_.Stop();  // the check under way is let through by the destructor only
  EXPECT_EQ(results_, (Strings{"at work busy", "waiting busy"}));
  Submit("late");
  EXPECT_EQ(results_.back(), "late busy");
}

}  // namespace
}  // namespace buntime::testing
