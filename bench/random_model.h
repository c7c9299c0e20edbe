// A model of any shape filled with random weights in one mode, GGUF formats included, for
// timing alone: what the numbers are does not matter, only how many there are and where they lie.
#pragma once

#include <vector>

#include "core/backends/native/arena.h"
#include "core/base/anonymous_memory.h"
#include "core/model/model.h"

namespace nety::bench {

/// Storage of a matrix in a mode that files have: random bytes, with factors that keep the weights
/// small. `state`: of the generator, not 0.
AnonymousMemory random_blocks(int64_t rows, int64_t cols, precision::ModeId mode, uint64_t& state);

/// Owns the storage of its weights.
class RandomModel {
 public:
  /// Matrices in `mode`, embedding and head in `head`.
  RandomModel(const checkpoint::ModelConfig& config, precision::ModeId mode, precision::ModeId head,
              model::Backend& backend);
  const model::Model& model() const { return model_; }

 private:
  model::WeightPtr matrix(int64_t rows, int64_t cols, precision::ModeId mode);
  precision::MatrixView repeated(const precision::Matrix& few, int64_t rows);
  precision::MatrixView blocks(int64_t rows, int64_t cols, precision::ModeId mode);

  model::Backend& backend_;
  model::Model model_;
  native::Arena arena_;                   // as the backend keeps what it converts
  std::vector<AnonymousMemory> storage_;  // GGUF blocks that it multiplies in place
  uint64_t state_ = 88172645463325252ULL;
};

}  // namespace nety::bench
