// The whole forward pass on an emulated GPU against the double-precision reference, with and
// without cuBLAS, and with threads in either order.
#include "core/backends/cuda/cuda_backend.h"
#include "tests/cuda/emulated_device.h"
#include "tests/cuda/simt.h"
#include "tests/model/backend_conformance.h"

namespace nety::model {
namespace {

std::unique_ptr<Backend> without_blas(const BackendOptions& options) {
  simt::set_order(simt::Order::kAscending);
  return cuda::make_backend(cuda::emulated_device(), options);
}

std::unique_ptr<Backend> with_blas(const BackendOptions& options) {
  simt::set_order(simt::Order::kDescending);
  return cuda::make_backend(cuda::emulated_device({.blas = true, .processors = 32}), options);
}

std::vector<precision::ModeId> made_modes() {
  std::vector<precision::ModeId> modes;
  for (const precision::Mode& mode : precision::modes())
    if (mode.kind != precision::ModeKind::kStored) modes.push_back(mode.id);
  return modes;
}

/// Those whose products for many tokens go to cuBLAS in their several ways.
constexpr std::initializer_list<precision::ModeId> kBlasModes = {
    precision::ModeId::fp32, precision::ModeId::bf16, precision::ModeId::fp16,
    precision::ModeId::nf4_dq};

/// All are dequantised alike: one with a minimum, one without, one of super-blocks.
constexpr std::initializer_list<precision::ModeId> kStoredModes = {
    precision::ModeId::q8_0, precision::ModeId::q4_1, precision::ModeId::q5_k};

/// Weights of GGUF formats are rounded to fp16 once more; activations are not rounded.
constexpr Tolerances kDequantisedToFp16{.fp32 = 2e-2, .rounded = 2e-2};

}  // namespace

INSTANTIATE_TEST_SUITE_P(Cuda, BackendConformance,
                         ::testing::ValuesIn(conformance_params(without_blas, made_modes())),
                         param_name);
INSTANTIATE_TEST_SUITE_P(CudaWithBlas, BackendConformance,
                         ::testing::ValuesIn(conformance_params(with_blas, kBlasModes)),
                         param_name);
INSTANTIATE_TEST_SUITE_P(CudaStored, BackendConformance,
                         ::testing::ValuesIn(conformance_params(without_blas, kStoredModes,
                                                                kDequantisedToFp16)),
                         param_name);

}  // namespace nety::model
