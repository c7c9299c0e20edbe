// What may be drawn, and how likely it is, as transformers and llama.cpp have it, each in its own
// order; log-probabilities as torch has them (tests/data/sampling).
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "core/base/files.h"
#include "core/engine/logprobs.h"
#include "core/engine/sampler.h"
#include "tests/paths.h"

namespace nety::engine {
namespace {

using nlohmann::json;

const json& goldens() {
  static const json kAll = json::parse(read_file(test_data() + "/sampling/sampling.json"));
  return kAll;
}

SamplingOptions options_of(const json& one) {
  SamplingOptions options;
  options.order =
      one["order"] == "llama.cpp" ? SamplingOrder::kLlamaCpp : SamplingOrder::kTransformers;
  size_t known = 0;
  visit_sampling(
      [&](const auto& row, auto& value) {
        const auto given = one["options"].find(std::string(row.name));
        if (given == one["options"].end()) return;
        given->get_to(value);
        ++known;
      },
      options);
  EXPECT_EQ(known, one["options"].size());
  for (const json& bias : one["bias"])
    options.bias.push_back({bias[0].get<int32_t>(), bias[1].get<float>()});
  return options;
}

// The goldens' probabilities are of fp32 scores.
constexpr double kTolerance = 2e-5;

TEST(SamplingSteps, AreThoseOfTransformersAndLlamaCpp) {
  ASSERT_GT(goldens()["cases"].size(), 100U);
  for (const json& one : goldens()["cases"]) {
    SCOPED_TRACE(one["order"].dump() + " " + one["options"].dump() + " " + one["bias"].dump());
    const auto logits = one["logits"].get<std::vector<float>>();
    const auto past = one["past"].get<std::vector<int32_t>>();
    Sampler sampler(options_of(one));
    const std::span<const Candidate> left =
        sampler.narrow(logits, {past, std::span(past).last(one["answer"].get<size_t>())});
    const auto ids = one["expected"]["ids"].get<std::vector<int32_t>>();
    const auto chances = one["expected"]["probabilities"].get<std::vector<double>>();
    ASSERT_EQ(left.size(), ids.size());
    double total = 0;
    for (const Candidate& candidate : left) total += candidate.weight;
    for (size_t i = 0; i < ids.size(); ++i) {
      EXPECT_EQ(left[i].id, ids[i]);
      EXPECT_NEAR(left[i].weight / total, chances[i], kTolerance);
    }
  }
}

TEST(LogProbabilities, AreThoseOfTorch) {
  for (const json& one : goldens()["logprobs"]) {
    const auto logits = one["logits"].get<std::vector<float>>();
    const auto best = one["best"].get<std::vector<int32_t>>();
    const auto values = one["logprobs"].get<std::vector<float>>();
    for (const int32_t count : {0, 1, 3, 20}) {
      const LogProbabilities found = log_probabilities(logits, 2, count);
      EXPECT_NEAR(found.chosen, values[2], 2e-6F * std::max(1.0F, -values[2]));
      ASSERT_EQ(found.likeliest.size(), std::min(best.size(), static_cast<size_t>(count)));
      for (size_t i = 0; i < found.likeliest.size(); ++i) {
        EXPECT_EQ(found.likeliest[i].id, best[i]);
        const float want = values[static_cast<size_t>(best[i])];
        EXPECT_NEAR(found.likeliest[i].logprob, want, 2e-6F * std::max(1.0F, -want));
      }
    }
  }
}

TEST(LogProbabilities, LeaveOutWhatIsNoNumber) {
  const std::vector<float> logits = {NAN, 1, -INFINITY, 1, INFINITY};
  const LogProbabilities found = log_probabilities(logits, 0, 20);
  EXPECT_EQ(found.chosen, -INFINITY);
  ASSERT_EQ(found.likeliest.size(), 2U);
  EXPECT_EQ(found.likeliest[0].id, 1);
  EXPECT_EQ(found.likeliest[1].id, 3);
  EXPECT_FLOAT_EQ(found.likeliest[0].logprob, std::log(0.5F));
}

}  // namespace
}  // namespace nety::engine
