#include "bench/protocol.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "core/base/error.h"
#include "tests/options/another_value.h"

namespace nety::bench {
namespace {

TEST(Protocol, CommandsSurviveTheTrip) {
  Command command;
  command.action = Action::kLoad;
  command.engine = {"a \"b\"\n.gguf", {}, 64, "mistral-7b", 7};
  command.seed = 18446744073709551615U;
  const Command back = parse_command(to_line(command));
  EXPECT_EQ(back.engine.model, command.engine.model);
  EXPECT_EQ(back.engine.logit_rows, 64);
  EXPECT_EQ(back.engine.shape, "mistral-7b");
  EXPECT_EQ(back.engine.seed, 7U);
  EXPECT_EQ(back.seed, command.seed);

  command.action = Action::kQuality;
  command.window = 3;
  command.compare = "/tmp/x";
  EXPECT_EQ(parse_command(to_line(command)).window, 3);
  EXPECT_EQ(parse_command(to_line(command)).compare, "/tmp/x");
}

TEST(Protocol, EveryOptionSurvivesTheTrip) {
  Command command;
  command.action = Action::kLoad;
  options::visit(command.engine.run, [](const options::OptionRow&, auto& value) {
    value = options::another_value(value);
  });
  const Command back = parse_command(to_line(command));
  EXPECT_EQ(back.engine.run, command.engine.run);
  EXPECT_NE(back.engine.run, EngineRequest().run);
}

TEST(Protocol, OptionsThatAreNotSaidKeepTheirDefaults) {
  const Command command = parse_command(
      R"({"do":"load","engine":{"model":"m","mode":"nf4","kv":"","later":true,"threads":3}})");
  const options::RunOptions expected{
      .mode = "nf4", .backend = "native", .device = "cpu", .threads = 3};
  EXPECT_EQ(command.engine.run, expected);
  EXPECT_THROW(parse_command(R"({"do":"load","engine":{"kv":"int3"}})"), Error);
}

TEST(Protocol, EveryActionHasAWord) {
  for (int i = 0; i <= static_cast<int>(Action::kQuit); ++i) {
    Command command;
    command.action = static_cast<Action>(i);
    EXPECT_EQ(parse_command(to_line(command)).action, command.action);
  }
}

TEST(Protocol, RepliesSurviveTheTripOnOneLine) {
  Reply reply;
  reply.numbers = {{"seconds", 0.25}, {"weights_bytes", 9007199254740991.0}};
  reply.words = {{"kernel", "a\nb\xff"}};
  reply.series = {{"gaps_s", {0.1, std::numeric_limits<double>::infinity()}}};
  const std::string line = to_line(reply);
  EXPECT_EQ(line.find('\n'), std::string::npos);
  const Reply back = parse_reply(line);
  EXPECT_EQ(back.kind, Reply::Kind::kDone);
  EXPECT_EQ(back.number("seconds"), 0.25);
  EXPECT_EQ(back.number("weights_bytes"), 9007199254740991.0);
  EXPECT_TRUE(std::isnan(back.number("absent")));
  EXPECT_TRUE(std::isnan(back.series.at("gaps_s")[1]));
  EXPECT_EQ(back.word("kernel"), "a\nb\xef\xbf\xbd");
}

TEST(Protocol, FailuresKeepTheirKind) {
  Reply reply;
  reply.kind = Reply::Kind::kFailed;
  reply.error = ErrorKind::kMemory;
  reply.what = "needs 29 GB";
  const Reply back = parse_reply(to_line(reply));
  EXPECT_EQ(back.kind, Reply::Kind::kFailed);
  EXPECT_EQ(back.error, ErrorKind::kMemory);
  EXPECT_EQ(back.what, "needs 29 GB");
}

TEST(Protocol, RejectsWhatIsNotAReply) {
  for (const char* line : {"", "hello", "[]", "{}", "42", "{\"done\":3}", "{\"done\":{\"a\":",
                           "{\"error\":{}}", "{\"progress\":{}}", "{\"progress\":7}", "\xff\xfe",
                           "{\"error\":{\"kind\":3,\"what\":\"x\"}}"})
    EXPECT_THROW(parse_reply(line), Error) << line;
  EXPECT_THROW(parse_reply(std::string(100000, '[')), Error);
}

TEST(Protocol, RejectsWhatIsNotACommand) {
  for (const char* line : {"", "{}", "{\"do\":\"fly\"}", "{\"do\":1}", "{\"do\":\"load\"}",
                           "{\"do\":\"decode\",\"n_gen\":\"many\"}"})
    EXPECT_THROW(parse_command(line), Error) << line;
}

}  // namespace
}  // namespace nety::bench
