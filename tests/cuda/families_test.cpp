// Families against transformers' logits on an emulated GPU.
#include "core/backends/cuda/cuda_backend.h"
#include "tests/cuda/emulated_device.h"
#include "tests/cuda/simt.h"
#include "tests/model/family_logits.h"

namespace nety::model {
namespace {

std::unique_ptr<Backend> emulated() {
  simt::set_order(simt::Order::kAscending);
  return cuda::make_backend(cuda::emulated_device(), {.threads = 1, .isa = {}, .device = "cuda:0"});
}

class EveryFamilyOnCuda : public testing::TestWithParam<std::string> {};

TEST_P(EveryFamilyOnCuda, GivesTheLogitsOfTransformers) {
  expect_family_logits(GetParam(), emulated());
}

class EveryStoredFileOnCuda : public testing::TestWithParam<std::string> {};

TEST_P(EveryStoredFileOnCuda, GivesTheLogitsOfItsWeightsInFp32) {
  expect_family_logits(GetParam(), emulated(), "model.gguf");
}

INSTANTIATE_TEST_SUITE_P(Families, EveryStoredFileOnCuda, testing::ValuesIn(stored_file_cases()),
                         family_case_name);
INSTANTIATE_TEST_SUITE_P(Families, EveryFamilyOnCuda, testing::ValuesIn(family_cases()),
                         family_case_name);

}  // namespace
}  // namespace nety::model
