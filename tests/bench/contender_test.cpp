// Other engines: what a command line says of them, and programs that stand for engines that work,
// answer differently, and fail in every way.
#include "bench/contender.h"

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "bench/model_facts.h"
#include "bench/run.h"
#include "core/base/error.h"
#include "core/base/files.h"
#include "core/checkpoint/checkpoint.h"
#include "core/measure/stopwatch.h"
#include "tests/bench/runs.h"
#include "tests/bench/small_model.h"

namespace nety::bench {
namespace {

namespace fs = std::filesystem;
using results::Result;
using results::Status;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(ContenderOption, KnowsWhatItIsGiven) {
  const Contender bench = parse_contender("llama.cpp@q4_0=./llama-bench -m 'a b.gguf' -t 2");
  EXPECT_EQ(bench.name, "llama.cpp");
  EXPECT_EQ(bench.mode, "q4_0");
  EXPECT_EQ(bench.kind, ContenderKind::kLlamaBench);
  EXPECT_EQ(bench.command, "./llama-bench -m 'a b.gguf' -t 2");
  EXPECT_EQ(parse_contender("x=http://127.0.0.1:8080").kind, ContenderKind::kServer);
  EXPECT_EQ(parse_contender("x=llama-server -m m.gguf --port {port}").kind, ContenderKind::kServer);
  EXPECT_EQ(parse_contender("x=/opt/env/bin/python3.11").kind, ContenderKind::kPython);
  EXPECT_EQ(parse_contender("x=python serve.py --port {port}").kind, ContenderKind::kServer);
  EXPECT_EQ(parse_contender("x=any -k {prompt} -n {gen}").kind, ContenderKind::kLlamaBench);
  EXPECT_EQ(model_file_in("serve --model=/a/m.gguf --port {port}"), "/a/m.gguf");
  EXPECT_EQ(model_file_in("llama-bench -m '/a/m.gguf'"), "/a/m.gguf");
  EXPECT_EQ(model_file_in("http://127.0.0.1"), "");
}

TEST(ContenderOption, RefusesWhatItCannotBe) {
  for (const char* text :
       {"llama-bench", "=x", "x=", "a b=x", "native=x", "torch=x", "installed=x", "x@q9=y",
        "x=llama-bench -p 512", "x=llama-bench -o json", "x=llama-bench --n-gen 3"}) {
    try {
      parse_contender(text);
      ADD_FAILURE() << text;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kUsage) << text;
      EXPECT_THAT(error.what(), HasSubstr("--contender")) << text;
      EXPECT_FALSE(error.hint().empty()) << text;
    }
  }
}

TEST(ContenderOption, WantsAModelAndNamesThatDiffer) {
  BenchRequest request;
  request.contenders = {parse_contender("x=http://127.0.0.1:1"),
                        parse_contender("x=http://127.0.0.1:2")};
  EXPECT_THROW(check(request), Error);
  request.contenders.pop_back();
  EXPECT_NO_THROW(check(request));
  request.shape = "smollm2-135m";
  EXPECT_THROW(check(request), Error);
}

/// What a run of one contender beside the fake engine gave.
struct Measured {
  results::File file;
  std::vector<Contender> refused;
  double seconds = 0;
};

class ContenderRun : public ::testing::Test {
 protected:
  static std::string stand_in(const std::string& name) {
    return fmt::format("/usr/bin/python3 '{}/../bench/contenders/{}'", test_data(), name);
  }
  std::string server(const std::string& kind) const {
    return fmt::format("{} {{port}} {} '{}'", stand_in("server.py"), kind, pid_file());
  }
  std::string llama_bench(const std::string& kind) const {
    const auto checkpoint = checkpoint::Checkpoint::open(model_.path());
    return fmt::format("{} {} {}", stand_in("llama_bench.py"), kind,
                       describe(checkpoint).parameters);
  }
  std::string pid_file() const { return folder_.file("pid"); }

  Measured measure(const std::string& command, bool slices = false) const {
    class Told : public Observer {
     public:
      std::vector<Contender> refused_ones;
      void refused(const Contender& contender) override { refused_ones.push_back(contender); }
    } observer;
    BenchRequest request;
    request.model = model_.path();
    request.modes = {"fp32"};
    request.prompts = {64};
    request.gens = {8};
    request.repetitions = 2;
    request.load_passes = 0;
    request.probe_bandwidth = false;
    request.slices = slices;
    request.budget_s = slices ? 12 : 0;
    request.contender_limit_s = 3;
    request.worker = {measure::own_program(), "worker"};
    request.contenders = {parse_contender("other=" + command)};
    const measure::Stopwatch watch;
    Measured measured{run(request, test_machine(), observer), observer.refused_ones,
                      watch.seconds()};
    return measured;
  }

  static const Result* find_row(const results::File& file, const std::string& backend,
                                const std::string& phase) {
    for (const Result& row : file.results)
      if (row.backend == backend && row.phase == phase) return &row;
    return nullptr;
  }

