// Products of a step's activations with weights: forms of the activations, panels of the weights.
#pragma once

#include <vector>

#include "core/backends/native/weight.h"
#include "core/base/zeroed_array.h"
#include "core/precision/activation.h"

namespace nety::native {

/// The kernels of one family, looked up once.
struct LinearKernels {
  kernels::Isa isa;
  kernels::FloatPanelKernel float_panel;
  kernels::BlockPanelKernel block_panel;
  kernels::IntegerPanelKernel integer_panel;
  kernels::HalfPanelKernel half_panel;
  kernels::QuantiseKernel quantise;
  kernels::QuantiseSuperKernel quantise_super;
  kernels::QuantiseInt8Kernel quantise_int8;
};
LinearKernels linear_kernels(kernels::Isa isa);

/// The activations [tokens, cols] that go into products, in each form some weight asks for. There
/// is room for all forms; only those in use become memory (policy/plan.h counts them by mode).
class Activations {
 public:
  /// Room for `tokens` rows of `cols`.
  void reserve(int64_t tokens, int64_t cols);
  /// The fp32 rows, to be filled by the caller, stride() apart.
  float* row(int64_t t) { return rows_.data() + t * stride_; }
  const float* row(int64_t t) const { return rows_.data() + t * stride_; }
  void set_cols(int64_t cols);
  int64_t cols() const { return cols_; }
  /// Elements between rows in each form but blocks: more than cols() where rows would else begin a
  /// power of two apart, and fall on the same few lines of the first cache.
  int64_t stride() const { return stride_; }

  /// Derives from row `t` the forms that `paths` (bits 1 << Path) need.
  void derive(int64_t t, unsigned paths, const LinearKernels& kernels);
  const float* rounded(int64_t t) const { return rounded_.data() + t * stride_; }
  const uint16_t* halves() const { return halves_.data(); }
  const float* nibbles() const { return nibbles_.data(); }
  kernels::SuperActivations supers() const;
  kernels::BlockActivations blocks() const;
  /// Row `t` as LLM.int8() sees it.
  const precision::Int8Row& integers(int64_t t) const { return int8_rows_[static_cast<size_t>(t)]; }

 private:
  static int64_t apart(int64_t cols) { return cols % 512 == 0 ? cols + 64 : cols; }
  void order_nibbles(int64_t t);

  int64_t cols_ = 0, stride_ = 0, blocks_ = 0;
  ZeroedArray<float> rows_, rounded_, nibbles_;
  ZeroedArray<uint16_t> halves_;
  ZeroedArray<int8_t> super_codes_;
  ZeroedArray<float> super_scales_;
  ZeroedArray<int16_t> super_sums_;
  ZeroedArray<int32_t> super_group_sums_;
  ZeroedArray<int8_t> high_, low_;
  ZeroedArray<float> scales_, sums_;
  ZeroedArray<int32_t> code_sums_;
  ZeroedArray<int8_t> int8_codes_;             // [tokens, stride]
  ZeroedArray<int32_t> outliers_;              // [tokens, stride]
  std::vector<precision::Int8Row> int8_rows_;  // [tokens]
};

/// Scratch of one worker.
struct Scratch {
  /// Room for weights of at most `cols` columns and `rows` rows, and `tokens` tokens.
  void reserve(int64_t cols, int64_t rows, int64_t tokens);

  ZeroedArray<float> panel;   // [kPanelRows, cols]
  ZeroedArray<int8_t> codes;  // [kPanelRows, blocks * 32]
  ZeroedArray<float> scales, mins;
  ZeroedArray<float> y;          // [tokens, kPanelRows]
  ZeroedArray<int32_t> sums;     // [tokens, kPanelRows]
  ZeroedArray<float> reference;  // [rows of the tallest weight]
};

inline constexpr int64_t kPanelRows = 32;

/// Where a product goes: y[t*stride + n] = (accumulate ? y : 0) + sum + bias[n].
struct Destination {
  float* y;
  int64_t stride;
  const float* bias = nullptr;
  bool accumulate = false;
};

/// Rows [first, last) of y = x W' for `tokens` tokens, by one worker with its scratch.
void multiply_rows(const Weight& w, const Activations& x, int64_t tokens, int64_t first,
                   int64_t last, const Destination& to, const LinearKernels& kernels,
                   Scratch& scratch);

}  // namespace nety::native
