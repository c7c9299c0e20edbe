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
  std::string_view gguf_before_mlp = "ffn_norm";
};

/// transformers' names of a mixture's tensors within a layer; without ".weight" and ".bias". Names
/// of an expert have {} where its number is.
struct ExpertNames {
  std::string_view router = "mlp.gate";
  std::string_view gate = "mlp.experts.{}.gate_proj";
  std::string_view up = "mlp.experts.{}.up_proj";
  std::string_view down = "mlp.experts.{}.down_proj";
  /// Whole names of all experts side by side: gate and up as one [E, 2F, D], and down [E, D, F];
  /// here those in which transformers 5 has them in memory.
  std::string_view gate_up_stack = "mlp.experts.gate_up_proj";
  std::string_view down_stack = "mlp.experts.down_proj";
  /// How directories have them: one by one, or as stacks only, or as stacks whose matrices are
  /// turned around ([E, D, 2F], gate and up by turns; [E, F, D]) and which have biases.
  enum class Form : uint8_t { kApart, kStacked, kTurned } form = Form::kApart;
};

/// Which weights a file has as one.
struct Fused {
  bool qkv = false;      ///< "qkv_proj", rows of q, then k, then v
  bool gate_up = false;  ///< "gate_up_proj", rows of the gate first
};

/// The tensors of a decoder with the norms and experts that its specs have, and the biases that
/// `config` says.
/// Where GGUF has no name of its own for a fused weight, it has that of the last part.
std::vector<TensorInfo> decoder_tensors(const ModelConfig& config, const NormNames& names = {},
                                        const Fused& fused = {}, const ExpertNames& experts = {});

/// The same tensors, with norms that a directory has less one (Gemma).
std::vector<TensorInfo> with_norms_less_one(std::vector<TensorInfo> tensors);

}  // namespace nety::checkpoint
