// The torch plugin against the reference: loaded as nety loads it, through the C boundary.
#include "core/model/plugin.h"
#include "tests/model/backend_conformance.h"
#include "tests/torch/affine_4bit.h"

namespace nety::model {
namespace {

std::unique_ptr<Backend> make_torch(const BackendOptions& options) {
  return load_plugin_backend("torch", options);
}

std::unique_ptr<Backend> make_torch_fast(const BackendOptions& options) {
  return load_plugin_backend("torch-fast", options);
}

/// The modes that are float formats, or those that are not.
std::vector<precision::ModeId> modes_that_are(bool floats) {
  std::vector<precision::ModeId> modes;
  for (const precision::Mode& mode : precision::modes())
    if ((mode.kind == precision::ModeKind::kFloat) == floats) modes.push_back(mode.id);
  return modes;
}

/// PyTorch rounds the inputs and outputs of bf16 and fp16 products to that type.
constexpr Tolerances kFloats{.fp16 = 2e-2, .rounded = 0.1};
/// Dequantised weights are multiplied in fp32, whatever the mode does to activations elsewhere.
constexpr Tolerances kDequantised{.rounded = 5e-5};
/// FBGEMM's fp16 weights meet fp32 activations; int8 codes meet activations rounded to bf16.
constexpr Tolerances kFast{.rounded = 0.1};
/// nf4's product rounds activations to bf16 whatever the mode does; its weights are affine_4bit's.
constexpr Tolerances kRequantised{.fp32 = 0.1};

}  // namespace

INSTANTIATE_TEST_SUITE_P(Torch, BackendConformance,
                         ::testing::ValuesIn(conformance_params(make_torch, modes_that_are(true),
                                                                kFloats)),
                         param_name);
INSTANTIATE_TEST_SUITE_P(TorchDequantised, BackendConformance,
                         ::testing::ValuesIn(conformance_params(make_torch, modes_that_are(false),
                                                                kDequantised)),
                         param_name);
INSTANTIATE_TEST_SUITE_P(TorchFast, BackendConformance,
                         ::testing::ValuesIn(conformance_params(
                             make_torch_fast, {precision::ModeId::fp16, precision::ModeId::int8},
                             kFast)),
                         param_name);
INSTANTIATE_TEST_SUITE_P(TorchFastRequantised, BackendConformance,
                         ::testing::ValuesIn(conformance_params(make_torch_fast,
                                                                {precision::ModeId::nf4},
                                                                kRequantised, affine_4bit)),
                         param_name);

}  // namespace nety::model
