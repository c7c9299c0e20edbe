// What a GGUF file means: metadata keys become the configuration, tensor names become
// transformers' names. Keys: ggml docs/gguf.md and the gguf package's constants.py.
#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "core/checkpoint/builder.h"
#include "core/checkpoint/config_check.h"
#include "core/checkpoint/gguf.h"
#include "core/checkpoint/gguf_keys.h"
#include "core/checkpoint/gguf_split.h"
#include "core/checkpoint/gguf_tokenizer_keys.h"
#include "core/checkpoint/refuse.h"

namespace nety::checkpoint {
namespace {

constexpr std::string_view kArchitecture = "llama";
constexpr std::string_view kRopeFactors = "rope_freqs.weight";
constexpr ConfigKeys kKeys = {"llama.embedding_length",
                              "llama.attention.head_count",
                              "llama.attention.head_count_kv",
                              "llama.attention.key_length",
                              "llama.attention.layer_norm_rms_epsilon",
                              "llama.rope.freq_base",
                              "llama.rope.scaling.factor"};

/// An id that may be absent; some writers put 2^32 - 1 for "none".
std::optional<int32_t> token_id(const GgufKeys& keys, std::string_view key) {
  const MetadataValue* value = keys.find(key);
  if (value == nullptr) return std::nullopt;
  if (const auto* id = std::get_if<uint64_t>(value))
    return *id < static_cast<uint64_t>(kMaxVocab) ? std::optional(static_cast<int32_t>(*id))
                                                  : std::nullopt;
  const auto* id = std::get_if<int64_t>(value);
  if (id == nullptr || *id < 0 || *id >= kMaxVocab) return std::nullopt;
  return static_cast<int32_t>(*id);
}

/// Ids of control tokens that end a turn in the formats of Llama 3 and ChatML: files made before
/// tokenizer.ggml.eot_token_id existed have them only by text.
void add_turn_ends(const GgufKeys& keys, std::vector<int32_t>& ids) {
  constexpr int64_t kControl = 3;  // gguf TokenType.CONTROL
  const MetadataValue* tokens = keys.find("tokenizer.ggml.tokens");
  const MetadataValue* types = keys.find("tokenizer.ggml.token_type");
  if (tokens == nullptr || types == nullptr) return;
  const auto* texts = std::get_if<std::vector<std::string_view>>(tokens);
  const auto* kinds = std::get_if<std::vector<int64_t>>(types);
  if (texts == nullptr || kinds == nullptr || texts->size() != kinds->size()) return;
  for (size_t i = 0; i < texts->size(); ++i)
    if ((*kinds)[i] == kControl && ((*texts)[i] == "<|eot_id|>" || (*texts)[i] == "<|im_end|>"))
      ids.push_back(static_cast<int32_t>(i));
}

GenerationDefaults read_generation(const GgufKeys& keys) {
  GenerationDefaults defaults;
  defaults.bos_id = token_id(keys, "tokenizer.ggml.bos_token_id").value_or(-1);
  std::vector<int32_t> ids;
  for (const char* key : {"tokenizer.ggml.eos_token_id", "tokenizer.ggml.eot_token_id",
                          "tokenizer.ggml.eom_token_id"})
    if (const std::optional<int32_t> id = token_id(keys, key)) ids.push_back(*id);
  add_turn_ends(keys, ids);
  for (const int32_t id : ids)
    if (std::find(defaults.eos_ids.begin(), defaults.eos_ids.end(), id) == defaults.eos_ids.end())
      defaults.eos_ids.push_back(id);
  defaults.temperature = keys.number("general.sampling.temp").value_or(-1);
  defaults.top_p = keys.number("general.sampling.top_p").value_or(-1);
  defaults.repeat_penalty = keys.number("general.sampling.penalty_repeat").value_or(-1);
  defaults.top_k =
      static_cast<int32_t>(keys.integer("general.sampling.top_k", 0, kMaxVocab).value_or(-1));
  return defaults;
}

void check_supported(const GgufKeys& keys) {
  const std::string architecture = keys.string("general.architecture").value_or("");
  if (architecture.empty()) refuse(keys.file(), "has no metadata key \"general.architecture\"");
  if (architecture != kArchitecture)
    refuse(keys.file(),
           fmt::format("has the architecture {}, which is not supported", shown(architecture)),
           "Supported is \"llama\": Llama 1-3, Mistral, SmolLM2, TinyLlama and others of that "
           "kind.");
  if (keys.integer("llama.expert_count", 0, 1 << 16).value_or(0) > 0)
    refuse(keys.file(), "is a mixture of experts (llama.expert_count), which is not supported",
           "Use a dense model of the Llama family.");
}

/// The factor on cos and sin, as llama.cpp computes it: the usual mscale times
/// rope.scaling.attn_factor.
void read_yarn(const GgufKeys& keys, int64_t context, Rope& rope) {
  const auto number = [&](const char* key, double fallback) {
    return keys.number(fmt::format("llama.rope.scaling.{}", key)).value_or(fallback);
  };
  rope.original_context =
      keys.integer("llama.rope.scaling.original_context_length", 1, kMaxContext).value_or(context);
  rope.beta_fast = number("yarn_beta_fast", rope.beta_fast);
  rope.beta_slow = number("yarn_beta_slow", rope.beta_slow);
  const auto mscale = [&](double weight) {
    return rope.factor <= 1 ? 1.0 : 0.1 * weight * std::log(rope.factor) + 1.0;
  };
  const double log_multiplier = number("yarn_log_multiplier", 0);
  const double extra = number("attn_factor", 1) * number("yarn_attn_factor", 1);
  double usual = mscale(1);
  if (log_multiplier != 0) {
    rope.mscale = 1;
    rope.mscale_all_dim = log_multiplier;
    usual = mscale(1) / mscale(log_multiplier);
  }
  if (extra != 1) rope.attention_factor = usual * extra;
}

Rope read_rope(const GgufKeys& keys, int64_t context) {
  Rope rope;
  rope.interleaved = true;
  rope.theta = keys.number("llama.rope.freq_base").value_or(rope.theta);
  std::optional<double> factor = keys.number("llama.rope.scaling.factor");
  if (!factor) factor = keys.number("llama.rope.scale_linear");  // before 2023-10
  // Zero is what some converters write for "none".
  rope.factor = factor && *factor != 0 ? *factor : 1.0;
  const std::string type =
      keys.string("llama.rope.scaling.type").value_or(rope.factor != 1 ? "linear" : "none");
  if (type == "none") {
    rope.factor = 1;
  } else if (type == "linear") {
    rope.scaling = rope.factor != 1 ? RopeScaling::kLinear : RopeScaling::kNone;
  } else if (type == "yarn") {
    rope.scaling = RopeScaling::kYarn;
    read_yarn(keys, context, rope);
  } else {
    refuse(keys.file(),
           fmt::format("\"llama.rope.scaling.type\" is {}, which is not supported", shown(type)),
           "Supported: none, linear, yarn.");
  }
  return rope;
}

/// Rows of the embedding decide between the two sizes a file may give; they differ where a
/// converter padded one of them.
int64_t read_vocab(const GgufKeys& keys, const Builder& builder) {
  const std::optional<int64_t> stated = keys.integer("llama.vocab_size", 1, kMaxVocab);
  std::optional<int64_t> tokens;
  if (const MetadataValue* value = keys.find("tokenizer.ggml.tokens"))
    if (const auto* texts = std::get_if<std::vector<std::string_view>>(value))
      tokens = static_cast<int64_t>(texts->size());
  const size_t embedding = builder.find("model.embed_tokens.weight");
  if (tokens && embedding < builder.tensors.size() &&
      builder.tensors[embedding].shape.size() == 2 &&
      builder.tensors[embedding].shape[0] == *tokens)
    return *tokens;
  if (stated) return *stated;
  if (tokens && *tokens > 0 && *tokens <= kMaxVocab) return *tokens;
  refuse(keys.file(), "has neither \"llama.vocab_size\" nor \"tokenizer.ggml.tokens\"",
         "The size of the vocabulary is unknown; convert the model again.");
}

void read_heads(const GgufKeys& keys, ModelConfig& config) {
  config.heads = keys.required_integer(kKeys.heads, 1, kMaxHeads);
  config.kv_heads = keys.integer(kKeys.kv_heads, 1, kMaxHeads).value_or(config.heads);
  const std::optional<int64_t> key_length = keys.integer(kKeys.head_dim, 1, kMaxHeadDim);
  if (!key_length && config.dim % config.heads != 0)
    refuse(keys.file(), fmt::format("\"{}\", {}, is not a multiple of \"{}\", {}", kKeys.dim,
                                    config.dim, kKeys.heads, config.heads));
  config.head_dim = key_length.value_or(config.dim / config.heads);
  for (const char* key : {"llama.attention.value_length", "llama.rope.dimension_count"}) {
    const int64_t value = keys.integer(key, 1, kMaxHeadDim).value_or(config.head_dim);
    if (value != config.head_dim)
      refuse(keys.file(),
             fmt::format("\"{}\" is {}, heads have {} dimensions; different sizes are "
                         "not supported",
                         key, value, config.head_dim),
             "Use a model whose heads are rotated whole.");
  }
}

ModelConfig read_config(const GgufKeys& keys, const Builder& builder) {
  ModelConfig config = builder.config;  // has the name
  config.architecture = kArchitecture;
  config.dim = keys.required_integer(kKeys.dim, 1, kMaxDim);
  config.layers = keys.required_integer("llama.block_count", 1, kMaxLayers);
  config.ffn_dim = keys.required_integer("llama.feed_forward_length", 1, kMaxFfnDim);
  config.context = keys.required_integer("llama.context_length", 1, kMaxContext);
  config.sliding_window =
      keys.integer("llama.attention.sliding_window", 0, kMaxContext).value_or(0);
  const std::optional<double> epsilon = keys.number(kKeys.rms_eps);
  if (!epsilon) refuse(keys.file(), fmt::format("has no metadata key \"{}\"", kKeys.rms_eps));
  config.rms_eps = *epsilon;
  read_heads(keys, config);
  config.vocab = read_vocab(keys, builder);
  config.rope = read_rope(keys, config.context);
  config.tied_embeddings = builder.find("lm_head.weight") == builder.tensors.size();
  for (const Tensor& tensor : builder.tensors) {
    if (!tensor.name.ends_with("_proj.bias")) continue;
    config.attention_bias |= tensor.name.find(".self_attn.") != std::string::npos;
    config.mlp_bias |= tensor.name.find(".mlp.") != std::string::npos;
  }
  return config;
}

/// Llama 3's per-frequency divisors, a tensor of [head_dim / 2] floats.
void read_frequency_factors(const GgufFile& gguf, Builder& builder) {
  for (const GgufTensor& tensor : gguf.tensors) {
    if (tensor.name != kRopeFactors) continue;
    const int64_t count = builder.config.head_dim / 2;
    if (tensor.type->name != "F32" || tensor.shape != std::vector<int64_t>{count})
      refuse(builder.path, fmt::format("tensor \"{}\" is {} {}; F32 [{}] is needed", kRopeFactors,
                                       tensor.type->name, shape_text(tensor.shape), count));
    std::vector<float>& factors = builder.config.rope.frequency_factors;
    factors.resize(static_cast<size_t>(count));
    std::memcpy(factors.data(), builder.files[0].bytes().data() + tensor.begin, tensor.bytes);
    for (const float factor : factors)
      if (!std::isfinite(factor) || factor <= 0)
        refuse(builder.path, fmt::format("tensor \"{}\" has the value {}", kRopeFactors, factor));
  }
}

void add_tensors(const GgufFile& gguf, Builder& builder) {
  const std::span<const std::byte> bytes = builder.files[0].bytes();
  for (const GgufTensor& stored : gguf.tensors) {
    // The frequencies are part of the configuration; older files repeat them for every block.
    if (stored.name == kRopeFactors || stored.name.ends_with("attn_rot_embd.weight")) continue;
    Tensor tensor;
    tensor.name = huggingface_name_of(stored.name);
    if (tensor.name.empty()) tensor.name = stored.name;
    tensor.stored_name = stored.name;
    tensor.dtype = stored.type->name;
    tensor.shape = stored.shape;
    tensor.data = bytes.subspan(stored.begin, stored.bytes);
    builder.tensors.push_back(std::move(tensor));
  }
}

}  // namespace

Builder read_gguf(const std::filesystem::path& path, bool vocabulary_only) {
  Builder builder;
  builder.format = Format::kGguf;
  builder.path = path;
  builder.files.emplace_back(path);
  GgufFile gguf = parse_gguf(builder.files[0].bytes(), path,
                             vocabulary_only ? GgufParts::kMetadata : GgufParts::kAll);
  builder.metadata = std::move(gguf.metadata);
  const GgufKeys keys(builder.metadata, builder.path);
  refuse_split(keys, vocabulary_only);
  check_tokenizer_keys(keys);
  builder.generation = read_generation(keys);
  builder.chat_template = keys.string("tokenizer.chat_template").value_or("");
  if (vocabulary_only) return builder;
  check_supported(keys);
  builder.config.name = keys.string("general.name").value_or(path.stem().string());
  add_tensors(gguf, builder);
  builder.config = read_config(keys, builder);
  check_config(builder.config, kKeys, path);
  read_frequency_factors(gguf, builder);
  return builder;
}

}  // namespace nety::checkpoint
