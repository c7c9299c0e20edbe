// What each product packs, and how it is called. Measured against the others that LibTorch has in
// README.md.
#include "core/backends/torch/fast_product.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <cmath>

#include "core/backends/torch/conversion.h"
#include "core/backends/torch/operators.h"
#include "core/base/half.h"

namespace nety::torch_backend {
namespace {

using precision::Matrix;
using precision::MatrixView;
using precision::ModeId;

at::Tensor run(const c10::OperatorHandle& op, torch::jit::Stack arguments) {
  op.callBoxed(arguments);
  return arguments.front().toTensor();
}

int64_t padded(int64_t size, int64_t multiple) {
  return (size + multiple - 1) / multiple * multiple;
}

/// x [T, K] in bf16, with columns of zeros up to `cols`.
at::Tensor in_bf16(const at::Tensor& x, int64_t cols) {
  const at::Tensor rounded = x.to(at::kBFloat16);
  const int64_t lacking = cols - x.size(1);
  return lacking == 0 ? rounded : at::constant_pad_nd(rounded, {0, lacking});
}

// fp16: FBGEMM's, fp16 weights and fp32 activations. PyTorch's dynamic quantization of nn.Linear to
// float16 runs it.

constexpr const char* kFp16Operators[] = {"quantized::linear_prepack_fp16",
                                          "quantized::linear_dynamic_fp16"};

PackedWeight pack_fp16(const MatrixView& source) {
  Matrix made;
  if (source.mode != ModeId::fp16) made = make_matrix(source, precision::mode(ModeId::fp16));
  const MatrixView& view = source.mode == ModeId::fp16 ? source : made.view;
  torch::jit::Stack stack{dequantised(view, at::kFloat), c10::IValue()};
  operator_named(kFp16Operators[0]).callBoxed(stack);
  return {.values = {stack.front()},
          .bytes = static_cast<uint64_t>(source.rows * source.cols) * 2,
          .rows = source.rows,
          .cols = source.cols};
}

at::Tensor multiply_fp16(const PackedWeight& weight, const at::Tensor& x) {
  static const c10::OperatorHandle product = operator_named(kFp16Operators[1]);
  return run(product, {x, weight.values[0]});
}

// int8: the mode's own codes times activations that stay bf16; one scale a row, in bf16.

constexpr const char* kInt8Operators[] = {"aten::_weight_int8pack_mm"};

/// Codes and x are read in blocks of so many columns, past the end of the matrix where that does
/// not divide them.
constexpr int64_t kInt8Block = 16;

PackedWeight pack_int8(const MatrixView& source) {
  Matrix made;
  if (source.mode != ModeId::int8) made = make_matrix(source, precision::mode(ModeId::int8));
  const MatrixView& view = source.mode == ModeId::int8 ? source : made.view;
  at::Tensor codes = at::from_blob(const_cast<std::byte*>(view.codes), {view.rows, view.cols},
                                   at::TensorOptions(at::kChar));
  const bool in_place = source.mode == ModeId::int8 && view.cols % kInt8Block == 0;
  if (!in_place) codes = at::constant_pad_nd(codes, {0, padded(view.cols, kInt8Block) - view.cols});
  const at::Tensor largest =
      at::from_blob(const_cast<float*>(view.scales), {view.rows}, at::TensorOptions(at::kFloat));
  const at::Tensor scales = (largest / 127).to(at::kBFloat16);
  return {.values = {codes, scales},
          .bytes = (in_place ? 0 : codes.nbytes()) + scales.nbytes(),
          .rows = view.rows,
          .cols = view.cols};
}

at::Tensor multiply_int8(const PackedWeight& weight, const at::Tensor& x) {
  static const c10::OperatorHandle product = operator_named(kInt8Operators[0]);
  return run(product,
             {in_bf16(x, padded(weight.cols, kInt8Block)), weight.values[0], weight.values[1]})
      .to(at::kFloat);
}

// nf4: no product of LibTorch knows its codebook. Its 4-bit one is affine, in groups along a row:
// w = (code - 8) scale + zero, scale and zero in bf16, of the weights before nf4 rounds them.

constexpr const char* kInt4Operators[] = {"aten::_convert_weight_to_int4pack_for_cpu",
                                          "aten::_weight_int4pack_mm_for_cpu"};
constexpr int64_t kGroup = 64;     // 4.5 bits a weight, as nf4 has
constexpr int64_t kRowBlock = 64;  // rows that are packed side by side

/// One group of weights to codes 0 ... 15; `scale` and `zero` as stored.
void quantise_group(const float* w, int64_t count, int32_t* codes, uint16_t& scale,
                    uint16_t& zero) {
  const auto [low, high] = std::minmax_element(w, w + count);
  scale = bf16_from_float((*high - *low) / 15);
  const float step = float_from_bf16(scale);
  zero = bf16_from_float(*low + 8 * step);
  const float middle = float_from_bf16(zero);
  for (int64_t k = 0; k < count; ++k) {
    const float code = step > 0 ? std::nearbyint((w[k] - middle) / step) + 8 : 8;
    codes[k] = static_cast<int32_t>(std::clamp(code, 0.0F, 15.0F));
  }
}

PackedWeight pack_int4(const MatrixView& source) {
  const precision::ModeFunctions& from = *precision::mode(source.mode).functions;
  const int64_t rows = padded(source.rows, kRowBlock), cols = padded(source.cols, kGroup);
  const int64_t groups = cols / kGroup;
  at::Tensor codes = at::empty({rows, cols}, at::TensorOptions(at::kInt));
  at::Tensor scales = at::zeros({groups, rows, 2}, at::TensorOptions(at::kBFloat16));
  int32_t* code = codes.data_ptr<int32_t>();
  std::fill_n(code, rows * cols, 8);  // with scale and zero 0: no weight at all
  auto* scale = static_cast<uint16_t*>(scales.data_ptr());
  for_row_chunks(source.rows, source.cols, 1, [&](int64_t first, int64_t last) {
    std::vector<float> weights(static_cast<size_t>(source.cols));
    for (int64_t row = first; row < last; ++row) {
      from.dequantise(source, row, weights.data());
      for (int64_t g = 0; g * kGroup < source.cols; ++g) {
        uint16_t* pair = scale + (g * rows + row) * 2;
        quantise_group(&weights[static_cast<size_t>(g * kGroup)],
                       std::min(kGroup, source.cols - g * kGroup), code + row * cols + g * kGroup,
                       pair[0], pair[1]);
      }
    }
  });
  torch::jit::Stack stack{codes, int64_t{1}};
  operator_named(kInt4Operators[0]).callBoxed(stack);
  const uint64_t bytes = stack.front().toTensor().nbytes() + scales.nbytes();
  return {
      .values = {stack.front(), scales}, .bytes = bytes, .rows = source.rows, .cols = source.cols};
}

at::Tensor multiply_int4(const PackedWeight& weight, const at::Tensor& x) {
  static const c10::OperatorHandle product = operator_named(kInt4Operators[1]);
  const at::Tensor rounded = in_bf16(x, padded(weight.cols, kGroup));
  return run(product, {rounded, weight.values[0], kGroup, weight.values[1]})
      .narrow(1, 0, weight.rows)
      .to(at::kFloat);
}

constexpr FastProduct kFastProducts[] = {
    {ModeId::fp16, "fbgemm fp16", kFp16Operators, pack_fp16, multiply_fp16},
    {ModeId::int8, "aten int8pack bf16", kInt8Operators, pack_int8, multiply_int8},
    {ModeId::nf4, "aten int4pack g64 bf16", kInt4Operators, pack_int4, multiply_int4},
};

}  // namespace

const FastProduct* find_fast_product(ModeId mode) {
  const auto* found = std::ranges::find(kFastProducts, mode, &FastProduct::mode);
  return found == std::end(kFastProducts) ? nullptr : found;
}

}  // namespace nety::torch_backend
