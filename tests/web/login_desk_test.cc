// Who is checked when, and who is sent away, where more want in than bcrypt has time for.
#include "web/login_desk.h"

#include <gtest/gtest.h>

#include <deque>
#include <string>
#include <vector>

#include "web/task_queue.h"

namespace buntime::testing {
namespace {

class LoginDeskTest : public ::testing::Test {
 protected:
  ~LoginDeskTest() override {
    turnstile_.LetThrough(1000);
    desk_.Stop();
  }

  /// Equal passwords are equal credentials.
  void Submit(const std::string& password, const std::string& client = "a") {
    desk_.Submit({digester_.Of("u", password, ""), password, "", client},
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
  LoginDesk desk_{io_.Post(), turnstile_.Verify()};
};

TEST_F(LoginDeskTest, TellsRightFromWrong) {
  turnstile_.LetThrough(2);
  Submit("right");
  ASSERT_TRUE(io_.RunOne());
  Submit("wrong");
  ASSERT_TRUE(io_.RunOne());
  EXPECT_EQ(results_, (Strings{"right good", "wrong bad"}));
}

TEST_F(LoginDeskTest, EqualCredentialsAreCheckedOnceForAllWhoWait) {
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

TEST_F(LoginDeskTest, WhoCrowdsIsSentAwayAtOnce) {
  Submit("at work");
  turnstile_.AwaitChecked(1);
  SubmitMany("x", LoginDesk::kMostWaiting);
  EXPECT_EQ(results_, Strings());
  Submit("too many");
  EXPECT_EQ(results_, Strings{"too many busy"});
}

TEST_F(LoginDeskTest, ACrowdLosesItsPlaceToSomebodyElse) {
  Submit("at work");
  turnstile_.AwaitChecked(1);
  SubmitMany("x", LoginDesk::kMostWaiting);
  Submit("right", "b");
  ASSERT_TRUE(io_.RunOne());
  EXPECT_EQ(results_, Strings{"x31 busy"});  // the latest of the crowd
}

TEST_F(LoginDeskTest, OfTwoCrowdsTheLargerLoses) {
  Submit("at work");
  turnstile_.AwaitChecked(1);
  SubmitMany("x", 20, "a");
  SubmitMany("y", 12, "b");
  SubmitMany("z", 9, "c");
  for (int i = 0; i < 9; ++i) ASSERT_TRUE(io_.RunOne());
  // Eight of a (20 -> 12); then both have twelve, and whoever came last goes.
  EXPECT_EQ(results_, (Strings{"x19 busy", "x18 busy", "x17 busy", "x16 busy", "x15 busy", "x14 busy",
                               "x13 busy", "x12 busy", "y11 busy"}));
}

TEST_F(LoginDeskTest, ClientsTakeTurns) {
  Submit("at work");
  turnstile_.AwaitChecked(1);
  SubmitMany("x", 4, "a");
  SubmitMany("y", 2, "b");
  turnstile_.LetThrough(7);
  for (int i = 0; i < 7; ++i) ASSERT_TRUE(io_.RunOne());
  EXPECT_EQ(turnstile_.AwaitChecked(7),
            (std::deque<std::string>{"at work", "x0", "y0", "x1", "y1", "x2", "x3"}));
}

TEST_F(LoginDeskTest, NobodyIsServedAfterStop) {
  Submit("at work");
  turnstile_.AwaitChecked(1);
  Submit("waiting");
  turnstile_.LetThrough(1000);
  desk_.Stop();  // returns, whether the second was begun or not
  const std::size_t begun = turnstile_.AwaitChecked(1).size();
  Submit("late");
  EXPECT_EQ(turnstile_.AwaitChecked(1).size(), begun);
}

}  // namespace
}  // namespace buntime::testing
