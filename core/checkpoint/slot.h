// The places that tensors have in a model, under the paper's letters.
#pragma once

#include <cstddef>
#include <cstdint>

namespace nety::checkpoint {

/// D model width, H query heads and G key/value heads of width d, F feed-forward width, V
/// vocabulary. An architecture need not have all of them.
enum class Slot : uint8_t {
  // In every layer, in the order of the forward pass.
  attention_norm,  // [D]
  wq,              // [H d, D]
  bq,              // [H d]
  wk,              // [G d, D]
  bk,              // [G d]
  wv,              // [G d, D]
  bv,              // [G d]
  wo,              // [D, H d]
  bo,              // [D]
  mlp_norm,        // [D]
  w_gate,          // [F, D]
  b_gate,          // [F]
  w_up,            // [F, D]
  b_up,            // [F]
  w_down,          // [D, F]
  b_down,          // [D]
  // Once in a model.
  embedding,  // [V, D]
  norm,       // [D]
  output,     // [V, D], lm_head
};
inline constexpr size_t kLayerSlots = static_cast<size_t>(Slot::embedding);

}  // namespace nety::checkpoint
