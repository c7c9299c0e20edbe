// The calibration: costs are found again that timings were made of, and a short one is sane.
#include "bench/calibrate.h"

#include <gmock/gmock.h>

#include <algorithm>

#include "bench/calibration_models.h"
#include "bench/mode_cost.h"
#include "bench/random_subject.h"
#include "core/base/error.h"
#include "core/policy/prediction.h"

namespace nety::bench {
namespace {

using measure::ModeCost;

struct Planted {
  const char* name;
  double share, byte_s, layer_s;
};
class EveryPlantedCost : public testing::TestWithParam<Planted> {};

TEST_P(EveryPlantedCost, IsFoundAgainFromTimings) {
  ModeCost truth;
  truth.memory_share = GetParam().share;
  truth.byte_s = GetParam().byte_s;
  truth.layer_s = GetParam().layer_s;
  const auto timed = [&truth](double bytes, double layers, double rate) {
    return TimedDecode{bytes * policy::byte_seconds(truth, rate) + layers * truth.layer_s, bytes,
                       rate, layers};
  };
  ModeCost found;
  solve_decode(timed(1.7e6, 1, 0), timed(40e6, 24, 30e9), timed(250e6, 4, 20e9), found);
  EXPECT_NEAR(found.memory_share, truth.memory_share, 0.03 * truth.memory_share);
  EXPECT_NEAR(found.layer_s, truth.layer_s, 0.05 * truth.layer_s + 1e-7);
  EXPECT_NEAR(found.byte_s, truth.byte_s, 0.1 * truth.byte_s + 1e-13);
  // What counts: tokens of a model between them, in slower and in faster memory.
  for (const double rate : {10e9, 20e9, 40e9}) {
    const double expected = timed(100e6, 16, rate).token_s;
    const double got = 100e6 * policy::byte_seconds(found, rate) + 16 * found.layer_s;
    EXPECT_NEAR(got / expected, 1, 0.03) << rate;
  }
}

INSTANTIATE_TEST_SUITE_P(Costs, EveryPlantedCost,
                         testing::Values(Planted{"Memory", 0.95, 5e-12, 2e-5},
                                         Planted{"Arithmetic", 0.95, 4e-11, 2e-5},
                                         Planted{"Layers", 0.8, 1e-11, 2e-4},
                                         Planted{"Slow", 0.4, 2e-11, 1e-5}),
                         [](const auto& one) { return std::string(one.param.name); });

TEST(ModeCosts, OfPromptsAreFoundAgain) {
  ModeCost truth;
  truth.unpack_s = 3e-10, truth.multiply_s = 1.2e-11, truth.activation_s = 4e-10;
  const auto timed = [&truth](double tokens, double weights, double activations) {
    return TimedPrompt{weights * (truth.unpack_s + tokens * truth.multiply_s) +
                           tokens * activations * truth.activation_s,
                       tokens, weights, activations};
  };
  ModeCost found;
  solve_prefill(timed(32, 44e6, 25e3), timed(256, 44e6, 25e3), timed(96, 24e6, 55e3), found);
  EXPECT_NEAR(found.unpack_s / truth.unpack_s, 1, 0.02);
  EXPECT_NEAR(found.multiply_s / truth.multiply_s, 1, 0.02);
  EXPECT_NEAR(found.activation_s / truth.activation_s, 1, 0.05);
}

// Timings that contradict each other give costs that can be used.
TEST(ModeCosts, AreNeverNegative) {
  ModeCost found;
  solve_decode({1e-3, 1.7e6, 0, 1}, {1e-4, 40e6, 30e9, 24}, {5e-3, 250e6, 20e9, 4}, found);
  EXPECT_GT(found.memory_share, 0);
  EXPECT_GE(found.layer_s, 0);
  EXPECT_GE(found.byte_s, 0);
  solve_prefill({2, 32, 44e6, 25e3}, {1, 256, 44e6, 25e3}, {1e-6, 96, 24e6, 55e3}, found);
  EXPECT_GE(found.unpack_s, 0);
  EXPECT_GT(found.multiply_s, 0);
  EXPECT_GE(found.activation_s, 0);
}

TEST(CalibrationModels, HaveRowsThatEveryFormatDivides) {
  for (const auto& config : {tiny_model(), small_model(3), large_model(2), prompt_model(),
                             attention_model(), mixture_model()})
    for (const auto& weight : policy::weights_of(config))
      if (!is_vector(weight.role())) {
        EXPECT_EQ(weight.cols % 256, 0) << weight.name;
      }
  EXPECT_EQ(layers_of_bytes(precision::ModeId::fp32, 1e6), 1);
  EXPECT_GT(layers_of_bytes(precision::ModeId::nf4, 250e6),
            layers_of_bytes(precision::ModeId::fp32, 250e6));
}

TEST(CalibrationOrder, HasEveryModeThatRandomModelsHaveOnce) {
  const auto order = calibration_order();
  for (const precision::Mode& mode : precision::modes())
    EXPECT_EQ(std::ranges::count(order, mode.id), mode.name == "fp8" ? 0 : 1) << mode.name;
}

TEST(Calibrate, MeasuresWallsAndAtLeastOneMode) {
  CalibrationRequest request;
  request.threads = 1;
  request.limit_s = 0.1;
  request.memory_bytes = 300'000'000;
  request.modes = {precision::ModeId::nf4, precision::ModeId::fp32};
  const measure::Calibration found = calibrate(request, silent_progress());
  ASSERT_EQ(found.modes.size(), 1U) << "no time for a second";
  const ModeCost& cost = found.modes.front();
  EXPECT_EQ(cost.mode, "nf4");
  EXPECT_FALSE(cost.kernel.empty());
  EXPECT_GT(cost.memory_share, 0.01);
  EXPECT_GT(cost.multiply_s, 0);
  EXPECT_GT(cost.convert_s, 0);
  EXPECT_GT(found.read_rate(1'000'000).median, 1e8);
  EXPECT_GT(found.peaks.at("fp32"), 1e8);
  EXPECT_GT(found.attention_s, 0);
  // It is a calibration that can be kept.
  measure::calibration_from_json(measure::to_json(found), "it");
}

TEST(Calibrate, MeasuresWallsAloneWhereNoModeIsAskedFor) {
  CalibrationRequest request;
  request.threads = 1;
  request.memory_bytes = 300'000'000;
  const measure::Calibration found = calibrate(request, silent_progress());
  EXPECT_TRUE(found.modes.empty());
  EXPECT_GT(found.attention_s, 0);
  EXPECT_GT(found.read_rate(1'000'000).median, 1e8);
}

TEST(Calibrate, EndsWhenInterrupted) {
  CalibrationRequest request;
  request.threads = 1;
  request.memory_bytes = 300'000'000;
  request.modes = {precision::ModeId::nf4};
  request.interrupted = [] { return true; };
  try {
    calibrate(request, silent_progress());
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kInterrupted);
  }
}

}  // namespace
}  // namespace nety::bench
