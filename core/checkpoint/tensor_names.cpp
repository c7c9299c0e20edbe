// The Llama family's tensors under their two names: transformers' and llama.cpp's (gguf package,
// tensor_mapping.py).
#include <string>
#include <string_view>

#include "core/checkpoint/builder.h"

namespace nety::checkpoint {
namespace {

struct NamePair {
  std::string_view gguf, huggingface;
};

constexpr NamePair kGlobalNames[] = {
    {"token_embd.weight", "model.embed_tokens.weight"},
    {"output_norm.weight", "model.norm.weight"},
    {"output.weight", "lm_head.weight"},
};

// Within one block, without ".weight" or ".bias".
constexpr NamePair kBlockNames[] = {
    {"attn_norm", "input_layernorm"},    {"attn_q", "self_attn.q_proj"},
    {"attn_k", "self_attn.k_proj"},      {"attn_v", "self_attn.v_proj"},
    {"attn_output", "self_attn.o_proj"}, {"ffn_norm", "post_attention_layernorm"},
    {"ffn_gate", "mlp.gate_proj"},       {"ffn_up", "mlp.up_proj"},
    {"ffn_down", "mlp.down_proj"},
};

constexpr std::string_view kGgufBlock = "blk.";
constexpr std::string_view kHuggingFaceBlock = "model.layers.";

/// "blk.12.attn_q.weight" with prefix "blk." is block "12", part "attn_q", suffix ".weight".
struct BlockName {
  std::string_view block, part, suffix;
};

bool split_block_name(std::string_view name, std::string_view prefix, BlockName& split) {
  if (!name.starts_with(prefix)) return false;
  name.remove_prefix(prefix.size());
  const size_t dot = name.find('.');
  const size_t last = name.rfind('.');
  if (dot == std::string_view::npos || last <= dot) return false;
  split = {name.substr(0, dot), name.substr(dot + 1, last - dot - 1), name.substr(last)};
  if (split.suffix != ".weight" && split.suffix != ".bias") return false;
  if (split.block.empty() || (split.block.size() > 1 && split.block.front() == '0')) return false;
  return split.block.find_first_not_of("0123456789") == std::string_view::npos;
}

std::string join(std::string_view prefix, const BlockName& split, std::string_view part) {
  std::string name(prefix);
  name.append(split.block).append(".").append(part).append(split.suffix);
  return name;
}

}  // namespace

std::string gguf_name_of(std::string_view name) {
  for (const NamePair& pair : kGlobalNames)
    if (pair.huggingface == name) return std::string(pair.gguf);
  BlockName split;
  if (!split_block_name(name, kHuggingFaceBlock, split)) return {};
  for (const NamePair& pair : kBlockNames)
    if (pair.huggingface == split.part) return join(kGgufBlock, split, pair.gguf);
  return {};
}

std::string huggingface_name_of(std::string_view gguf_name) {
  for (const NamePair& pair : kGlobalNames)
    if (pair.gguf == gguf_name) return std::string(pair.huggingface);
  BlockName split;
  if (!split_block_name(gguf_name, kGgufBlock, split)) return {};
  for (const NamePair& pair : kBlockNames)
    if (pair.gguf == split.part) return join(kHuggingFaceBlock, split, pair.huggingface);
  return {};
}

}  // namespace nety::checkpoint
