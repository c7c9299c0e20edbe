// Families against transformers' logits on tiny random models of each, in both formats. Every
// folder of tests/data/families is a case: config.json and model.safetensors, model.gguf with the
// same weights, input_ids and logits as expected.safetensors. The tolerance is that of the vectors:
// changing each weight by 3e-6 of itself moves these logits by up to 6e-4.
#include <gtest/gtest.h>

#include "tests/model/golden.h"

namespace nety::model {
namespace {

constexpr float kTolerance = 2e-3F;

std::vector<std::string> cases() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(test_data("families")))
    if (entry.is_directory()) names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

class EveryFamily : public testing::TestWithParam<std::string> {
 protected:
  std::filesystem::path folder() const { return test_data("families") / GetParam(); }

  void expect_logits(const std::filesystem::path& model) const {
    const auto wide = read_tensor<int64_t>(folder() / "expected.safetensors", "input_ids");
    const std::vector<int32_t> tokens(wide.begin(), wide.end());
    const auto want = read_tensor<float>(folder() / "expected.safetensors", "logits");
    const Ready ready = make_ready(model, native_backend(), {precision::ModeId::fp32, {}});
    engine::Engine engine(*ready.model, *ready.backend, {.context = 64, .logit_rows = 64});
    engine::Sequence sequence = engine.open_sequence();
    const auto got = sequence.feed_all(tokens);
    ASSERT_EQ(got.size(), want.size());
    for (size_t i = 0; i < got.size(); ++i)
      ASSERT_NEAR(got[i], want[i], kTolerance) << "logit " << i;
  }
};

TEST_P(EveryFamily, GivesTheLogitsOfTransformersFromADirectory) { expect_logits(folder()); }

TEST_P(EveryFamily, GivesTheLogitsOfTransformersFromAGguf) {
  expect_logits(folder() / "model.gguf");
}

INSTANTIATE_TEST_SUITE_P(Families, EveryFamily, testing::ValuesIn(cases()), [](const auto& one) {
  std::string name = one.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

}  // namespace
}  // namespace nety::model
