#include "tests/checkpoint/made_files.h"

#include <fmt/format.h>
#include <stdlib.h>

#include <random>

#include "core/base/files.h"

namespace nety::checkpoint {
namespace {

std::string string_bytes(std::string_view text) {
  return bytes_of(uint64_t{text.size()}) + std::string(text);
}

std::string list_text(const std::vector<int64_t>& values) {
  return fmt::format("[{}]", fmt::join(values, ","));
}

std::string random_floats(size_t count, std::mt19937& random) {
  std::normal_distribution<float> normal(0, 0.5F);
  std::vector<float> values(count);
  for (float& value : values) value = normal(random);
  return bytes_of_all(values);
}

}  // namespace

TempFolder::TempFolder() {
  std::string name = (std::filesystem::temp_directory_path() / "nety-test-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp");
  path_ = name;
}

TempFolder::~TempFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::filesystem::path TempFolder::put(const std::string& name, std::string_view bytes) const {
  std::filesystem::create_directories((path_ / name).parent_path());
  write_file(path_ / name, bytes);
  return path_ / name;
}

std::string safetensors_of(std::string_view header, std::string_view data) {
  return bytes_of(uint64_t{header.size()}) + std::string(header) + std::string(data);
}

std::string safetensors_of(const std::vector<MadeTensor>& tensors, bool pad) {
  std::string header = R"({"__metadata__":{"format":"pt"})";
  std::string data;
  for (const MadeTensor& tensor : tensors) {
    header += fmt::format(R"(,"{}":{{"dtype":"{}","shape":{},"data_offsets":[{},{}]}})",
                          tensor.name, tensor.dtype, list_text(tensor.shape), data.size(),
                          data.size() + tensor.data.size());
    data += tensor.data;
  }
  header += "}";
  while (header.size() % 8 != (pad ? 0 : 1)) header += ' ';
  return safetensors_of(header, data);
}

void MadeGguf::add(std::string_view key, uint32_t type, std::string_view value) {
  metadata_ += string_bytes(key) + bytes_of(type) + std::string(value);
  ++keys_;
}

void MadeGguf::add_string(std::string_view key, std::string_view value) {
  add(key, 8, string_bytes(value));
}

void MadeGguf::add_strings(std::string_view key, const std::vector<std::string>& values) {
  std::string bytes = bytes_of(uint32_t{8}) + bytes_of(uint64_t{values.size()});
  for (const std::string& value : values) bytes += string_bytes(value);
  add(key, 9, bytes);
}

void MadeGguf::add_tensor(std::string_view name, uint32_t type, const std::vector<int64_t>& shape,
                          std::string_view data) {
  add_tensor_line(name, type, shape, data_.size());
  data_ += data;
  data_.resize((data_.size() + alignment - 1) / alignment * alignment);
}

void MadeGguf::add_tensor_line(std::string_view name, uint32_t type,
                               const std::vector<int64_t>& shape, uint64_t offset) {
  table_ += string_bytes(name) + bytes_of(static_cast<uint32_t>(shape.size()));
  for (size_t d = shape.size(); d > 0; --d) table_ += bytes_of(shape[d - 1]);
  table_ += bytes_of(type) + bytes_of(offset);
  ++tensors_;
}

std::string MadeGguf::bytes() const {
  std::string file =
      "GGUF" + bytes_of(version) + bytes_of(tensors_) + bytes_of(keys_) + metadata_ + table_;
  if (tensors_ > 0) file.resize((file.size() + alignment - 1) / alignment * alignment);
  return file + data_;
}

std::vector<MadeTensor> TinyModel::tensors() const {
  std::mt19937 random(7);
  std::vector<MadeTensor> made;
  const auto add = [&](const std::string& name, const std::vector<int64_t>& shape) {
    size_t count = 1;
    for (const int64_t extent : shape) count *= static_cast<size_t>(extent);
    made.push_back({name, "F32", shape, random_floats(count, random)});
  };
  const auto linear = [&](const std::string& name, int64_t rows, int64_t cols) {
    add(name + ".weight", {rows, cols});
    if (bias) add(name + ".bias", {rows});
  };
  add("model.embed_tokens.weight", {vocab, dim});
  for (int64_t i = 0; i < layers; ++i) {
    const std::string layer = fmt::format("model.layers.{}.", i);
    add(layer + "input_layernorm.weight", {dim});
    linear(layer + "self_attn.q_proj", heads * head_dim, dim);
    linear(layer + "self_attn.k_proj", kv_heads * head_dim, dim);
    linear(layer + "self_attn.v_proj", kv_heads * head_dim, dim);
    linear(layer + "self_attn.o_proj", dim, heads * head_dim);
    add(layer + "post_attention_layernorm.weight", {dim});
    linear(layer + "mlp.gate_proj", ffn, dim);
    linear(layer + "mlp.up_proj", ffn, dim);
    linear(layer + "mlp.down_proj", dim, ffn);
  }
  add("model.norm.weight", {dim});
  if (!tied) add("lm_head.weight", {vocab, dim});
  return made;
}

std::string TinyModel::config(std::string_view extra) const {
  return fmt::format(
      R"({{{}{}"architectures": ["LlamaForCausalLM"], "model_type": "llama", "attention_bias": {},
  "mlp_bias": {}, "bos_token_id": 1, "eos_token_id": 2, "head_dim": {}, "hidden_act": "silu",
  "hidden_size": {}, "intermediate_size": {}, "max_position_embeddings": 64,
  "num_attention_heads": {}, "num_hidden_layers": {}, "num_key_value_heads": {},
  "rms_norm_eps": 1e-05, "rope_parameters": {{"rope_theta": 10000.0, "rope_type": "default"}},
  "tie_word_embeddings": {}, "vocab_size": {}}})",
      extra, extra.empty() ? "" : ", ", bias, bias, head_dim, dim, ffn, heads, layers, kv_heads,
      tied, vocab);
}

