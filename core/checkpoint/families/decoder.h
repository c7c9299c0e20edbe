// The tensors that nearly all decoders have, for families to build on.
#pragma once

#include <string_view>
#include <vector>

#include "core/checkpoint/tensors.h"

namespace nety::checkpoint {

/// transformers' names of a layer's norms, which families call differently; without ".weight".
struct NormNames {
  std::string_view before_attention = "input_layernorm";
  std::string_view after_attention = "post_attention_layernorm";
  std::string_view before_mlp = "post_attention_layernorm";
  std::string_view after_mlp = "post_feedforward_layernorm";
};

/// Which weights a file has as one.
struct Fused {
  bool qkv = false;      ///< "qkv_proj", rows of q, then k, then v
  bool gate_up = false;  ///< "gate_up_proj", rows of the gate first
};

/// The tensors of a decoder with the norms that its specs have, and the biases that `config` says.
/// Where GGUF has no name of its own for a fused weight, it has that of the last part.
std::vector<TensorInfo> decoder_tensors(const ModelConfig& config, const NormNames& names = {},
                                        const Fused& fused = {});

/// The same tensors, with norms that a directory has less one (Gemma).
std::vector<TensorInfo> with_norms_less_one(std::vector<TensorInfo> tensors);

}  // namespace nety::checkpoint
