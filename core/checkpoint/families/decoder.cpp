// Names: transformers' modeling files, and llama.cpp's tensor_mapping.py in the gguf package.
#include "core/checkpoint/families/decoder.h"

#include <deque>
#include <string>

namespace nety::checkpoint {
namespace {

/// Rows of a list, with the texts of their names, which rows only view.
class Rows {
 public:
  explicit Rows(const ModelConfig& config) : config_(config) {}

  void add(Slot slot, std::string_view name, std::string_view gguf_name, std::vector<int64_t> shape,
           Presence presence = Presence::kNeeded) {
    rows_.push_back({slot, name, gguf_name, std::move(shape), presence});
  }
  /// Rows [first, first + shape[0]) of one that has `whole`.
  void add_part(Slot slot, std::string_view name, std::string_view gguf_name,
                std::vector<int64_t> shape, int64_t first, int64_t whole) {
    rows_.push_back({slot, name, gguf_name, std::move(shape), Presence::kNeeded, first, whole});
  }
  void add_norm(Slot slot, std::string_view name, std::string_view gguf_name, int64_t width) {
    add(slot, keep(name, ".weight"), keep(gguf_name, ".weight"), {width});
  }
  void add_bias_of_norm(Slot slot, std::string_view name, std::string_view gguf_name) {
    if (config_.norm_biases)
      add(slot, keep(name, ".bias"), keep(gguf_name, ".bias"), {config_.dim});
  }
  Presence if_has(bool bias) const {
    if (!bias) return Presence::kAbsent;
    return config_.optional_biases ? Presence::kOptional : Presence::kNeeded;
  }
  std::vector<TensorInfo> expanded() const { return expand(rows_, config_.layers); }

 private:
  std::string_view keep(std::string_view name, std::string_view end) {
    return texts_.emplace_back(std::string(name).append(end));
  }

