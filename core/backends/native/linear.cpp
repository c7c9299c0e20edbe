// A panel of a few weight rows is brought into the form the kernel wants, in this core's cache, and
// swept by all tokens of the step. The order of summation depends on the columns alone, so a
// token's result is the same alone and among others, and for any number of threads.
#include "core/backends/native/linear.h"

#include <algorithm>
#include <span>

#include "core/base/half.h"

namespace nety::native {
namespace {

/// Up to this many tokens, rows are multiplied as they are stored; from there on, unpacking them
/// once costs less.
constexpr int64_t kFewTokens = 4;

unsigned bit(Path path) { return 1U << static_cast<unsigned>(path); }

/// `count` zeros, whatever was there.
template <class T>
void renew(ZeroedArray<T>& array, size_t count) {
  array = ZeroedArray<T>(count);
}

int64_t whole(int64_t count, int64_t part) { return (count + part - 1) / part * part; }

int64_t padded_blocks(int64_t cols) { return (cols / 32 + 1) / 2 * 2; }

// Rows of a panel: few for one token, so that it stays in the first cache; as many as a quarter of
// the second cache holds for more.
int64_t panel_rows(int64_t tokens, int64_t cols, int64_t grain) {
  if (grain > 1) return grain;
  if (tokens == 1) return kPanelRows;
  return std::clamp<int64_t>(65536 / cols / 4 * 4, 8, kPanelRows);
}

// `stride`: rows between tokens of y.
void store(const float* y, int64_t stride, int64_t rows, int64_t tokens, int64_t first,
           const Destination& to) {
  for (int64_t t = 0; t < tokens; ++t) {
    float* out = to.y + t * to.stride + first;
    const float* in = y + t * stride;
    for (int64_t r = 0; r < rows; ++r) {
      const float value = to.bias == nullptr ? in[r] : in[r] + to.bias[first + r];
      out[r] = to.accumulate ? out[r] + value : value;
    }
  }
}

/// Rows of `cols` values, `stride` apart, in the order that the weight's rows are unpacked in.
struct FloatRows {
  const float* x;
  int64_t cols, stride;
};

void float_rows(const Weight& w, const FloatRows& x, int64_t tokens, int64_t first, int64_t rows,
                const LinearKernels& kernels, Scratch& scratch) {
  const int64_t cols = x.cols;
  if (w.stored_rows() != nullptr && tokens <= kFewTokens)
    return w.stored_rows()({&w.view(), first, rows, x.x, x.stride, tokens, scratch.y.data(), rows});
  const float* panel = w.floats() + first * cols;
  if (!w.in_place_floats()) {
    for (int64_t r = 0; r < rows; ++r)
      w.unpack()(w.view(), first + r, scratch.panel.data() + r * cols);
    if (w.rounds_rows())
      for (float& value : std::span(scratch.panel).first(static_cast<size_t>(rows * cols)))
        value = float_from_bf16(bf16_from_float(value));
    panel = scratch.panel.data();
  }
  kernels.float_panel({panel, cols, rows, x.x, x.stride, tokens, cols, scratch.y.data(), rows});
}

void block_rows(const Weight& w, const Activations& x, int64_t tokens, int64_t first, int64_t rows,
                const LinearKernels& kernels, Scratch& scratch) {
  const int64_t cols = w.view().cols;
  const int64_t blocks = padded_blocks(cols);
  kernels::BlockRows panel{scratch.codes.data(), scratch.scales.data(), scratch.mins.data(), rows};
  bool has_mins = false;
  for (int64_t r = 0; r < rows; ++r) {
    const int64_t end = (r + 1) * blocks;
    if (blocks * 32 > cols) {  // an odd number of blocks: the last of the row is padding
      std::fill_n(panel.codes + (end - 1) * 32, 32, int8_t{0});
      panel.scales[end - 1] = panel.mins[end - 1] = 0;
    }
    has_mins = w.unpack_blocks()(w.row(first + r), cols, panel, r, blocks);
  }
  if (!has_mins) panel.mins = nullptr;
  kernels.block_panel({panel, x.blocks(), tokens, scratch.y.data(), rows});
}

// LLM.int8(): y = sum * (SCA * SCB) / 127^2, then the outliers' columns with the activation as it
// is (the arithmetic of precision/int8.cpp).
void integer_rows(const Weight& w, const Activations& x, int64_t tokens, int64_t first,
                  int64_t rows, const LinearKernels& kernels, Scratch& scratch) {
  const int64_t cols = w.view().cols;
  const int8_t* codes = w.codes() + first * cols;
  const float* scales = w.view().scales + first;
  kernels.integer_panel(
      {codes, rows, x.integers(0).codes, x.stride(), tokens, cols, scratch.sums.data(), rows});
  for (int64_t t = 0; t < tokens; ++t) {
    const precision::Int8Row& row = x.integers(t);
    float* y = scratch.y.data() + t * rows;
    for (int64_t r = 0; r < rows; ++r)
      y[r] = static_cast<float>(scratch.sums[static_cast<size_t>(t * rows + r)]) *
             (row.scale * scales[r]) * (1.0F / 16129.0F);
    if (row.outlier_count == 0) continue;
    for (int64_t r = 0; r < rows; ++r) {
      float exact = 0;
      for (int32_t j = 0; j < row.outlier_count; ++j) {
        const int32_t k = row.outliers[j];
        exact +=
            x.row(t)[k] * ((static_cast<float>(codes[r * cols + k]) * scales[r]) * (1.0F / 127.0F));
      }
      y[r] += exact;
    }
  }
}

void half_rows(const Weight& w, const Activations& x, int64_t tokens, int64_t first, int64_t rows,
               const LinearKernels& kernels, Scratch& scratch) {
  const int64_t cols = w.view().cols;
  const auto* panel = reinterpret_cast<const uint16_t*>(w.view().codes) + first * cols;
  kernels.half_panel(
      {panel, cols, rows, x.halves(), x.stride(), tokens, cols, scratch.y.data(), rows});
}

// `rows` are rounded up to whole panels.
void packed_rows(const Weight& w, const Activations& x, int64_t tokens, int64_t first, int64_t rows,
                 Scratch& scratch) {
  kernels::PackedProduct product{};
  product.w = w.packed(first / kernels::kPackRows);
  product.panels = rows / kernels::kPackRows;
  product.blocks = w.packed_blocks();
  if (w.path() == Path::kPacked)
    product.small = x.blocks();
  else
    product.super = x.supers();
  product.tokens = tokens;
  product.y = scratch.y.data();
  product.y_stride = rows;
  w.packed_kernel()(product);
}

void reference_rows(const Weight& w, const Activations& x, int64_t tokens, int64_t first,
                    int64_t rows, Scratch& scratch) {
  const auto multiply = precision::mode(w.mode()).functions->multiply;
  for (int64_t t = 0; t < tokens; ++t) {
    multiply(w.view(), x.row(t), scratch.reference.data(), first, first + rows);
    std::copy_n(scratch.reference.data() + first, rows, scratch.y.data() + t * rows);
  }
}

}  // namespace

LinearKernels linear_kernels(kernels::Isa isa) {
  using kernels::kernel, kernels::Op;
  return {isa,
          kernel<kernels::FloatPanelKernel>(Op::kFloatPanel, "fp32", isa),
          kernel<kernels::BlockPanelKernel>(Op::kBlockPanel, "q8", isa),
          kernel<kernels::IntegerPanelKernel>(Op::kIntegerPanel, "int8", isa),
          kernel<kernels::HalfPanelKernel>(Op::kHalfPanel, "bf16", isa),
          kernel<kernels::QuantiseKernel>(Op::kQuantise, "q8", isa),
          kernel<kernels::QuantiseSuperKernel>(Op::kQuantiseSuper, "q8_k", isa),
          kernel<kernels::QuantiseInt8Kernel>(Op::kQuantiseInt8, "int8", isa)};
}

void Scratch::reserve(int64_t cols, int64_t rows, int64_t tokens) {
  renew(panel, static_cast<size_t>(kPanelRows * cols));
  renew(codes, static_cast<size_t>(kPanelRows * (cols + 63)));
  renew(scales, static_cast<size_t>(kPanelRows * (cols / 32 + 2)));
  renew(mins, scales.size());
  renew(y, static_cast<size_t>(kPanelRows * tokens));
  renew(sums, y.size());
  renew(reference, static_cast<size_t>(rows));
}

void Activations::reserve(int64_t tokens, int64_t cols) {
  const size_t values = static_cast<size_t>(tokens * (cols + 64));
  const size_t blocks = static_cast<size_t>(tokens * padded_blocks(cols + 31));
  renew(rows_, values);
  renew(rounded_, values);
  renew(halves_, values);
  renew(nibbles_, values);
  const size_t supers = values / precision::kSuperBlock + 1;
  renew(super_codes_, values);
  renew(super_scales_, supers);
  renew(super_sums_, supers * 8);
  renew(super_group_sums_, supers * 16);
  renew(high_, blocks * 32);
  renew(low_, blocks * 32);
  renew(scales_, blocks);
  renew(sums_, blocks);
  renew(code_sums_, blocks);
  renew(int8_codes_, values);
  renew(outliers_, values);
  int8_rows_.resize(static_cast<size_t>(tokens));
}

void Activations::set_cols(int64_t cols) {
  cols_ = cols;
  stride_ = apart(cols);
  blocks_ = padded_blocks(cols);
}

kernels::BlockActivations Activations::blocks() const {
  return {high_.data(), low_.data(), scales_.data(), sums_.data(), code_sums_.data(), blocks_};
}

kernels::SuperActivations Activations::supers() const {
  return {super_codes_.data(), super_scales_.data(), super_sums_.data(), super_group_sums_.data(),
          cols_ / precision::kSuperBlock};
}

void Activations::order_nibbles(int64_t t) {
  const float* x = row(t);
  float* out = nibbles_.data() + t * stride_;
  for (int64_t chunk = 0; chunk < cols_; chunk += kernels::kNibbleChunk)
    for (int64_t i = 0; i < kernels::kNibbleChunk; ++i)
      out[chunk + i] = x[chunk + kernels::nibble_column(i)];
}

void Activations::derive(int64_t t, unsigned paths, const LinearKernels& kernels) {
  const float* x = row(t);
  if ((paths & bit(Path::kNibbles)) != 0) order_nibbles(t);
  if ((paths & bit(Path::kHalf)) != 0) {
    uint16_t* out = halves_.data() + t * stride_;
    for (int64_t k = 0; k < cols_; ++k) out[k] = bf16_from_float(x[k]);
  }
  if ((paths & bit(Path::kPackedK)) != 0) kernels.quantise_super(x, cols_, supers(), t);
  if ((paths & bit(Path::kRounded)) != 0) {
    float* out = rounded_.data() + t * stride_;
    for (int64_t k = 0; k < cols_; ++k) out[k] = float_from_bf16(bf16_from_float(x[k]));
  }
  if ((paths & (bit(Path::kBlocks) | bit(Path::kPacked))) != 0) {
    if (blocks_ * 32 > cols_) {
      const size_t last = static_cast<size_t>((t + 1) * blocks_ - 1);
      std::fill_n(high_.data() + last * 32, 32, int8_t{0});
      std::fill_n(low_.data() + last * 32, 32, int8_t{0});
      scales_[last] = sums_[last] = 0;
      code_sums_[last] = 0;
    }
    kernels.quantise(x, cols_, blocks(), t);
  }
  if ((paths & bit(Path::kInteger)) != 0) {
    precision::Int8Row& out = int8_rows_[static_cast<size_t>(t)];
    out = {.codes = int8_codes_.data() + t * stride_, .outliers = outliers_.data() + t * stride_};
    kernels.quantise_int8(x, cols_, out);
  }
}

void multiply_rows(const Weight& w, const Activations& x, int64_t tokens, int64_t first,
                   int64_t last, const Destination& to, const LinearKernels& kernels,
                   Scratch& scratch) {
  const int64_t step = panel_rows(tokens, w.view().cols, w.grain());
  for (int64_t r = first; r < last; r += step) {
    const int64_t rows = std::min(step, last - r);
    const int64_t stride = whole(rows, w.grain());
    switch (w.path()) {
      case Path::kFloat:
        float_rows(w, {x.row(0), x.cols(), x.stride()}, tokens, r, rows, kernels, scratch);
        break;
      case Path::kRounded:
        float_rows(w, {x.rounded(0), x.cols(), x.stride()}, tokens, r, rows, kernels, scratch);
        break;
      case Path::kNibbles:
        float_rows(w, {x.nibbles(), x.cols(), x.stride()}, tokens, r, rows, kernels, scratch);
        break;
      case Path::kHalf:
        half_rows(w, x, tokens, r, rows, kernels, scratch);
        break;
      case Path::kPacked:
      case Path::kPackedK:
        packed_rows(w, x, tokens, r, stride, scratch);
        break;
      case Path::kBlocks:
        block_rows(w, x, tokens, r, rows, kernels, scratch);
        break;
      case Path::kInteger:
        integer_rows(w, x, tokens, r, rows, kernels, scratch);
        break;
      case Path::kReference:
        reference_rows(w, x, tokens, r, rows, scratch);
        break;
    }
    store(scratch.y.data(), stride, rows, tokens, r, to);
  }
}

}  // namespace nety::native
