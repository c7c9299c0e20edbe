// Trials in real worker processes, each of which may crash, hang or be wrong.
#include "diag/viability.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/measure/stopwatch.h"
#include "diag/examine.h"
#include "diag/messages.h"
#include "tests/diag/machines.h"

namespace nety::diag {
namespace {

using results::FindingStatus;
using results::Status;
using ::testing::HasSubstr;

class Recorder : public TrialObserver {
 public:
  void step(const std::string& what, size_t done, size_t total) override {
    steps.push_back(what + " " + std::to_string(done) + "/" + std::to_string(total));
  }
  std::vector<std::string> steps;
};

TrialOptions quick(const std::vector<std::string>& modes) {
  TrialOptions options;
  options.quick = true;
  options.run.threads = 2;
  options.tries = every(modes, {"native"});
  options.worker = {{measure::own_program(), "trial-worker"}, {}};
  return options;
}

Trials run(const TrialOptions& options) {
  Recorder recorder;
  return run_trials(options, {}, recorder);
}

TEST(Viability, MakesEachFateOneRowsVerdict) {
  TrialOptions options = quick({"bf16", "fp16", "int8", "nf4-dq", "fp4", "fp4-dq", "fp32"});
  options.limit_s = 2;
  const Trials trials = run(options);
  ASSERT_EQ(trials.rows.size(), 7U);
  const auto row = [&](const char* mode) { return *trials.find(mode, "native"); };
  EXPECT_EQ(row("fp32").verdict, ModeVerdict::kViable);
  EXPECT_FALSE(row("fp32").timed);
  EXPECT_EQ(row("bf16").verdict, ModeVerdict::kBroken);  // crashed
  EXPECT_EQ(row("bf16").status, Status::kCrashed);
  EXPECT_THAT(row("bf16").reason, HasSubstr("SIGKILL"));
  EXPECT_EQ(row("fp16").verdict, ModeVerdict::kBroken);  // hung
  EXPECT_EQ(row("fp16").status, Status::kTimeout);
  EXPECT_EQ(row("int8").verdict, ModeVerdict::kBroken);  // wrong
  EXPECT_THAT(row("int8").reason, HasSubstr("wrong results: row "));
  EXPECT_EQ(row("fp4").verdict, ModeVerdict::kBroken);  // an error
  EXPECT_EQ(row("fp4").reason, "the kernel gave up");
  EXPECT_EQ(row("fp4-dq").verdict, ModeVerdict::kBroken);  // no number
  EXPECT_EQ(row("nf4-dq").verdict, ModeVerdict::kUnsupported);
  EXPECT_EQ(row("nf4-dq").status, Status::kUnsupported);
  EXPECT_EQ(trials.find("fp32", "torch"), nullptr);
}

TEST(Viability, TimesAndMeasuresTheWalls) {
  TrialOptions options = quick({"fp32"});
  options.quick = false;
  options.memory_bytes = 1;  // so that everything is as small as it gets
  Recorder recorder;
  const Trials trials = run_trials(options, {}, recorder);
  EXPECT_EQ(recorder.steps, (std::vector<std::string>{"bandwidth 0/2", "fp32 native 1/2"}));
  ASSERT_TRUE(trials.rates) << trials.rates_reason;
  const ModeTrial& row = trials.rows.at(0);
  EXPECT_TRUE(row.timed);
  EXPECT_GE(row.speed.n, 6);
  EXPECT_TRUE(row.speed.ci);
  EXPECT_GT(row.bytes_per_s.median.value_or(0), 1e6);
  EXPECT_GT(row.mbu.value_or(0), 0);
  EXPECT_GT(row.ops_per_s.median.value_or(0), 1e6);
  EXPECT_EQ(row.bytes_per_weight, 4);
}

TEST(Viability, SaysThatAWorkerCannotStart) {
  TrialOptions options = quick({"fp32"});
  options.worker = {{"/nonexistent/nety"}, {}};
  const Trials trials = run(options);
  EXPECT_EQ(trials.rows.at(0).verdict, ModeVerdict::kUnknown);
  EXPECT_THAT(trials.rows.at(0).reason, HasSubstr("/nonexistent/nety"));
  options.worker = {{"/bin/sh", "-c", "while read -r line; do echo nonsense; done"}, {}};
  options.quick = false;
  const Trials nonsense = run(options);
  EXPECT_EQ(nonsense.rows.at(0).verdict, ModeVerdict::kBroken);
  EXPECT_FALSE(nonsense.rates);
  EXPECT_FALSE(nonsense.rates_reason.empty());
}

TEST(Viability, StopsWhenInterrupted) {
  class Impatient : public TrialObserver {
    bool interrupted() override { return true; }
  } impatient;
  const measure::Stopwatch watch;
  EXPECT_TRUE(run_trials(quick({"fp16"}), {}, impatient).rows.empty());
  EXPECT_LT(watch.seconds(), 20);
}

TrialReply timed_reply(const std::vector<double>& mode_s, double reference_s) {
  TrialReply reply;
  reply.ok = true;
  reply.error_share = 0.3;
  reply.kernel = "unpack_nf4_avx512+float_panel_fp32_avx512";
  reply.bytes_per_weight = 0.5625;
  reply.vector_weights = 1000;
  reply.matrix_products = 64000;
  reply.vector = {mode_s, std::vector<double>(mode_s.size(), reference_s)};
  reply.matrix = reply.vector;
  return reply;
}

ModeTrial judged(const TrialReply& reply) {
  Trials trials;
  trials.rates.emplace().read_bytes_per_s = 1000;
  TrialRequest request;
  request.run.mode = "nf4";
  return judge(request, reply, trials, {"avx2"});
}

TEST(Viability, CallsSlowWhatTheIntervalSeparatesFromParity) {
  const ModeTrial fast = judged(timed_reply({1, 1.1, 1, 0.9, 1, 1.2}, 2));
  EXPECT_EQ(fast.verdict, ModeVerdict::kViable);
  EXPECT_DOUBLE_EQ(*fast.speed.median, 2);
  EXPECT_DOUBLE_EQ(*fast.bytes_per_s.median, 562.5);
  EXPECT_DOUBLE_EQ(*fast.mbu, 0.5625);
  EXPECT_EQ(fast.path, ProductPath::kDequantisedPerCall);
  EXPECT_EQ(judged(timed_reply({4, 4.1, 4, 4, 4, 4.2}, 2)).verdict, ModeVerdict::kSlow);
  EXPECT_EQ(judged(timed_reply({2.1, 2.1, 2.1, 2.1, 2.1, 2.1}, 2)).verdict, ModeVerdict::kViable)
      << "five per cent may be where its pages lie";
  // One pair on the other side and six pairs decide nothing.
  EXPECT_EQ(judged(timed_reply({4, 4, 4, 4, 4, 1}, 2)).verdict, ModeVerdict::kViable);
  EXPECT_EQ(judged(timed_reply({4, 4, 4}, 2)).verdict, ModeVerdict::kViable) << "no interval";
}

TEST(Viability, TellsPathsApart) {
  const std::vector<std::string> plain{"avx2"}, wide{"avx2", "avx512f", "avx512_bf16"};
  EXPECT_EQ(path_of("native", "fp32", "float_panel_fp32_scalar", plain), ProductPath::kNative);
  EXPECT_EQ(path_of("native", "bf16", "unpack_bf16_avx2+float_panel_fp32_avx2", plain),
            ProductPath::kEmulated);
  EXPECT_EQ(path_of("native", "bf16", "bf16_panel_bf16_avx512bf16", wide), ProductPath::kNative);
  EXPECT_EQ(path_of("native", "nf4", "dequantise_scalar+float_panel_fp32_avx2", plain),
            ProductPath::kDequantisedPerCall);
  EXPECT_EQ(path_of("native", "int8", "integer_panel_int8_avx2", plain), ProductPath::kNative);
  EXPECT_EQ(path_of("native", "q4_k", "reference_scalar", plain), ProductPath::kEmulated);
  EXPECT_EQ(path_of("torch", "bf16", "aten bf16", plain), ProductPath::kEmulated);
  EXPECT_EQ(path_of("torch", "bf16", "aten bf16", wide), ProductPath::kNative);
  EXPECT_EQ(path_of("torch", "int8", "dequantised fp32", wide), ProductPath::kDequantisedAtLoad);
  EXPECT_EQ(path_of("native", "int8", "", plain), ProductPath::kUnknown);
}

Trials some_trials() {
  Trials trials;
  trials.threads = 2;
  Rates& rates = trials.rates.emplace();
  rates.read_bytes_per_s = 49.1e9;
  rates.read_one_bytes_per_s = 28e9;
  rates.read_pattern = "streams";
  rates.read_one_pattern = "forward";
  rates.triad_bytes_per_s = 30e9;
  rates.buffer_bytes = 512e6;
  rates.clock_hz = 3.7e9;
  rates.threads = 2;
  rates.peaks = {{"fp32", {467e9, "avx512"}}};
  rates.peaks_one = {{"fp32", {237e9, "avx512"}}};
  trials.rows.push_back(judged(timed_reply({1, 1.1, 1, 0.9, 1, 1.2}, 2)));
  trials.rows.push_back(judged(timed_reply({4, 4.1, 4, 4, 4, 4.2}, 2)));
  trials.rows.back().backend = "torch";
  ModeTrial& broken = trials.rows.emplace_back();
  broken.mode = "int8";
  broken.backend = "native";
  broken.verdict = ModeVerdict::kBroken;
  broken.status = Status::kCrashed;
  broken.reason = "ended by SIGSEGV";
  trials.missing = {{"cuda", "libnety_cuda.so: not built", "Build it."}};
  return trials;
}

TEST(Viability, SaysWhatItFoundInBothLanguages) {
  for (const Language language : {Language::kEnglish, Language::kFrench}) {
    std::map<std::string, results::Finding> found;
    for (const results::Finding& finding : findings_of(some_trials(), language)) {
      EXPECT_TRUE(found.insert({finding.id, finding}).second) << finding.id;
      EXPECT_FALSE(finding.title.empty()) << finding.id;
      EXPECT_EQ((finding.value + finding.consequence).find('{'), std::string::npos);
    }
    EXPECT_EQ(found.at("mode.nf4.native").status, FindingStatus::kOk);
    EXPECT_EQ(found.at("mode.nf4.native").data, 2);
    EXPECT_THAT(found.at("mode.nf4.native").value, HasSubstr("2.00 x fp32 ["));
    EXPECT_EQ(found.at("mode.nf4.torch").status, FindingStatus::kWarn);
    EXPECT_EQ(found.at("mode.int8.native").status, FindingStatus::kFail);
    EXPECT_THAT(found.at("mode.int8.native").consequence, HasSubstr("SIGSEGV"));
    EXPECT_EQ(found.at("memory.bandwidth").data, 49.1e9);
    EXPECT_EQ(found.at("cpu.fma.fp32").data, 467e9);
    EXPECT_THAT(found.at("cpu.fma.fp32").value, HasSubstr("64.1 p"));  // per cycle
    EXPECT_EQ(found.at("cpu.fma.bf16").status, FindingStatus::kAbsent);
    EXPECT_EQ(found.at("backend.cuda").status, FindingStatus::kAbsent);
  }
}

TEST(Viability, GivesRowsForPrograms) {
  const auto rows = results_of(some_trials(), "m");
  ASSERT_EQ(rows.size(), 5U);
  EXPECT_EQ(rows[0].phase, "matvec");
  EXPECT_EQ(rows[0].machine, "m");
  EXPECT_EQ(rows[0].metrics.at("speed_vs_fp32").n, 6);
  EXPECT_EQ(rows[0].metrics.at("bytes_per_weight").median, 0.5625);
  EXPECT_EQ(rows[1].phase, "matmat");
  EXPECT_EQ(rows[1].n_prompt, kTrialTokens);
  EXPECT_EQ(rows[4].status, Status::kCrashed);
  EXPECT_EQ(rows[4].reason, "ended by SIGSEGV");
}

TEST(Viability, IsEvidenceForThePolicy) {
  const auto machine = captured_machine("dev-vm");
  const auto checkpoint = checkpoint::Checkpoint::open(test_data() + "/checkpoints/fp32");
  Question question{*machine, Language::kEnglish, &checkpoint, {}, {}};
  question.trials = some_trials();
  question.trials->rows[0].mode = "fp32";
  question.trials->rows[0].verdict = ModeVerdict::kBroken;
  question.trials->rows[0].reason = "wrong results";
  const Diagnosis diagnosis = examine(question);
  ASSERT_TRUE(diagnosis.decision) << diagnosis.refusal;
  EXPECT_NE(diagnosis.decision->mode_name(), "fp32");
}

}  // namespace
}  // namespace nety::diag
