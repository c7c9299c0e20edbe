// Known answers and clocks, in this process.
#include "diag/trial.h"

#include <gtest/gtest.h>

#include "core/precision/mode.h"
#include "diag/trial_protocol.h"
#include "tests/diag/fake_backends.h"
#include "tests/options/another_value.h"

namespace nety::diag {
namespace {

TrialRequest untimed(std::string_view mode) {
  TrialRequest request;
  request.run.mode = mode;
  request.run.threads = 2;
  request.timed = false;
  return request;
}

class EveryModeTried : public testing::TestWithParam<std::string> {};

TEST_P(EveryModeTried, IsRightOnTheNativeBackend) {
  for (const char* isa : {"", "scalar"}) {
    TrialRequest request = untimed(GetParam());
    request.run.isa = isa;
    const TrialReply reply = try_mode(request, native_backend);
    EXPECT_TRUE(reply.ok) << reply.what;
    EXPECT_LE(reply.error_share, 1) << reply.worst_place << " in " << reply.kernel;
    EXPECT_GE(reply.error_share, GetParam() == "fp8" ? 0 : 1e-9);  // its sums are exact here
    EXPECT_FALSE(reply.kernel.empty());
    EXPECT_GT(reply.bytes_per_weight, 0.19);  // iq1_s
    EXPECT_LE(reply.bytes_per_weight, 4.001);
    EXPECT_TRUE(reply.vector.mode_s.empty());
  }
}

std::vector<std::string> all_modes() {
  std::vector<std::string> names;
  for (const precision::Mode& mode : precision::modes()) names.emplace_back(mode.name);
  return names;
}

INSTANTIATE_TEST_SUITE_P(, EveryModeTried, testing::ValuesIn(all_modes()), [](const auto& row) {
  std::string name = row.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

TEST(Trial, SeesKernelsThatAreWrong) {
  const auto reply_of = [](const char* mode) {
    return try_mode(untimed(mode), misbehaving_backend);
  };
  const TrialReply one = reply_of("int8");  // one value, and only where there are several tokens
  EXPECT_TRUE(one.ok);
  EXPECT_FALSE(one.correct());
  EXPECT_NE(one.worst_place.find("row "), std::string::npos);
  const TrialReply slightly = reply_of("nf4");  // a part in a thousand
  EXPECT_TRUE(slightly.ok);
  EXPECT_GT(slightly.error_share, 1);
  EXPECT_FALSE(reply_of("fp4-dq").correct());  // not a number
  EXPECT_TRUE(reply_of("fp32").correct());
}

TEST(Trial, AnswersWithTheBackendsError) {
  const TrialReply unsupported = try_mode(untimed("nf4-dq"), misbehaving_backend);
  EXPECT_FALSE(unsupported.ok);
  EXPECT_EQ(unsupported.error, ErrorKind::kUsage);
  EXPECT_EQ(unsupported.what, "no such mode here");
  EXPECT_EQ(try_mode(untimed("fp4"), misbehaving_backend).error, ErrorKind::kInternal);
  EXPECT_EQ(try_mode(untimed("int3"), native_backend).error, ErrorKind::kUsage);
}

TEST(Trial, DoesNotTimeWhatIsWrong) {
  TrialRequest request = untimed("nf4");
  request.timed = true;
  request.weights = 1;
  EXPECT_TRUE(try_mode(request, misbehaving_backend).vector.mode_s.empty());
}

TEST(Trial, TimesInPairs) {
  for (const char* mode : {"fp32", "bf16", "nf4-dq"}) {
    TrialRequest request = untimed(mode);
    request.timed = true;
    request.weights = 1;  // the smallest there is
    request.budget_s = 0;
    const TrialReply reply = try_mode(request, native_backend);
    ASSERT_TRUE(reply.correct()) << reply.what;
    EXPECT_EQ(reply.vector.mode_s.size(), 6U);
    EXPECT_EQ(reply.vector.reference_s.size(), 6U);
    EXPECT_EQ(reply.matrix.mode_s.size(), 6U);
    EXPECT_EQ(reply.vector_weights, 256 * 4096);
    EXPECT_EQ(reply.matrix_products, reply.vector_weights * kTrialTokens);
    for (const double seconds : reply.vector.mode_s) EXPECT_GT(seconds, 0);
  }
}

TEST(TrialProtocol, KeepsEverything) {
  TrialRequest request = untimed("int8");
  request.run.backend = "torch";
  request.run.isa = "avx2";
  request.weights = 12345;
  request.budget_s = 0.25;
  const auto question = std::get<TrialRequest>(parse_question(to_line(request)));
  EXPECT_EQ(question.run.mode, "int8");
  EXPECT_EQ(question.run.backend, "torch");
  EXPECT_EQ(question.run.isa, "avx2");
  EXPECT_EQ(question.run.threads, 2);
  EXPECT_FALSE(question.timed);
  EXPECT_EQ(question.weights, 12345);
  EXPECT_EQ(question.budget_s, 0.25);

  TrialReply reply;
  reply.ok = true;
  reply.error_share = std::numeric_limits<double>::infinity();
  reply.kernel = "k\n\x01";
  reply.vector = {{1, 2}, {3, 4}};
  const std::string line = to_line(reply);
  EXPECT_EQ(line.find('\n'), std::string::npos);
  const TrialReply read = parse_trial(line);
  EXPECT_EQ(read.error_share, reply.error_share);
  EXPECT_EQ(read.kernel, reply.kernel);
  EXPECT_EQ(read.vector.reference_s, reply.vector.reference_s);

  Rates rates;
  rates.read_bytes_per_s = 5e10;
  rates.peaks["bf16"] = {8e11, "avx512_bf16"};
  EXPECT_EQ(parse_rates(to_line(rates)).peaks.at("bf16").loop, "avx512_bf16");
  for (const char* nonsense : {"", "{", "[]", "{\"do\":\"trial\"}", "null"})
    EXPECT_THROW(parse_question(nonsense), Error) << nonsense;
}

TEST(TrialProtocol, KeepsEveryOption) {
  TrialRequest request;
  options::visit(request.run, [](const options::OptionRow&, auto& value) {
    value = options::another_value(value);
  });
  EXPECT_EQ(std::get<TrialRequest>(parse_question(to_line(request))).run, request.run);
  const RatesRequest rates{request.run, 1e9, {.triad = true}};
  const auto read = std::get<RatesRequest>(parse_question(to_line(rates)));
  EXPECT_EQ(read.run, request.run);
  EXPECT_EQ(read.parts, rates.parts);
}

TEST(Rates, AreMeasured) {
  const Rates rates = measure_rates({.run = {.threads = 2}, .memory_bytes = 1});
  EXPECT_EQ(rates.buffer_bytes, 32e6);
  EXPECT_GT(rates.read_bytes_per_s, 1e8);
  EXPECT_GT(rates.read_one_bytes_per_s, 1e8);
  EXPECT_GT(rates.triad_bytes_per_s, 1e7);
  EXPECT_FALSE(rates.read_pattern.empty());
  EXPECT_GT(rates.peaks.at("fp32").ops_per_s, 1e6);
}

TEST(Rates, AreMeasuredOneByOne) {
  for (const int64_t threads : {1, 2}) {
    const auto only = [&](const RateParts& parts) {
      return measure_rates({.run = {.threads = threads}, .memory_bytes = 1, .parts = parts});
    };
    const Rates all_threads = only({.bandwidth = true});
    EXPECT_GT(all_threads.read_bytes_per_s, 1e8);
    EXPECT_EQ(all_threads.read_one_bytes_per_s, 0);
    EXPECT_EQ(all_threads.triad_bytes_per_s, 0);
    EXPECT_TRUE(all_threads.peaks.empty() && all_threads.peaks_one.empty());
    EXPECT_EQ(all_threads.clock_hz, 0);
    const Rates one = only({.bandwidth_one = true});
    EXPECT_GT(one.read_one_bytes_per_s, 1e8);
    EXPECT_EQ(one.triad_bytes_per_s, 0);
    EXPECT_TRUE(one.peaks.empty());
    const Rates triad = only({.triad = true});
    EXPECT_GT(triad.triad_bytes_per_s, 1e7);
    EXPECT_EQ(triad.read_bytes_per_s + triad.read_one_bytes_per_s, 0);
    EXPECT_TRUE(triad.peaks.empty());
    const Rates peaks = only({.arithmetic = true});
    EXPECT_GT(peaks.peaks.at("fp32").ops_per_s, 1e6);
    EXPECT_EQ(peaks.read_bytes_per_s + peaks.triad_bytes_per_s, 0);
  }
}

}  // namespace
}  // namespace nety::diag
