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

using precision::ModeId;

/// GGUF formats are dequantised to fp16, which rounds them once more; activations are not rounded.
constexpr Tolerances kDequantisedToFp16{.fp32 = 2e-2, .rounded = 2e-2};

/// Emulation is slow: of all shapes and modes those that take another way through the kernels.
std::vector<ConformanceParam> chosen(const BackendFactory& make, std::vector<ModeId> modes,
                                     const std::vector<std::string>& shapes,
                                     const Tolerances& tolerances = {}) {
  std::vector<ConformanceParam> params = conformance_params(make, modes, tolerances);
  if (!shapes.empty())
    std::erase_if(params, [&](const ConformanceParam& param) {
      return std::ranges::find(shapes, param.shape.name) == shapes.end();
    });
  return params;
}

std::vector<ConformanceParam> without_blas_params() {
  std::vector<ConformanceParam> all = chosen(without_blas, {ModeId::fp32}, {});
  const auto add = [&](std::vector<ConformanceParam> more) {
    all.insert(all.end(), more.begin(), more.end());
  };
  add(chosen(without_blas, {ModeId::int8, ModeId::nf4},
             {"biases", "one_kv_head_of_odd_width", "wide"}));
  add(chosen(without_blas, {ModeId::bf16, ModeId::fp16}, {"biases", "one_kv_head_of_odd_width"}));
  add(chosen(without_blas, {ModeId::nf4_dq, ModeId::fp4, ModeId::fp4_dq}, {"biases"}));
  add(chosen(without_blas, {ModeId::q8_0, ModeId::q4_1}, {"biases"}, kDequantisedToFp16));
  add(chosen(without_blas, {ModeId::q5_k}, {"wide"}, kDequantisedToFp16));
  return all;
}

}  // namespace

INSTANTIATE_TEST_SUITE_P(Cuda, BackendConformance, ::testing::ValuesIn(without_blas_params()),
                         param_name);
INSTANTIATE_TEST_SUITE_P(CudaWithBlas, BackendConformance,
                         ::testing::ValuesIn(chosen(with_blas,
                                                    {ModeId::fp32, ModeId::bf16, ModeId::fp16,
                                                     ModeId::int8, ModeId::nf4_dq},
                                                    {"biases", "one_kv_head_of_odd_width"})),
                         param_name);

}  // namespace nety::model