MadeGguf TinyModel::gguf_of(const std::vector<MadeTensor>& made) const {
  MadeGguf file;
  file.add_string("general.architecture", "llama");
  file.add_string("general.name", "tiny");
  file.add_u32("llama.block_count", static_cast<uint32_t>(layers));
  file.add_u32("llama.context_length", 64);
  file.add_u32("llama.embedding_length", static_cast<uint32_t>(dim));
  file.add_u32("llama.feed_forward_length", static_cast<uint32_t>(ffn));
  file.add_u32("llama.attention.head_count", static_cast<uint32_t>(heads));
  file.add_u32("llama.attention.head_count_kv", static_cast<uint32_t>(kv_heads));
  file.add_f32("llama.attention.layer_norm_rms_epsilon", 1e-5F);
  if (head_dim * heads == dim)
    file.add_u32("llama.rope.dimension_count", static_cast<uint32_t>(head_dim));
  file.add_u32("llama.vocab_size", static_cast<uint32_t>(vocab));
  for (const MadeTensor& tensor : made)
    file.add_tensor(gguf_name_of(tensor.name), 0, tensor.shape, tensor.data);
  return file;
}

std::string gguf_name_of(std::string name) {
  constexpr std::pair<std::string_view, std::string_view> kParts[] = {
      {"model.layers.", "blk."},
      {"input_layernorm", "attn_norm"},
      {"self_attn.q_proj", "attn_q"},
      {"self_attn.k_proj", "attn_k"},
      {"self_attn.v_proj", "attn_v"},
      {"self_attn.o_proj", "attn_output"},
      {"post_attention_layernorm", "ffn_norm"},
      {"mlp.gate_proj", "ffn_gate"},
      {"mlp.up_proj", "ffn_up"},
      {"mlp.down_proj", "ffn_down"},
      {"model.embed_tokens", "token_embd"},
      {"model.norm", "output_norm"},
      {"lm_head", "output"},
  };
  for (const auto& [part, gguf] : kParts)
    if (const size_t at = name.find(part); at != std::string::npos)
      name.replace(at, part.size(), gguf);
  return name;
}

void TinyModel::write(const TempFolder& folder) const {
  folder.put("config.json", config());
  folder.put("model.safetensors", safetensors_of(tensors()));
}

void expect_error(const std::function<void()>& action, ErrorKind kind,
                  const std::vector<std::string>& parts) {
  try {
    action();
    ADD_FAILURE() << "no error; expected one that mentions " << testing::PrintToString(parts);
  } catch (const Error& error) {
    EXPECT_EQ(name_of(error.kind()), name_of(kind)) << error.what();
    const std::string text = error.what();
    for (const std::string& part : parts)
      EXPECT_NE(text.find(part), std::string::npos) << "\"" << part << "\" is not in: " << text;
    EXPECT_FALSE(error.hint().empty()) << text;
    EXPECT_LT(text.size(), 600U) << text;
  }
}

}  // namespace nety::checkpoint
