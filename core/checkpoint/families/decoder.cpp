// Names: transformers' modeling files, and llama.cpp's tensor_mapping.py in the gguf package.
#include "core/checkpoint/families/decoder.h"

#include <algorithm>
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
    rows_.push_back({slot, name, gguf_name, std::move(shape), presence, 0, 0, layers_});
  }
  void add(TensorRow row) { rows_.push_back(std::move(row)); }
  /// Rows [first, first + shape[0]) of one that has `whole`.
  void add_part(Slot slot, std::string_view name, std::string_view gguf_name,
                std::vector<int64_t> shape, int64_t first, int64_t whole) {
    rows_.push_back(
        {slot, name, gguf_name, std::move(shape), Presence::kNeeded, first, whole, layers_});
  }
  void add_norm(Slot slot, std::string_view name, std::string_view gguf_name, int64_t width) {
    add(slot, keep(name, ".weight"), keep(gguf_name, ".weight"), {width});
  }
  void add_bias_of_norm(Slot slot, std::string_view name, std::string_view gguf_name) {
    if (config_.norm_biases)
      add(slot, keep(name, ".bias"), keep(gguf_name, ".bias"), {config_.dim});
  }
  std::string_view keep(std::string_view name, std::string_view end) {
    return texts_.emplace_back(std::string(name).append(end));
  }
  Presence if_has(bool bias) const {
    if (!bias) return Presence::kAbsent;
    return config_.optional_biases ? Presence::kOptional : Presence::kNeeded;
  }
  std::vector<TensorInfo> expanded() const { return expand(rows_, config_); }
  /// What is added from here on is in these layers only.
  void of(Layers layers) { layers_ = layers; }

 private:
  const ModelConfig& config_;
  std::deque<std::string> texts_;
  std::vector<TensorRow> rows_;
  Layers layers_ = Layers::kAll;
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
  if (config.specs.front().sinks)
    rows.add(Slot::sinks, "self_attn.sinks", "attn_sinks.weight", {config.heads});
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

/// One of an expert's matrices [outputs, inputs], or its bias, in a stack of `side` (1 or 2) that
/// lie there together, as the `which`-th of them.
struct Piece {
  int64_t experts, outputs, inputs, side, which;
};

StackRow stack_of(std::string_view name, const Piece& p) {
  return {.name = name,
          .shape = {p.experts, p.side * p.outputs, p.inputs},
          .expert = p.side * p.outputs * p.inputs,
          .first = p.which * p.outputs * p.inputs,
          .row = p.inputs};
}

/// [E, inputs, side * outputs], the outputs of `side` matrices by turns.
StackRow turned_stack_of(std::string_view name, const Piece& p) {
  return {.name = name,
          .shape = {p.experts, p.inputs, p.side * p.outputs},
          .expert = p.side * p.outputs * p.inputs,
          .first = p.which,
          .row = p.side,
          .column = p.side * p.outputs};
}

StackRow bias_stack_of(std::string_view name, const Piece& p) {
  return {.name = name,
          .shape = {p.experts, p.side * p.outputs},
          .expert = p.side * p.outputs,
          .first = p.which,
          .row = p.side * p.outputs,
          .column = p.side};
}

StackRow of_gguf(StackRow row) {
  row.gguf = true;
  return row;
}

/// An expert's gate, up or down.
struct ExpertTensor {
  Slot weight, bias;
  std::string_view name, gguf_name, stack;
  Piece piece;
};

void add_expert_tensor(const ExpertTensor& tensor, const ExpertNames& names, bool biased,
                       Rows& rows) {
  const bool turned = names.form == ExpertNames::Form::kTurned;
  const Piece& piece = tensor.piece;
  const Piece alone = {piece.experts, piece.outputs, piece.inputs, 1, 0};
  TensorRow row = {.slot = tensor.weight,
                   .name = rows.keep(tensor.name, ".weight"),
                   .gguf_name = rows.keep(tensor.gguf_name, ".{}.weight"),
                   .shape = {piece.outputs, piece.inputs},
                   .layers = Layers::kMixtures,
                   .of_experts = true,
                   .stacked = names.form != ExpertNames::Form::kApart};
  row.stacks = {turned ? turned_stack_of(tensor.stack, piece) : stack_of(tensor.stack, piece),
                of_gguf(stack_of(rows.keep(tensor.gguf_name, "_exps.weight"), alone))};
  if (biased) {
    TensorRow bias = row;
    bias.slot = tensor.bias;
    bias.name = rows.keep(tensor.name, ".bias");
    bias.gguf_name = rows.keep(tensor.gguf_name, ".{}.bias");
    bias.shape = {piece.outputs};
    bias.stacks = {bias_stack_of(rows.keep(tensor.stack, "_bias"), piece),
                   of_gguf(bias_stack_of(rows.keep(tensor.gguf_name, "_exps.bias"), alone))};
    rows.add(std::move(row));
    return rows.add(std::move(bias));
  }
  rows.add(std::move(row));
}

void add_experts(const ModelConfig& config, const ExpertNames& names, Rows& rows) {
  const auto spec = std::ranges::find_if(config.specs, &LayerSpec::is_mixture);
  if (spec == config.specs.end()) return;
  const Mixture& mixture = spec->mixture;
  const int64_t experts = mixture.experts, dim = config.dim, ffn = mixture.ffn_dim;
  TensorRow router = {.slot = Slot::router,
                      .name = rows.keep(names.router, ".weight"),
                      .gguf_name = "ffn_gate_inp.weight",
                      .shape = {experts, dim},
                      .layers = Layers::kMixtures};
  // As transformers 5 has it in memory, whatever older classes called it.
  if (names.router != ExpertNames().router && names.form == ExpertNames::Form::kApart)
    router.stacks = {{.name = "mlp.gate.weight", .shape = {experts, dim}, .row = dim}};
  rows.add(std::move(router));
  rows.of(Layers::kMixtures);
  rows.add(Slot::router_bias, rows.keep(names.router, ".bias"), "ffn_gate_inp.bias", {experts},
           mixture.biased ? Presence::kNeeded : Presence::kAbsent);
  rows.of(Layers::kAll);
  const ExpertTensor tensors[] = {
      {Slot::w_gate,
       Slot::b_gate,
       names.gate,
       "ffn_gate",
       names.gate_up_stack,
       {experts, ffn, dim, 2, 0}},
      {Slot::w_up, Slot::b_up, names.up, "ffn_up", names.gate_up_stack, {experts, ffn, dim, 2, 1}},
      {Slot::w_down,
       Slot::b_down,
       names.down,
       "ffn_down",
       names.down_stack,
       {experts, dim, ffn, 1, 0}}};
  for (const ExpertTensor& tensor : tensors) add_expert_tensor(tensor, names, mixture.biased, rows);
}

}  // namespace

std::vector<TensorInfo> decoder_tensors(const ModelConfig& config, const NormNames& names,
                                        const Fused& fused, const ExpertNames& experts) {
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
    rows.add_norm(Slot::mlp_norm, names.before_mlp, names.gguf_before_mlp, dim);
    rows.add_bias_of_norm(Slot::mlp_norm_bias, names.before_mlp, names.gguf_before_mlp);
  }
  rows.of(Layers::kDense);
  add_mlp(config, fused, rows);
  rows.of(Layers::kAll);
  add_experts(config, experts, rows);
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
