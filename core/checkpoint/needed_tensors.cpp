// What a model of the Llama family consists of, and whether a file has it.
#include <fmt/core.h>

#include <algorithm>
#include <set>
#include <unordered_map>

#include "core/checkpoint/builder.h"
#include "core/checkpoint/refuse.h"

namespace nety::checkpoint {
namespace {

struct Need {
  std::string name;
  std::vector<int64_t> shape;
  bool optional = false;
};

/// Tensors in the order of the forward pass. `bias_optional`: GGUF has no flags, only tensors.
std::vector<Need> needs_of(const ModelConfig& config, bool bias_optional) {
  const int64_t dim = config.dim;
  const int64_t q_dim = config.heads * config.head_dim;
  const int64_t kv_dim = config.kv_heads * config.head_dim;
  std::vector<Need> needs;
  const auto linear = [&](const std::string& name, int64_t rows, int64_t cols, bool bias) {
    needs.push_back({name + ".weight", {rows, cols}});
    if (bias) needs.push_back({name + ".bias", {rows}, bias_optional});
  };
  needs.push_back({"model.embed_tokens.weight", {config.vocab, dim}});
  for (int64_t i = 0; i < config.layers; ++i) {
    const std::string layer = fmt::format("model.layers.{}.", i);
    needs.push_back({layer + "input_layernorm.weight", {dim}});
    linear(layer + "self_attn.q_proj", q_dim, dim, config.attention_bias);
    linear(layer + "self_attn.k_proj", kv_dim, dim, config.attention_bias);
    linear(layer + "self_attn.v_proj", kv_dim, dim, config.attention_bias);
    linear(layer + "self_attn.o_proj", dim, q_dim, config.attention_bias);
    needs.push_back({layer + "post_attention_layernorm.weight", {dim}});
    linear(layer + "mlp.gate_proj", config.ffn_dim, dim, config.mlp_bias);
    linear(layer + "mlp.up_proj", config.ffn_dim, dim, config.mlp_bias);
    linear(layer + "mlp.down_proj", dim, config.ffn_dim, config.mlp_bias);
  }
  needs.push_back({"model.norm.weight", {dim}});
  if (!config.tied_embeddings) needs.push_back({"lm_head.weight", {config.vocab, dim}});
  return needs;
}

std::string shown_name(const Builder& builder, const std::string& name) {
  const std::string stored = builder.format == Format::kGguf ? gguf_name_of(name) : name;
  return shown(stored.empty() ? name : stored);
}

std::string supported_types() {
  std::string names = "F32, F16, BF16";
  for (const precision::Mode& mode : precision::modes()) {
    if (mode.kind != precision::ModeKind::kStored) continue;
    names += ", ";
    for (const char c : mode.name) names += static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
  }
  return names;
}

void check_tensor(const Builder& builder, const Tensor& tensor, const Need& need) {
  const std::filesystem::path& file = builder.files[tensor.file].path();
  if (tensor.shape != need.shape)
    refuse(file,
           fmt::format("tensor {} has the shape {}; the configuration asks for {}",
                       shown(tensor.stored_name), shape_text(tensor.shape), shape_text(need.shape)),
           "The weights and the configuration do not belong together: download both again.");
  const bool is_vector = need.shape.size() == 1;
  const bool usable = tensor.mode && (!is_vector || precision::mode(*tensor.mode).kind ==
                                                        precision::ModeKind::kFloat);
  if (!usable)
    refuse(file,
           fmt::format("tensor {} has the unsupported type {}", shown(tensor.stored_name),
                       tensor.dtype),
           is_vector ? "Vectors must be F32, F16 or BF16: convert the model again."
                     : "Use a file of another type; supported are " + supported_types() + ".");
}

[[noreturn]] void refuse_missing(const Builder& builder, const std::vector<std::string>& missing,
                                 size_t needed) {
  const bool only_head = missing.size() == 1 && missing[0] == "lm_head.weight";
  refuse(builder.path,
         missing.size() == 1 ? fmt::format("tensor {} is missing", shown_name(builder, missing[0]))
                             : fmt::format("{} of {} tensors are missing, the first is {}",
                                           missing.size(), needed, shown_name(builder, missing[0])),
         only_head ? "If the model shares its embedding, config.json needs "
                     "\"tie_word_embeddings\": true; otherwise download the model again."
                   : "The model is incomplete, or config.json is another model's: download it "
                     "again.");
}

void drop_unused(Builder& builder, const std::set<std::string, std::less<>>& used) {
  const auto is_unused = [&](const Tensor& tensor) { return used.count(tensor.name) == 0; };
  const auto first = std::find_if(builder.tensors.begin(), builder.tensors.end(), is_unused);
  if (first == builder.tensors.end()) return;
  const std::string name = shown(first->stored_name);
  const size_t before = builder.tensors.size();
  std::erase_if(builder.tensors, is_unused);
  const size_t dropped = before - builder.tensors.size();
  builder.notices.push_back(
      {"tensors_unused",
       dropped == 1
           ? fmt::format("Tensor {} is not part of this architecture; it is not used.", name)
           : fmt::format("{} tensors are not part of this architecture and are not used; "
                         "the first is {}.",
                         dropped, name)});
}

}  // namespace

void check_tensors(Builder& builder) {
  std::unordered_map<std::string_view, const Tensor*> by_name;
  for (const Tensor& tensor : builder.tensors)
    if (!by_name.emplace(tensor.name, &tensor).second)
      refuse(builder.path, fmt::format("tensor {} occurs twice", shown(tensor.name)));
  const std::vector<Need> needs = needs_of(builder.config, builder.format == Format::kGguf);
  std::vector<std::string> missing;
  std::set<std::string, std::less<>> used;
  for (const Need& need : needs) {
    const auto found = by_name.find(need.name);
    if (found == by_name.end()) {
      if (!need.optional) missing.push_back(need.name);
      continue;
    }
    check_tensor(builder, *found->second, need);
    used.insert(need.name);
  }
  if (!missing.empty()) refuse_missing(builder, missing, needs.size());
  drop_unused(builder, used);
}

}  // namespace nety::checkpoint
