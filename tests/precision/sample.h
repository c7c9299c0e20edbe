// Matrices and activations of any mode for tests, from a seed.
#pragma once

#include <cstdint>
#include <vector>

#include "core/precision/mode.h"

namespace nety::precision {

/// Normal values with a scale that differs per row, so that a scale taken from the wrong place
/// shows.
std::vector<float> sample_weights(int64_t rows, int64_t cols, uint32_t seed);

/// A matrix of the mode: quantised from sample_weights, or, if the mode is only read, random blocks
/// whose weights are all finite and moderate.
Matrix sample_matrix(ModeId id, int64_t rows, int64_t cols, uint32_t seed);

/// Normal values with a few LLM.int8() outliers.
std::vector<float> sample_activations(int64_t cols, uint32_t seed);

/// All of the matrix as floats: [rows, cols].
std::vector<float> dequantised(const MatrixView& matrix);

}  // namespace nety::precision
