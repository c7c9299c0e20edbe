// One kernel cell on one layer of a real model: its data, the call that is timed, and what it got
// wrong.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "core/kernels/kernels.h"

namespace nety::bench {

/// A weight matrix of a standard shape.
struct Layer {
  std::string shape;   ///< "mistral-7b"
  std::string weight;  ///< "model.layers.0.mlp.gate_proj.weight"
  int64_t rows = 0, cols = 0;
};

struct Subject {
  std::function<void()> run;
  double bytes = 0;   ///< Read and written once by a run, activations included.
  double flops = 0;   ///< Multiplications and additions; 0 for what only converts.
  std::string wrong;  ///< How the result differs from the reference; empty: it does not.
};

/// Whether the cell's work depends on the number of tokens: products do, conversions of one row do
/// not.
bool takes_tokens(kernels::Op op);

/// The cell at work on `layer` with `tokens` tokens, run once and compared with the reference: the
/// mode's own functions, or sums in double. None where the format has no such shape.
std::optional<Subject> make_subject(const kernels::Cell& cell, const Layer& layer, int64_t tokens);

}  // namespace nety::bench
