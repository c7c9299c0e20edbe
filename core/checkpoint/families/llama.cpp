// Llama (Touvron et al. 2023; 2407.21783) and what is built like it: SmolLM2, TinyLlama, Vicuna.
// GGUF files call Mistral "llama" too. Names: transformers' modeling_llama.py, and llama.cpp's
// tensor_mapping.py in the gguf package.
#include "core/checkpoint/families/llama.h"

#include "core/checkpoint/family.h"
#include "core/checkpoint/gguf_keys.h"
#include "core/checkpoint/gguf_shape.h"
#include "core/checkpoint/huggingface_shape.h"
#include "core/checkpoint/json_file.h"
#include "core/checkpoint/refuse.h"

namespace nety::checkpoint {

std::vector<TensorInfo> llama_tensors(const ModelConfig& config) {
  const int64_t dim = config.dim, ffn = config.ffn_dim, vocab = config.vocab;
  const int64_t q = config.heads * config.head_dim, kv = config.kv_heads * config.head_dim;
  const auto if_has = [&](bool bias) {
    if (!bias) return Presence::kAbsent;
    return config.optional_biases ? Presence::kOptional : Presence::kNeeded;
  };
  const Presence b_qkv = if_has(config.qkv_bias), b_o = if_has(config.o_bias);
  const Presence b_mlp = if_has(config.mlp_bias);
  const Presence head = config.tied_embeddings ? Presence::kAbsent : Presence::kNeeded;
  const TensorRow rows[] = {
      {Slot::embedding, "model.embed_tokens.weight", "token_embd.weight", {vocab, dim}},
      {Slot::attention_norm, "input_layernorm.weight", "attn_norm.weight", {dim}},
      {Slot::wq, "self_attn.q_proj.weight", "attn_q.weight", {q, dim}},
      {Slot::bq, "self_attn.q_proj.bias", "attn_q.bias", {q}, b_qkv},
      {Slot::wk, "self_attn.k_proj.weight", "attn_k.weight", {kv, dim}},
      {Slot::bk, "self_attn.k_proj.bias", "attn_k.bias", {kv}, b_qkv},
      {Slot::wv, "self_attn.v_proj.weight", "attn_v.weight", {kv, dim}},
      {Slot::bv, "self_attn.v_proj.bias", "attn_v.bias", {kv}, b_qkv},
      {Slot::wo, "self_attn.o_proj.weight", "attn_output.weight", {dim, q}},
      {Slot::bo, "self_attn.o_proj.bias", "attn_output.bias", {dim}, b_o},
      {Slot::mlp_norm, "post_attention_layernorm.weight", "ffn_norm.weight", {dim}},
      {Slot::w_gate, "mlp.gate_proj.weight", "ffn_gate.weight", {ffn, dim}},
      {Slot::b_gate, "mlp.gate_proj.bias", "ffn_gate.bias", {ffn}, b_mlp},
      {Slot::w_up, "mlp.up_proj.weight", "ffn_up.weight", {ffn, dim}},
      {Slot::b_up, "mlp.up_proj.bias", "ffn_up.bias", {ffn}, b_mlp},
      {Slot::w_down, "mlp.down_proj.weight", "ffn_down.weight", {dim, ffn}},
      {Slot::b_down, "mlp.down_proj.bias", "ffn_down.bias", {dim}, b_mlp},
      {Slot::norm, "model.norm.weight", "output_norm.weight", {dim}},
      {Slot::output, "lm_head.weight", "output.weight", {vocab, dim}, head},
  };
  return expand(rows, config.layers);
}

namespace {

ModelConfig read_json(const JsonObject& root) {
  ModelConfig config = read_shape(root, {.context = 2048});
  config.qkv_bias = config.o_bias = root.boolean("attention_bias").value_or(false);
  config.mlp_bias = root.boolean("mlp_bias").value_or(false);
  return config;
}

ModelConfig read_gguf(const GgufKeys& keys) {
  const std::string experts = keys.own("expert_count");
  if (keys.integer(experts, 0, 1 << 16).value_or(0) > 0)
    refuse(keys.file(), "is a mixture of experts (" + experts + "), which is not supported",
           "Use a dense model of the Llama family.");
  ModelConfig config = read_shape(keys);
  // llama.cpp's converter reorders the rows of q and k for it.
  config.rope.interleaved = true;
  config.qkv_bias = config.o_bias = config.mlp_bias = config.optional_biases = true;
  return config;
}

/// A sliding window is Mistral's; everything else of the two families is the same.
HuggingFaceForm huggingface_form(const ModelConfig& config) {
  if (config.sliding_window > 0)
    return {"mistral", "MistralForCausalLM", {{"sliding_window", config.sliding_window}}};
  return {"llama",
          "LlamaForCausalLM",
          {{"attention_bias", config.qkv_bias || config.o_bias}, {"mlp_bias", config.mlp_bias}}};
}

}  // namespace

extern const Family k_llama;
const Family k_llama = {
    .name = "llama",
    .model_class = "LlamaForCausalLM",
    .gguf_architecture = "llama",
    .gguf_models = "Llama 1-3, Mistral, SmolLM2, TinyLlama and others of that kind",
    .tensors = llama_tensors,
    .read_json = read_json,
    .read_gguf = read_gguf,
    .huggingface_form = huggingface_form,
};

}  // namespace nety::checkpoint
