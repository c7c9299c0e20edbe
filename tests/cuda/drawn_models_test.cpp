// Drawn models on an emulated GPU, with and without cuBLAS. Emulation is slow, so the plain suite
// has few of them.
#include "core/backends/cuda/cuda_backend.h"
#include "tests/cuda/emulated_device.h"
#include "tests/cuda/simt.h"
#include "tests/model/drawn_conformance.h"

namespace nety::model {
namespace {

using precision::ModeId;

std::unique_ptr<Backend> without_blas(const BackendOptions& options) {
  simt::set_order(simt::Order::kAscending);
  return cuda::make_backend(cuda::emulated_device(), options);
}

std::unique_ptr<Backend> with_blas(const BackendOptions& options) {
  simt::set_order(simt::Order::kDescending);
  return cuda::make_backend(cuda::emulated_device({.blas = true, .processors = 32}), options);
}

drawn::Subject subject(const char* name, BackendFactory make, std::vector<ModeId> modes,
                       const Tolerances& tolerances = {}) {
  return {.name = name,
          .make = std::move(make),
          .isa = {},
          .modes = std::move(modes),
          .tolerances = tolerances};
}

/// As in conformance_test.cpp.
constexpr Tolerances kDequantisedToFp16{.fp32 = 2e-2, .rounded = 2e-2};

TEST(DrawnModels, AreThoseOfTheReference) {
  drawn::expect_drawn_models(
      {subject("without cuBLAS", without_blas, {ModeId::fp32}),
       subject("without cuBLAS", without_blas,
               {ModeId::nf4, ModeId::int8, ModeId::bf16, ModeId::fp16, ModeId::fp4_dq}),
       subject("without cuBLAS", without_blas, {ModeId::q4_1, ModeId::q8_0, ModeId::mxfp4},
               kDequantisedToFp16),
       subject("with cuBLAS", with_blas,
               {ModeId::fp32, ModeId::bf16, ModeId::int8, ModeId::nf4_dq})},
      24);
}

}  // namespace
}  // namespace nety::model
