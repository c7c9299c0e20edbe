// Predictions by hand, and what must hold of them whatever the numbers.
#include "core/policy/prediction.h"

#include <gtest/gtest.h>

#include <cmath>

#include "core/backends/native/memory.h"
#include "core/checkpoint/shapes.h"
#include "core/policy/counted_weights.h"
#include "tests/policy/calibrations.h"
#include "tests/policy/models.h"

namespace nety::policy {
namespace {

using checkpoint::ModelConfig;
using precision::ModeId;

PlanOptions with_context(int64_t context) {
  PlanOptions options;
  options.run.context = context;
  return options;
}

Prediction predicted(const ModelConfig& config, ModeId mode, const Workload& workload = {},
                     const measure::Calibration& calibration = round_machine()) {
  const auto weights = counted_weights_of(config);
  return predict(config, weights, mode, head_mode({}, mode),
                 plan(config, weights, mode, with_context(4096)), calibration, workload);
}

TEST(CountedWeights, HaveTheSumsOfAllWeights) {
  PlanOptions options;
  options.backend = native::memory();
  for (const ModelConfig& shape : checkpoint::standard_shapes()) {
    const auto all = weights_of(shape), few = counted_weights_of(shape);
    EXPECT_LT(few.size(), 60U) << shape.name;
    EXPECT_EQ(parameters(few), parameters(all)) << shape.name;
    EXPECT_EQ(active_parameters(few), active_parameters(all)) << shape.name;
    EXPECT_NEAR(flops_per_token(few) / flops_per_token(all), 1, 1e-9) << shape.name;
    for (const ModeId mode : {ModeId::fp32, ModeId::int8, ModeId::nf4}) {
      const MemoryPlan a = plan(shape, all, mode, options), b = plan(shape, few, mode, options);
      EXPECT_EQ(a.weights(), b.weights()) << shape.name;
      EXPECT_EQ(a.total(), b.total()) << shape.name;
      EXPECT_NEAR(static_cast<double>(a.active_bytes), static_cast<double>(b.active_bytes), 64)
          << shape.name;
    }
  }
}

TEST(CountedWeights, OfAFileAreCountedByTheirKind) {
  const ModelFacts model = stored_as(mistral_7b(), ModeId::q4_0, ModeId::q8_0);
  const auto few = counted(model.weights);
  EXPECT_LT(few.size(), 16U);
  EXPECT_EQ(parameters(few), parameters(model.weights));
  EXPECT_EQ(plan(model.config, few, std::nullopt, {}).total(),
            plan(model.config, model.weights, std::nullopt, {}).total());
}

TEST(CountedWeights, AreInBlocksOnlyWhereTheseDivideRows) {
  const auto small = counted_weights_of(checkpoint::find_shape("smollm2-135m"));  // 576 wide
  EXPECT_FALSE(stored_in(small, ModeId::q4_k));
  const auto stored = stored_in(small, ModeId::q8_0);
  ASSERT_TRUE(stored);
  for (const PlannedWeight& weight : *stored)
    EXPECT_EQ(weight.stored, is_vector(weight.role()) ? ModeId::fp32 : ModeId::q8_0);
}

TEST(Prediction, ReadsEveryWeightOfATokenOnce) {
  const ModelConfig config = mistral_7b();
  const Prediction found = predicted(config, ModeId::fp32, {.prompt = 16, .depth = 0});
  EXPECT_EQ(found.basis, Basis::kCalibrated);
  // Matrices and head at half of 20 GB/s, 32 layers, one position of keys and values.
  const double matrices = 32.0 * (2 * 4096 * 4096 + 2 * 1024 * 4096 + 3 * 14336 * 4096.0);
  const double head = 32000.0 * 4096, cache = 32 * 2 * 8 * 128 * 4.0;
  const double seconds = 4 * (matrices + head) / (20e9 * 0.5) + 32 * 1e-4 + cache / (20e9 * 0.25);
  EXPECT_NEAR(found.decode_tps.value * seconds, 1, 1e-9);
  EXPECT_LT(found.decode_tps.low, found.decode_tps.value);
  EXPECT_GT(found.decode_tps.high, found.decode_tps.value);
}

TEST(Prediction, OfAPromptAddsStepsOf512) {
  const ModelConfig config = mistral_7b();
  const auto first = [&](int64_t tokens) {
    return predicted(config, ModeId::nf4, {.prompt = tokens, .depth = 0}).first_token_s.value;
  };
  const double weights = 32.0 * (2 * 4096 * 4096 + 2 * 1024 * 4096 + 3 * 14336 * 4096.0);
  const double head = 2 * 32000.0 * 4096 / (20e9 * 0.5);  // the head of nf4 is bf16
  const double activations = 32.0 * ((32 + 16) * 128 + 2 * 4096 + 3 * 14336);
  const auto step = [&](double tokens, double before) {
    const double seen = tokens * before + tokens * (tokens + 1) / 2;
    return weights * (1e-10 + tokens * 1e-11) + tokens * activations * 1e-9 +
           32 * 4.0 * 4096 * seen * 2e-11 + 32 * 1e-4;
  };
  EXPECT_NEAR(first(100) / (step(100, 0) + head), 1, 1e-9);
  EXPECT_NEAR(first(700) / (step(512, 0) + step(188, 512) + head), 1, 1e-9);
  const Prediction found = predicted(config, ModeId::nf4, {.prompt = 700, .depth = 0});
  EXPECT_NEAR(found.prefill_tps.value * found.first_token_s.value, 700, 1e-6);
}

TEST(Prediction, IsSlowerDeeperInTheContextAndWithWindowsNoMore) {
  ModelConfig config = mistral_7b();
  const auto rate = [&](int64_t depth) {
    return predicted(config, ModeId::int8, {.prompt = 16, .depth = depth}).decode_tps.value;
  };
  EXPECT_GT(rate(0), rate(1000));
  EXPECT_GT(rate(1000), rate(4000));
  config.specs.front().window = 1024;
  EXPECT_DOUBLE_EQ(rate(1500), rate(4000));
}

TEST(Prediction, OfAMixtureReadsTheExpertsOfAToken) {
  const ModelConfig mixtral = checkpoint::find_shape("mixtral-8x7b");
  const double rate = predicted(mixtral, ModeId::fp32, {.prompt = 16, .depth = 0}).decode_tps.value;
  const auto active = static_cast<double>(active_parameters(weights_of(mixtral)));
  EXPECT_NEAR(rate / (1 / (4 * active / 10e9)), 1, 0.03);
}

TEST(Prediction, TakesTheReadingOfTheSameMoment) {
  const auto rate = [](std::optional<double> read) {
    return predicted(mistral_7b(), ModeId::fp32, {.depth = 0, .read_bytes_per_s = read})
        .decode_tps.value;
  };
  EXPECT_DOUBLE_EQ(rate(20e9), rate({}));
  EXPECT_NEAR(rate(10e9) / rate({}), 0.5, 0.01);
}

// Arithmetic bounds decode where the memory is fast.
TEST(Prediction, OfASlowFormatDoesNotFollowFastMemory) {
  measure::ModeCost cost = cost_of("nf4", "fp32");
  cost.byte_s = 1e-10;
  EXPECT_NEAR(byte_seconds(cost, 1e9), 2e-9, 1e-12);
  EXPECT_NEAR(byte_seconds(cost, 1e12), 1e-10, 1e-12);
  EXPECT_DOUBLE_EQ(byte_seconds(cost, 0), 1e-10);
}

TEST(Prediction, FromWallsAloneIsMarkedAndWider) {
  measure::Calibration walls = round_machine();
  walls.modes.clear();
  const Prediction found = predicted(mistral_7b(), ModeId::fp32, {}, walls);
  EXPECT_EQ(found.basis, Basis::kWalls);
  const Prediction calibrated = predicted(mistral_7b(), ModeId::fp32);
  EXPECT_GT(found.decode_tps.high / found.decode_tps.low,
            calibrated.decode_tps.high / calibrated.decode_tps.low);
  EXPECT_GT(found.decode_tps.value, 0);
  EXPECT_GT(found.prefill_tps.value, 0);
}

TEST(Prediction, OfNothingMeasuredIsNothing) {
  const Prediction found = predicted(mistral_7b(), ModeId::fp32, {}, {});
  EXPECT_EQ(found.decode_tps.value, 0);
  EXPECT_EQ(found.basis, Basis::kWalls);
  EXPECT_FALSE(found.load_cold_s);
}

TEST(Prediction, LoadsWhatIsConvertedAndWhatIsRead) {
  const Prediction bf16 = predicted(mistral_7b(), ModeId::bf16);
  EXPECT_EQ(bf16.load_warm_s, 0) << "in place";
  EXPECT_NEAR(*bf16.load_cold_s, 14.5, 0.1);
  const Prediction nf4 = predicted(mistral_7b(), ModeId::nf4);
  EXPECT_NEAR(nf4.load_warm_s, 2e-9 * 32 * 218103808.0, 0.01);
  EXPECT_NEAR(*nf4.load_cold_s, 14.5 + nf4.load_warm_s, 0.1);
}

TEST(Attention, IsCountedByPosition) {
  ModelConfig config = smollm2_135m();
  config.layers = 3;
  checkpoint::LayerSpec windowed = config.specs.front();
  windowed.window = 37;
  config.specs = {config.specs.front(), windowed, config.specs.front()};
  for (const int64_t depth : {0, 20, 36, 37, 200})
    for (const int64_t tokens : {1, 17, 64}) {
      double seen = 0;
      for (int64_t l = 0; l < 3; ++l)
        for (int64_t at = depth; at < depth + tokens; ++at)
          seen += static_cast<double>(l == 1 ? std::min<int64_t>(at + 1, 37) : at + 1);
      EXPECT_NEAR(attention_operations(config, tokens, depth), 4 * 9 * 64 * seen, 1e-3)
          << depth << " " << tokens;
    }
}

// What no mode, model or depth may give.
TEST(Prediction, IsFiniteAndOrderedForEveryShape) {
  const measure::Calibration calibration = round_machine();
  for (const ModelConfig& shape : checkpoint::standard_shapes())
    for (const ModeId mode : {ModeId::fp32, ModeId::nf4, ModeId::fp4})
      for (const int64_t depth : {0, 512, 4000}) {
        const Prediction found =
            predicted(shape, mode, {.prompt = 512, .depth = depth}, calibration);
        for (const Estimate& one : {found.decode_tps, found.prefill_tps, found.first_token_s}) {
          EXPECT_GT(one.low, 0) << shape.name;
          EXPECT_LE(one.low, one.value) << shape.name;
          EXPECT_LE(one.value, one.high) << shape.name;
          EXPECT_TRUE(std::isfinite(one.high)) << shape.name;
        }
      }
}

}  // namespace
}  // namespace nety::policy
