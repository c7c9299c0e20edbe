// RoPE frequencies against the values transformers computes (tests/data/model/make_rope.py).
#include "core/model/rope.h"

#include <gtest/gtest.h>
#include <simdjson.h>

#include <cmath>
#include <numbers>
#include <string>

#include "core/base/error.h"
#include "tests/model/reference_rotary.h"
#include "tests/paths.h"

namespace nety::model {
namespace {

using checkpoint::ModelConfig;
using checkpoint::RopeScaling;

/// torch's vectorised powf may be one unit in the last place off the exact power, twice.
constexpr double kFrequencyTolerance = 3e-7;
/// transformers takes its steps in single precision, the reference in double.
constexpr double kSinglePrecisionSteps = 1e-6;
/// Angles reach 8191 rad, where one last place of a frequency moves the angle by 5e-4.
constexpr double kRotationTolerance = 2e-3;

RopeScaling scaling_named(std::string_view name) {
  if (name == "linear") return RopeScaling::kLinear;
  if (name == "dynamic") return RopeScaling::kDynamic;
  if (name == "llama3") return RopeScaling::kLlama3;
  if (name == "yarn") return RopeScaling::kYarn;
  return RopeScaling::kNone;
}

ModelConfig config_of(simdjson::dom::element row) {
  ModelConfig config;
  config.head_dim = row["head_dim"].get_int64();
  config.context = row["context"].get_int64();
  const simdjson::dom::object parameters = row["parameters"];
  checkpoint::Rope& rope = config.rope;
  rope.scaling = scaling_named(parameters["rope_type"].get_string().value());
  const auto read = [&](const char* key, double& value) {
    double found = 0;
    if (parameters[key].get(found) == simdjson::SUCCESS) value = found;
  };
  read("rope_theta", rope.theta);
  read("factor", rope.factor);
  read("low_freq_factor", rope.low_freq_factor);
  read("high_freq_factor", rope.high_freq_factor);
  read("beta_fast", rope.beta_fast);
  read("beta_slow", rope.beta_slow);
  read("attention_factor", rope.attention_factor);
  read("mscale", rope.mscale);
  read("mscale_all_dim", rope.mscale_all_dim);
  double original = 0;
  read("original_max_position_embeddings", original);
  rope.original_context = static_cast<int64_t>(original);
  bool truncate = true;
  if (parameters["truncate"].get(truncate) == simdjson::SUCCESS) rope.truncate = truncate;
  return config;
}

/// Whether the case has rotations; they are compared.
bool expect_rotations(simdjson::dom::element row, const RopeTable& table) {
  simdjson::dom::array positions;
  if (row["positions"].get(positions) != simdjson::SUCCESS) return false;
  const size_t half = table.inverse_frequencies.size();
  std::vector<float> cosines(half), sines(half);
  size_t at = 0;
  for (const int64_t position : positions) {
    rope_rotation(table, static_cast<int32_t>(position), cosines, sines);
    for (size_t i = 0; i < half; ++i, ++at) {
      EXPECT_NEAR(cosines[i], double{row["cosines"].at(at)}, kRotationTolerance) << position;
      EXPECT_NEAR(sines[i], double{row["sines"].at(at)}, kRotationTolerance) << position;
    }
  }
  return true;
}

/// Calls `check(case)` for every case of transformers' values, each with its name in the trace.
template <class Check>
void for_every_case(const Check& check) {
  simdjson::dom::parser parser;
  const simdjson::dom::element golden = parser.load(test_data() + "/model/rope.json");
  int cases = 0;
  for (const simdjson::dom::element row : golden["cases"].get_array()) {
    SCOPED_TRACE(std::string(row["name"].get_string().value()));
    check(row);
    ++cases;
  }
  EXPECT_EQ(cases, 13);
}

TEST(RopeTable, EqualsTransformers) {
  int rotations = 0;
  for_every_case([&rotations](simdjson::dom::element row) {
    const RopeTable table = rope_table(config_of(row), row["length"].get_int64());
    const simdjson::dom::array expected = row["inverse_frequencies"];
    ASSERT_EQ(table.inverse_frequencies.size(), expected.size());
    for (size_t i = 0; i < expected.size(); ++i) {
      const double value = expected.at(i).get_double();
      EXPECT_NEAR(table.inverse_frequencies[i], value, value * kFrequencyTolerance) << i;
    }
    EXPECT_NEAR(table.attention_factor, double{row["attention_factor"]}, 1e-6);
    rotations += expect_rotations(row, table) ? 1 : 0;
  });
  EXPECT_EQ(rotations, 2);
}

// What backends are compared with is itself compared with transformers.
TEST(ReferenceRotary, EqualsTransformers) {
  for_every_case([](simdjson::dom::element row) {
    const checkpoint::ModelConfig config = config_of(row);
    const reference::Rotary found =
        reference::rotary(config, config.rope, row["length"].get_int64());
    const simdjson::dom::array expected = row["inverse_frequencies"];
    ASSERT_EQ(found.speeds.size(), expected.size());
    for (size_t i = 0; i < expected.size(); ++i) {
      const double value = expected.at(i).get_double();
      EXPECT_NEAR(found.speeds[i], value, value * kSinglePrecisionSteps) << i;
    }
    EXPECT_NEAR(found.magnitude, double{row["attention_factor"]}, 1e-6);
  });
}

ModelConfig plain(int64_t head_dim) {
  ModelConfig config;
  config.head_dim = head_dim;
  config.context = 128;
  return config;
}

TEST(RopeTable, DividesByGgufFrequencyFactors) {
  ModelConfig config = plain(4);
  config.rope.frequency_factors = {1.0F, 8.0F};
  const RopeTable table = rope_table(config, 1);
  EXPECT_FLOAT_EQ(table.inverse_frequencies[0], 1.0F);
  EXPECT_FLOAT_EQ(table.inverse_frequencies[1], 0.01F / 8);
}

TEST(RopeTable, RefusesFactorsOfAnotherHeadSize) {
  ModelConfig config = plain(4);
  config.rope.frequency_factors = {1.0F, 8.0F, 1.0F};
  EXPECT_THROW(rope_table(config, 1), Error);
}

TEST(RopeTable, RefusesParametersThatGiveNoNumbers) {
  ModelConfig config = plain(4);
  config.rope.theta = 0;
  EXPECT_THROW(rope_table(config, 1), Error);
  config = plain(4);
  config.rope.frequency_factors = {0.0F, 1.0F};
  EXPECT_THROW(rope_table(config, 1), Error);
}

TEST(RopeTable, OnlyDynamicScalingDependsOnTheLength) {
  ModelConfig config = plain(8);
  for (const RopeScaling scaling : {RopeScaling::kNone, RopeScaling::kLinear, RopeScaling::kDynamic,
                                    RopeScaling::kLlama3, RopeScaling::kYarn}) {
    config.rope.scaling = scaling;
    config.rope.factor = 2;
    const bool differs =
        rope_table(config, 100).inverse_frequencies != rope_table(config, 500).inverse_frequencies;
    EXPECT_EQ(differs, depends_on_length(config.rope));
  }
}

TEST(RopeRotation, IsTheAngleOfThePosition) {
  RopeTable table;
  table.inverse_frequencies = {static_cast<float>(std::numbers::pi / 2)};
  table.attention_factor = 2;
  float cosine = 0, sine = 0;
  rope_rotation(table, 1, {&cosine, 1}, {&sine, 1});
  EXPECT_NEAR(cosine, 0, 1e-6);
  EXPECT_NEAR(sine, 2, 1e-6);
}

}  // namespace
}  // namespace nety::model
