// Matrix products through a backend's own interface: the activations are an embedding table, the
// matrix is the head, and the norm between them has unit weights.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "core/model/backend.h"
#include "diag/known_answer.h"

namespace nety::diag {

class Products {
 public:
  /// `x` outlives this. All matrices that will be multiplied have `rows` rows.
  Products(std::unique_ptr<model::Backend> backend, const Activations& x, int64_t rows);

  /// Adds a matrix, which outlives this; before the first product. Returns its number.
  size_t add(const precision::MatrixView& matrix);
  const model::Weight& weight(size_t number) const { return *weights_[number]; }
  const model::Backend& backend() const { return *backend_; }

  /// y [tokens, rows] = norm(x) W' of the first `tokens` rows of x; returns the seconds of the
  /// product, which include what the backend does to activations.
  double multiply(size_t number, int64_t tokens, std::span<float> y);

 private:
  void reserve();

  std::unique_ptr<model::Backend> backend_;
  const Activations& x_;
  int64_t rows_;
  std::vector<float> ones_;
  model::WeightPtr table_, norm_;
  std::vector<model::WeightPtr> weights_;
  std::unique_ptr<model::Workspace> workspace_;
  std::unique_ptr<model::KvCache> cache_;
};

}  // namespace nety::diag
