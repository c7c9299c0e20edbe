// The places that tensors have in a model, under the paper's letters.
#pragma once

#include <cstddef>
#include <cstdint>

namespace nety::checkpoint {

/// D model width, H query heads and G key/value heads of width d, F feed-forward width, E experts,
/// V vocabulary. An architecture need not have all of them.
enum class Slot : uint8_t {
  // In every layer, in the order of the forward pass.
  attention_norm,       // [D]
  attention_norm_bias,  // [D]
  wq,                   // [H d, D]
  bq,                   // [H d]
  wk,                   // [G d, D]
  bk,                   // [G d]
  wv,                   // [G d, D]
  bv,                   // [G d]
  q_norm,               // [d] or [H d]
  k_norm,               // [d] or [G d]
  sinks,                // [H]
  wo,                   // [D, H d]
  bo,                   // [D]
  attention_post_norm,  // [D]
  mlp_norm,             // [D]
  mlp_norm_bias,        // [D]
  router,               // [E, D]
  router_bias,          // [E]
  w_gate,               // [F, D]; this and those below of each expert where there are several
  b_gate,               // [F]
  w_up,                 // [F, D]
  b_up,                 // [F]
  w_down,               // [D, F]
  b_down,               // [D]
  mlp_post_norm,        // [D]
  // Once in a model.
  embedding,  // [V, D]
  norm,       // [D]
  norm_bias,  // [D]
  output,     // [V, D], lm_head
};
inline constexpr size_t kLayerSlots = static_cast<size_t>(Slot::embedding);

constexpr bool is_of_layer(Slot slot) { return static_cast<size_t>(slot) < kLayerSlots; }

/// What a tensor is to a precision mode: a matrix takes the mode, the embeddings (the table of
/// tokens, and lm_head) the type that the mode names for them, a router is fp32 unless it is stored
/// quantised, a norm or a bias is fp32.
enum class Role : uint8_t { kMatrix, kRouter, kEmbedding, kNorm, kBias };

constexpr bool is_vector(Role role) { return role == Role::kNorm || role == Role::kBias; }

constexpr Role role_of(Slot slot) {
  switch (slot) {
    case Slot::wq:
    case Slot::wk:
    case Slot::wv:
    case Slot::wo:
    case Slot::w_gate:
    case Slot::w_up:
    case Slot::w_down:
      return Role::kMatrix;
    case Slot::router:
      return Role::kRouter;
    case Slot::bq:
    case Slot::bk:
    case Slot::bv:
    case Slot::bo:
    case Slot::sinks:
    case Slot::router_bias:
    case Slot::b_gate:
    case Slot::b_up:
    case Slot::b_down:
    case Slot::attention_norm_bias:
    case Slot::mlp_norm_bias:
    case Slot::norm_bias:
      return Role::kBias;
    case Slot::attention_norm:
    case Slot::q_norm:
    case Slot::k_norm:
    case Slot::attention_post_norm:
    case Slot::mlp_norm:
    case Slot::mlp_post_norm:
    case Slot::norm:
      return Role::kNorm;
    case Slot::embedding:
    case Slot::output:
      return Role::kEmbedding;
  }
  return Role::kMatrix;
}

}  // namespace nety::checkpoint
