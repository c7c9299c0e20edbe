// A conversation that is left and resumed says what it would have said without leaving. Terminals
// are in tests/cases/chat_cases.py.
#include <gmock/gmock.h>

#include "tests/app/run.h"

namespace nety::app {
namespace {

using testing::HasSubstr;

class DefaultChat : public testing::Test {
 protected:
  void SetUp() override {
    if (default_model().empty()) GTEST_SKIP() << "not run: the default model is not in the cache";
  }
  static Outcome chat(const std::string& options, const std::string& lines) {
    return run("chat -q " + options, "printf '" + lines + "' | NETY_SESSIONS='" +
                                         (test_folder() / "sessions").string() + "'");
  }
};

TEST_F(DefaultChat, GoesOnAsIfNobodyHadLeft) {
  const std::string first = "Tell me a short story.\\n", second = "And then?\\n";
  for (const std::string options :
       {"-n 40 --seed 5 --temp 1", "-n 40 --greedy --mode fp32 --kv bf16"}) {
    const Outcome whole = chat(options, first + second);
    const Outcome left = chat(options, first + "/save story\\n");
    const Outcome resumed = chat(options + " --resume", second);
    ASSERT_EQ(whole.code, 0) << whole.err;
    ASSERT_EQ(resumed.code, 0) << resumed.err;
    EXPECT_EQ(left.out + resumed.out, whole.out) << options;
    EXPECT_NE(resumed.out, "");
  }
}

TEST_F(DefaultChat, TakesTheModelAndItsModeFromTheSession) {
  const Outcome left =
      chat("--greedy -n 8 --mode bf16 --ctx 300", "Hello\\n/set top-k 3\\n/save s\\n");
  ASSERT_EQ(left.code, 0) << left.err;
  const Outcome resumed = chat("--resume=s --greedy -n 8", "/stats\\n/set\\n");
  ASSERT_EQ(resumed.code, 0) << resumed.err;
  EXPECT_THAT(resumed.out, HasSubstr("bf16 native"));
  EXPECT_THAT(resumed.out, HasSubstr("/300"));
  EXPECT_THAT(resumed.out, HasSubstr("top-k: 3"));
  const Outcome other = chat("--resume=s --mode fp32", "Hello\\n");
  EXPECT_EQ(other.code, 2);
  EXPECT_THAT(other.err, HasSubstr("mode bf16"));
  EXPECT_EQ(chat("--resume=none", "Hello\\n").code, 2);
}

}  // namespace
}  // namespace nety::app
