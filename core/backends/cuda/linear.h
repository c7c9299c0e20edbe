// Matrix products: which kernel multiplies how many tokens in which format.
#pragma once

#include <span>
#include <string>

#include "core/backends/cuda/workspace.h"

namespace nety::cuda {

/// From this many tokens on, weights are unpacked once for all tokens, not once for every
/// kMatvecTokens.
inline constexpr int32_t kManyTokens = 17;

/// The norm of x before a product: the weights [K] and epsilon of rms_norm().
struct Norm {
  const float* weights = nullptr;  ///< null: not at all
  float eps = 0;
};

class Linear {
 public:
  explicit Linear(Device& device) : device_(device) {}
  void use(const Buffers& buffers) { workspace_ = buffers; }

  /// All segments times x [T, K], or times x normalised; kSilu takes two segments and leaves
  /// silu(first) * second in y of the first, and may leave the second product in y of the second.
  void multiply(std::span<const Segment> segments, const float* x, int32_t tokens,
                Epilogue epilogue, const Norm& norm = {}) const;

  /// What multiplies in `format`, for reports: few tokens, then many.
  std::string kernel(Format format) const;

 private:
  const float* normalised(const float* x, int32_t tokens, int32_t cols, const Norm& norm) const;
  void few(std::span<const Segment> segments, const float* x, int32_t tokens, Epilogue epilogue,
           const Norm& norm) const;
  void many(const Segment& segment, const float* x, int32_t tokens, bool add) const;
  void floats(const Matrix& w, const float* x, float* y, int64_t y_pitch, int32_t tokens,
              bool add) const;
  void int8(const Matrix& w, const float* x, float* y, int32_t tokens, bool add) const;
  void panels(const Segment& segment, const float* x, int32_t tokens, bool add) const;
  int32_t split_of(const MatvecArgs& args) const;

  Device& device_;
  Buffers workspace_{};
};

}  // namespace nety::cuda
