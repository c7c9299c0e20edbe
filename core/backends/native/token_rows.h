// What is done to a token's row by itself: norms and rotation.
#pragma once

#include "core/base/zeroed_array.h"
#include "core/checkpoint/config.h"
#include "core/model/rope.h"

namespace nety::native {

/// y = x / rms(x) * w (Zhang and Sennrich 2019) [dim], the squares summed in 16 interleaved lanes;
/// y may be x.
void rms_norm(const float* x, const float* w, double eps, int64_t dim, float* y);

/// y = (x - mean) / sqrt(variance + eps) * w + b (Ba et al. 2016) [dim]; b may be null, y may be x.
void layer_norm(const float* x, const float* w, const float* b, double eps, int64_t dim, float* y);

/// A step's rotations by one of the model's rotary embeddings.
struct Rotations {
  /// Turns a head [d] of the t-th token.
  void rotate(float* head, int64_t t) const;

  const checkpoint::Rope* rope = nullptr;
  model::RopeTable table;
  int64_t half = 0;                   // pairs that are turned
  ZeroedArray<float> cosines, sines;  // [T, half]
};

}  // namespace nety::native
