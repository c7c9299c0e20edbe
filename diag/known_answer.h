// A product whose answer is known: weights of a mode, activations that every backend normalises to
// the same bits, and the result in double precision, with how far from it the mode may be.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/precision/mode.h"

namespace nety::diag {

/// What a backend does to activations and results, apart from the order of sums.
struct Arithmetic {
  std::string_view activation;  ///< A word of modes.def: "fp32", "bf16", "int8 per row ..."
  double output_error = 0;      ///< Relative rounding of the result: 2^-8 for bf16.
};
/// `native` computes as modes.def says. `torch` multiplies in the type of the weights, and in fp32
/// what it has widened.
Arithmetic arithmetic_of(std::string_view backend, const precision::Mode& mode);

/// What fp32 sums of n products may be wrong by, whatever their order, relative to the sum of
/// magnitudes: n roundings that wander, 2^-24 sqrt(n), the probabilistic bound of Higham and Mary
/// (2019, SIAM J. Sci. Comput. 41) where the certain one is 2^-24 n. At the 1024 columns of the
/// modes' own tests that is their 2e-6; a fixed 2e-6 would be too narrow for wider matrices.
double product_error(int64_t n);

/// A matrix of `mode` with made-up weights, [rows, cols]; of GGUF formats too.
precision::Matrix sample_matrix(const precision::Mode& mode, int64_t rows, int64_t cols);

/// Rows of activations that RMS normalisation with unit weights turns into exact multiples of 1/8,
/// outliers of LLM.int8() among them.
class Activations {
 public:
  Activations(int64_t tokens, int64_t cols);

  int64_t tokens() const { return tokens_; }
  int64_t cols() const { return cols_; }
  const std::vector<float>& rows() const { return rows_; }  ///< [tokens, cols], before the norm
  double eps() const { return eps_; }                       ///< Of the norm.
  /// Row `t` after the norm, as the arithmetic sees it.
  std::vector<double> seen(int64_t t, const Arithmetic& arithmetic) const;

 private:
  int64_t tokens_, cols_;
  double eps_ = 0;
  std::vector<float> rows_;
};

/// The answer for some tokens: y [tokens, rows] and what each may be wrong by.
class KnownAnswer {
 public:
  KnownAnswer(const precision::MatrixView& matrix, const Activations& x, int64_t tokens,
              const Arithmetic& arithmetic);

  /// The worst error among `y` [tokens, rows], as a share of what is allowed: at most 1 is right,
  /// infinity is a value that is no number.
  double worst(std::span<const float> y) const;
  /// Where it is: "row 3, token 0: 1.5 instead of 1.2".
  std::string worst_place(std::span<const float> y) const;

 private:
  double share(size_t i, float y) const;

  int64_t rows_;
  std::vector<double> y_, allowed_;  // [tokens, rows]
};

}  // namespace nety::diag
