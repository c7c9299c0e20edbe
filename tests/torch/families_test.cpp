// Families against transformers' logits on the torch plugin.
#include "core/model/plugin.h"
#include "tests/model/family_logits.h"

namespace nety::model {
namespace {

std::unique_ptr<Backend> torch_backend() {
  return load_plugin_backend("torch", {.threads = 2, .isa = {}, .device = "cpu"});
}

class EveryFamilyOnTorch : public testing::TestWithParam<std::string> {};

TEST_P(EveryFamilyOnTorch, GivesTheLogitsOfTransformers) {
  expect_family_logits(GetParam(), torch_backend());
}

TEST_P(EveryFamilyOnTorch, GivesThemFromAGguf) {
  const auto twin = test_data("families") / GetParam() / "model.gguf";
  if (!std::filesystem::exists(twin)) GTEST_SKIP() << "this case has no GGUF";
  expect_family_logits(GetParam(), torch_backend(), "model.gguf");
}

class EveryStoredFileOnTorch : public testing::TestWithParam<std::string> {};

TEST_P(EveryStoredFileOnTorch, GivesTheLogitsOfItsWeightsInFp32) {
  expect_family_logits(GetParam(), torch_backend(), "model.gguf");
}

INSTANTIATE_TEST_SUITE_P(Families, EveryStoredFileOnTorch, testing::ValuesIn(stored_file_cases()),
                         family_case_name);
INSTANTIATE_TEST_SUITE_P(Families, EveryFamilyOnTorch, testing::ValuesIn(family_cases()),
                         family_case_name);

}  // namespace
}  // namespace nety::model