  /// A process that has ended and that nobody has asked about runs no more.
  static bool runs(const std::string& pid) {
    try {
      return read_file("/proc/" + pid + "/status").find("State:\tZ") == std::string::npos;
    } catch (const Error&) {
      return false;
    }
  }

  /// Nothing that was started is left.
  void expect_ended() const {
    if (!fs::exists(pid_file())) return;
    const std::string pid = read_file(pid_file());
    for (int i = 0; i < 50 && runs(pid); ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    EXPECT_FALSE(runs(pid)) << "the server still runs";
  }

  /// Refused with that reason and a way out; our own rows are whole, and nothing is left behind.
  void expect_refused(const std::string& command, Status status, const std::string& reason) {
    SCOPED_TRACE(command);
    const Measured measured = measure(command);
    ASSERT_EQ(measured.refused.size(), 1U);
    const AnswerCheck& answers = measured.refused.front().answers;
    EXPECT_EQ(answers.status, status) << answers.reason;
    EXPECT_THAT(answers.reason, HasSubstr(reason));
    EXPECT_FALSE(answers.hint.empty());
    const Result* theirs = find_row(measured.file, "other", "decode");
    ASSERT_NE(theirs, nullptr);
    EXPECT_EQ(theirs->status, status);
    EXPECT_THAT(theirs->reason, HasSubstr(reason));
    EXPECT_TRUE(theirs->metrics.empty());
    const Result* ours = find_row(measured.file, "native", "decode");
    ASSERT_NE(ours, nullptr);
    EXPECT_EQ(ours->status, Status::kOk);
    EXPECT_EQ(ours->metrics.at("tg_tps").n, 2);
    EXPECT_LT(measured.seconds, 20);
    expect_ended();
  }

  SmallModel model_;
  TemporaryFolder folder_;
};

TEST_F(ContenderRun, OfAServerIsInTheSameRows) {
  for (const char* kind : {"good", "strict", "loading", "closes_kept"}) {
    SCOPED_TRACE(kind);
    const Measured measured = measure(server(kind));
    EXPECT_TRUE(measured.refused.empty()) << measured.refused.front().answers.reason;
    const Result* decode = find_row(measured.file, "other", "decode");
    ASSERT_NE(decode, nullptr);
    EXPECT_EQ(decode->status, Status::kOk) << decode->reason;
    EXPECT_EQ(decode->contender, "openai");
    EXPECT_EQ(decode->mode, "stored");
    EXPECT_EQ(decode->model, find_row(measured.file, "other", "load")->model);
    const double tg_tps = *decode->metrics.at("tg_tps").median;  // two milliseconds a token
    EXPECT_GT(tg_tps, 50);
    EXPECT_LT(tg_tps, 500);
    EXPECT_THAT(decode->metrics.at("tg_tps").inputs.front(), HasSubstr("at the client"));
    EXPECT_GT(*find_row(measured.file, "other", "prefill")->metrics.at("pp_tps").median, 0);
    const Result* generate = find_row(measured.file, "other", "generate");
    EXPECT_GT(*generate->metrics.at("ttft_s").median, 0.001);
    EXPECT_GT(*generate->metrics.at("tpot_s").median, 0.001);
    EXPECT_GT(*find_row(measured.file, "other", "load")->metrics.at("load_s").median, 0);
    EXPECT_GT(*find_row(measured.file, "other", "load")->metrics.at("peak_rss_bytes").median, 1e6);
    const Result* quality = find_row(measured.file, "other", "quality");
    ASSERT_NE(quality, nullptr);
    EXPECT_EQ(quality->metrics.at("top1_agreement").median, 1);
    EXPECT_EQ(quality->metrics.at("greedy_divergence").median, 32);
    expect_ended();
  }
}

TEST_F(ContenderRun, OfLlamaBenchIsInTheSameRows) {
  for (const char* kind : {"good", "lines"}) {
    SCOPED_TRACE(kind);
    const Measured measured = measure(llama_bench(kind));
    EXPECT_TRUE(measured.refused.empty()) << measured.refused.front().answers.reason;
    const Result* decode = find_row(measured.file, "other", "decode");
    ASSERT_NE(decode, nullptr);
    EXPECT_EQ(decode->status, Status::kOk) << decode->reason;
    EXPECT_NEAR(*decode->metrics.at("tg_tps").median, 250, 0.01);
    EXPECT_EQ(decode->contender, "llama-bench");
    EXPECT_THAT(decode->kernel, HasSubstr("llama 135M Q4_0"));
    EXPECT_NEAR(*find_row(measured.file, "other", "prefill")->metrics.at("pp_tps").median, 1000,
                0.01);
    EXPECT_EQ(find_row(measured.file, "other", "generate"), nullptr) << "it speaks no text";
    EXPECT_EQ(find_row(measured.file, "other", "quality"), nullptr) << "its answers are unknown";
  }
}

TEST_F(ContenderRun, ByItsOwnPlacesNeedsNoOptionsOfLlamaBench) {
  const Measured measured =
      measure(llama_bench("good") + " -m {model} -t {threads} -o json -r 1 -p {prompt} -n {gen}");
  EXPECT_TRUE(measured.refused.empty()) << measured.refused.front().answers.reason;
  EXPECT_NEAR(*find_row(measured.file, "other", "decode")->metrics.at("tg_tps").median, 250, 0.01);
}

TEST_F(ContenderRun, TakesTurnsInSlicesToo) {
  const Measured measured = measure(server("good"), /*slices=*/true);
  EXPECT_TRUE(measured.refused.empty());
  const Result* decode = find_row(measured.file, "other", "decode");
  ASSERT_NE(decode, nullptr);
  EXPECT_EQ(decode->status, Status::kOk) << decode->reason;
  EXPECT_GE(decode->metrics.at("tg_tps").n, 6);
  expect_ended();
}

/// A URL among its words does not make a command the URL of a running server.
TEST_F(ContenderRun, StartsACommandThatNamesAUrl) {
  const Measured measured = measure("BASE=http://127.0.0.1:{port}/v1 " + server("differs"));
  EXPECT_TRUE(measured.refused.empty());
  const Result* decode = find_row(measured.file, "other", "decode");
  ASSERT_NE(decode, nullptr);
  EXPECT_EQ(decode->status, Status::kOk) << decode->reason;
}

TEST_F(ContenderRun, ThatAnswersDifferentlyIsMeasuredAndMarked) {
  const Measured measured = measure(server("differs"));
  EXPECT_TRUE(measured.refused.empty());
  const Result* quality = find_row(measured.file, "other", "quality");
  ASSERT_NE(quality, nullptr);
  EXPECT_NEAR(*quality->metrics.at("top1_agreement").median, 0.75, 0.01);
  EXPECT_EQ(quality->metrics.at("greedy_divergence").median, 3);
  EXPECT_EQ(find_row(measured.file, "other", "decode")->status, Status::kOk);
}

TEST_F(ContenderRun, OfAServerThatDiesIsRefused) {
  expect_refused(server("never_starts"), Status::kError, "failed to load model");
  expect_refused(server("dies"), Status::kError, "out of memory");
  expect_refused("/nowhere/llama-server --port {port}", Status::kError, "exit code 127");
  expect_refused("http://127.0.0.1:1", Status::kError, "nobody listens there");
}

TEST_F(ContenderRun, OfAServerThatStallsIsRefused) {
  expect_refused(server("never_listens"), Status::kTimeout, "3");
  expect_refused(server("stalls"), Status::kTimeout, "3");
}

TEST_F(ContenderRun, OfAServerThatAnswersGarbageIsRefused) {
  expect_refused(server("garbage_models"), Status::kError, "no list of models");
  expect_refused(server("garbage"), Status::kError, "no event of a stream: 'Hello");
  expect_refused(server("broken_json"), Status::kError, "no JSON object");
  expect_refused(server("no_text"), Status::kError, "no text");
  expect_refused(server("fails"), Status::kError, "HTTP status 500: out of slots");
  expect_refused(server("not_found"), Status::kError, "HTTP status 404: Not Found");
  expect_refused(server("wants_key"), Status::kError, "asks for a key");
}

TEST_F(ContenderRun, OfAServerWithAnotherModelIsRefused) {
  expect_refused(server("other_model"), Status::kError, "another model");
  expect_refused(server("other_tokenizer"), Status::kError, "its tokenizer makes 7 tokens");
  expect_refused(server("other_size"), Status::kError, "7000 million parameters");
}

TEST_F(ContenderRun, OfLlamaBenchThatFailsIsRefused) {
  expect_refused(llama_bench("dies"), Status::kError, "failed to load model");
  expect_refused(llama_bench("stalls"), Status::kTimeout, "3");
  expect_refused(llama_bench("garbage"), Status::kError, "no JSON of llama-bench: '| model");
  expect_refused(llama_bench("other_tests"), Status::kError, "no test of 8 prompt");
  expect_refused(stand_in("llama_bench.py") + " good 7000000000", Status::kError,
                 "7000 million parameters");
  expect_refused("/nowhere/llama-bench", Status::kError, "exit code 127");
}

TEST_F(ContenderRun, ThatFailsLaterKeepsWhatItGave) {
  for (const std::string& command :
       {server("dies_later"), server("stalls_later"), llama_bench("dies_later"),
        llama_bench("stalls_later"), llama_bench("no_times")}) {
    SCOPED_TRACE(command);
    const Measured measured = measure(command);
    EXPECT_TRUE(measured.refused.empty()) << "its answers were fine";
    const Result* decode = find_row(measured.file, "other", "decode");
    ASSERT_NE(decode, nullptr);
    EXPECT_NE(decode->status, Status::kOk);
    EXPECT_FALSE(decode->reason.empty());
    EXPECT_EQ(find_row(measured.file, "native", "decode")->metrics.at("tg_tps").n, 2);
    EXPECT_LT(measured.seconds, 25);
    expect_ended();
  }
}

}  // namespace
}  // namespace nety::bench