  const ModelConfig& config_;
  std::deque<std::string> texts_;
  std::vector<TensorRow> rows_;
};

void add_attention(const ModelConfig& config, const Fused& fused, Rows& rows) {
  const int64_t dim = config.dim;
  const int64_t q = config.heads * config.head_dim, kv = config.kv_heads * config.head_dim;
  const Presence b_qkv = rows.if_has(config.qkv_bias), b_o = rows.if_has(config.o_bias);
  if (fused.qkv) {
    const auto part = [&](Slot slot, int64_t count, int64_t first) {
      rows.add_part(slot, "self_attn.qkv_proj.weight", "attn_qkv.weight", {count, dim}, first,
                    q + 2 * kv);
    };
    part(Slot::wq, q, 0), part(Slot::wk, kv, q), part(Slot::wv, kv, q + kv);
  } else {
    rows.add(Slot::wq, "self_attn.q_proj.weight", "attn_q.weight", {q, dim});
    rows.add(Slot::bq, "self_attn.q_proj.bias", "attn_q.bias", {q}, b_qkv);
    rows.add(Slot::wk, "self_attn.k_proj.weight", "attn_k.weight", {kv, dim});
    rows.add(Slot::bk, "self_attn.k_proj.bias", "attn_k.bias", {kv}, b_qkv);
    rows.add(Slot::wv, "self_attn.v_proj.weight", "attn_v.weight", {kv, dim});
    rows.add(Slot::bv, "self_attn.v_proj.bias", "attn_v.bias", {kv}, b_qkv);
  }
  if (const HeadNorm norm = config.specs.front().head_norm; norm != HeadNorm::kNone) {
    const bool whole = norm == HeadNorm::kRow;
    rows.add_norm(Slot::q_norm, "self_attn.q_norm", "attn_q_norm", whole ? q : config.head_dim);
    rows.add_norm(Slot::k_norm, "self_attn.k_norm", "attn_k_norm", whole ? kv : config.head_dim);
  }
  rows.add(Slot::wo, "self_attn.o_proj.weight", "attn_output.weight", {dim, q});
  rows.add(Slot::bo, "self_attn.o_proj.bias", "attn_output.bias", {dim}, b_o);
}

void add_mlp(const ModelConfig& config, const Fused& fused, Rows& rows) {
  const int64_t dim = config.dim, ffn = config.ffn_dim;
  const Presence bias = rows.if_has(config.mlp_bias);
  if (!config.specs.front().gated) {
    rows.add(Slot::w_up, "mlp.c_fc.weight", "ffn_up.weight", {ffn, dim});
    rows.add(Slot::b_up, "mlp.c_fc.bias", "ffn_up.bias", {ffn}, bias);
    rows.add(Slot::w_down, "mlp.c_proj.weight", "ffn_down.weight", {dim, ffn});
    rows.add(Slot::b_down, "mlp.c_proj.bias", "ffn_down.bias", {dim}, bias);
    return;
  }
  if (fused.gate_up) {
    rows.add_part(Slot::w_gate, "mlp.gate_up_proj.weight", "ffn_up.weight", {ffn, dim}, 0, 2 * ffn);
    rows.add_part(Slot::w_up, "mlp.gate_up_proj.weight", "ffn_up.weight", {ffn, dim}, ffn, 2 * ffn);
  } else {
    rows.add(Slot::w_gate, "mlp.gate_proj.weight", "ffn_gate.weight", {ffn, dim});
    rows.add(Slot::b_gate, "mlp.gate_proj.bias", "ffn_gate.bias", {ffn}, bias);
    rows.add(Slot::w_up, "mlp.up_proj.weight", "ffn_up.weight", {ffn, dim});
    rows.add(Slot::b_up, "mlp.up_proj.bias", "ffn_up.bias", {ffn}, bias);
  }
  rows.add(Slot::w_down, "mlp.down_proj.weight", "ffn_down.weight", {dim, ffn});
  rows.add(Slot::b_down, "mlp.down_proj.bias", "ffn_down.bias", {dim}, bias);
}

}  // namespace

std::vector<TensorInfo> decoder_tensors(const ModelConfig& config, const NormNames& names,
                                        const Fused& fused) {
  const LayerSpec& spec = config.specs.front();  // norms are the same in all layers
  const int64_t dim = config.dim;
  Rows rows(config);
  rows.add(Slot::embedding, "model.embed_tokens.weight", "token_embd.weight", {config.vocab, dim});
  if (spec.norm_before) {
    rows.add_norm(Slot::attention_norm, names.before_attention, "attn_norm", dim);
    rows.add_bias_of_norm(Slot::attention_norm_bias, names.before_attention, "attn_norm");
  }
  add_attention(config, fused, rows);
  if (spec.norm_after)
    rows.add_norm(Slot::attention_post_norm, names.after_attention, "post_attention_norm", dim);
  if (spec.norm_before && !spec.parallel) {
    rows.add_norm(Slot::mlp_norm, names.before_mlp, "ffn_norm", dim);
    rows.add_bias_of_norm(Slot::mlp_norm_bias, names.before_mlp, "ffn_norm");
  }
  add_mlp(config, fused, rows);
  if (spec.norm_after) rows.add_norm(Slot::mlp_post_norm, names.after_mlp, "post_ffw_norm", dim);
  rows.add(Slot::norm, "model.norm.weight", "output_norm.weight", {dim});
  rows.add_bias_of_norm(Slot::norm_bias, "model.norm", "output_norm");
  rows.add(Slot::output, "lm_head.weight", "output.weight", {config.vocab, dim},
           config.tied_embeddings ? Presence::kAbsent : Presence::kNeeded);
  return rows.expanded();
}

std::vector<TensorInfo> with_norms_less_one(std::vector<TensorInfo> tensors) {
  for (TensorInfo& info : tensors) info.less_one = info.role() == Role::kNorm;
  return tensors;
}

}  // namespace nety::checkpoint
