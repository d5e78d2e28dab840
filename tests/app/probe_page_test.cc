#include "app/probe_page.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace buntime {
namespace {

using namespace std::chrono_literals;

std::shared_ptr<const Module> MakeModule(const std::string& name, Duration timeout = 60s) {
  auto module = std::make_shared<Module>();
  module->name = name;
  module->target.timeout = timeout;
  module->target.credential = {Credential::Kind::kApiKey, "", "/run/key"};
  module->target.allowed = std::make_shared<const AddressRules>(*AddressRules::Parse({"10.0.0.0/8", ".svc"}));
  return module;
}

const Modules kTwo = {MakeModule("default"), MakeModule("shop", 8s)};

std::string Refusal(const std::string& query, const std::string& timeout = "",
                    const Modules& modules = kTwo) {
  const auto question = ReadProbeQuestion(query, timeout, 500ms, modules);
  return question ? "accepted" : question.error().message;
}

Duration Budget(const std::string& timeout, Duration offset, const std::string& module = "default") {
  return ReadProbeQuestion("target=h&module=" + module, timeout, offset, kTwo)->budget;
}

TEST(ProbeQuestionTest, ATargetWithoutSchemeIsHttp) {
  const auto question = ReadProbeQuestion("module=shop&target=10.0.0.5%3A8000&debug=true", "", 500ms, kTwo);
  ASSERT_TRUE(question) << question.error().message;
  EXPECT_EQ(question->url.origin, "http://10.0.0.5:8000");
  EXPECT_EQ(question->module->name, "shop");
  EXPECT_TRUE(question->debug);
  const auto full = ReadProbeQuestion("target=https://[fd00::1]:8000/base/", "", 500ms, kTwo);
  EXPECT_EQ(full->url.origin, "https://[fd00::1]:8000");
  EXPECT_EQ(full->url.path, "/base");
  EXPECT_FALSE(full->debug);
}

TEST(ProbeQuestionTest, TheModuleIsTheNamedOneOrDefaultOrTheOnlyOne) {
  EXPECT_EQ(ReadProbeQuestion("target=h", "", 500ms, kTwo)->module->name, "default");
  EXPECT_EQ(ReadProbeQuestion("target=h", "", 500ms, {MakeModule("one")})->module->name, "one");
  EXPECT_EQ(Refusal("target=h", "", {MakeModule("a"), MakeModule("b")}),
            "module is missing: choose one of a, b");
  EXPECT_EQ(Refusal("target=h&module=x"), "there is no module 'x': choose one of default, shop");
  EXPECT_EQ(Refusal("target=h&module="), "there is no module '': choose one of default, shop");
}

TEST(ProbeQuestionTest, TheAnswerIsEarlyByTheOffsetButNeverByMoreThanHalf) {
  EXPECT_EQ(Budget("10", 500ms), 9500ms);
  EXPECT_EQ(Budget("0.6", 500ms), 300ms);
  EXPECT_EQ(Budget("10", 0ms), 10s);
  EXPECT_EQ(Budget("10", 500ms, "shop"), 8s) << "the module's timeout";
  EXPECT_EQ(Budget("1e9", 500ms), 60s);
  EXPECT_EQ(Budget("", 500ms), 10s);
  EXPECT_EQ(Budget("", 500ms, "shop"), 8s);
}

TEST(ProbeQuestionTest, BadQuestionsAreRefusedInOneLine) {
  const std::string missing = "target is missing or not percent-encoded: expected /probe?target=HOST:PORT";
  for (const auto& [query, message] :
       {std::pair<std::string, std::string>{"", missing},
        {"target=", missing},
        {"target=%zz", missing},
        {"target=a&target=b", "target is given more than once"},
        {"target=a&module=default&module=shop", "module is given more than once"}}) {
    EXPECT_EQ(Refusal(query), message) << query;
  }
  EXPECT_EQ(Refusal("target=http://u:hunter2@h").find("hunter2"), std::string::npos);
  for (const std::string timeout : {"0", "-1", "nan", "x", "1s", " 1"}) {
    EXPECT_EQ(Refusal("target=h", timeout),
              "X-Prometheus-Scrape-Timeout-Seconds is '" + timeout + "': expected a number of seconds");
  }
}

TEST(ProbeDebugPageTest, TellsOfAProbeThatWasRefused) {
  const auto question = ReadProbeQuestion("target=127.0.0.1:80", "", 500ms, kTwo);
  ProbeAnswer answer;
  answer.kind = ProbeAnswer::Kind::kForbidden;
  answer.reason = "it is loopback";
  EXPECT_EQ(ProbeDebugPage(*question, answer),
            "target: http://127.0.0.1:80\nmodule: default\nallowed_targets: 10.0.0.0/8 .svc\n"
            "credential: X-API-Key from /run/key (not shown)\ntime for the answer: 10000 ms\n"
            "result: forbidden: it is loopback\n\nexchanges, with times since the start of each:\n  none\n");
}

TEST(ProbeExpositionTest, BeginsWithTheReasonOfAFailureInOneLine) {
  auto runtime = std::make_shared<Runtime>();
  runtime->tried = true;
  runtime->outcome = Outcome::kSchema;
  runtime->error = "bad\nnews";
  ProbeAnswer answer;
  answer.kind = ProbeAnswer::Kind::kPolled;
  answer.runtime = runtime;
  const std::string page = ProbeExposition(answer);
  const std::string first = page.substr(0, page.find('\n'));
  EXPECT_TRUE(first.starts_with("# bad")) << first;
  EXPECT_NE(page.find("\nbuntime_up 0\n"), std::string::npos);
}

}  // namespace
}  // namespace buntime
