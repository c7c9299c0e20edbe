// Families against transformers' logits on tiny random models of each, in both formats. Every
// folder of tests/data/families is a case: config.json and model.safetensors, mostly model.gguf
// with the same weights, input_ids and logits as expected.safetensors.
#include "core/base/thread_pool.h"
#include "core/checkpoint/convert.h"
#include "tests/model/family_logits.h"

namespace nety::model {
namespace {

class EveryFamily : public testing::TestWithParam<std::string> {};
class EveryTwin : public testing::TestWithParam<std::string> {};

TEST_P(EveryFamily, GivesTheLogitsOfTransformersFromADirectory) {
  expect_family_logits(GetParam(), native_backend());
}

TEST_P(EveryFamily, GivesThemTokenByToken) {
  expect_family_logits(GetParam(), native_backend(), {}, {}, true);
}

TEST_P(EveryTwin, GivesTheLogitsOfTransformersFromAGguf) {
  expect_family_logits(GetParam(), native_backend(), "model.gguf");
}

// What quantize writes of a GGUF is a config.json of the family, and its tensors.
TEST_P(EveryTwin, IsTheSameModelWrittenAsADirectory) {
  if (GetParam() == "exaone4-full") GTEST_SKIP() << "its llama3 factors are no published model's";
  const std::filesystem::path written =
      std::filesystem::path(testing::TempDir()) / ("nety-family-" + GetParam());
  std::filesystem::remove_all(written);
  const auto twin = checkpoint::Checkpoint::open(test_data("families") / GetParam() / "model.gguf");
  ThreadPool pool(2);
  checkpoint::convert(twin, written, {.mode = precision::ModeId::fp32}, pool, silent_progress());
  expect_case_logits(written, GetParam(), native_backend());
  std::filesystem::remove_all(written);
}

TEST(Longrope, HasItsOtherFactorsBeyondTheOriginalContext) {
  expect_family_logits("phi4-mini", native_backend(), {}, "_long");
  expect_family_logits("phi4-mini", native_backend(), "model.gguf", "_long");
}

INSTANTIATE_TEST_SUITE_P(Families, EveryFamily, testing::ValuesIn(family_cases()),
                         family_case_name);
INSTANTIATE_TEST_SUITE_P(Families, EveryTwin, testing::ValuesIn(family_cases("model.gguf")),
                         family_case_name);

}  // namespace
}  // namespace nety::model
