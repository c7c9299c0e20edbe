// What a GGUF file means: its family reads the configuration, and tensors get transformers' names.
#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "core/checkpoint/builder.h"
#include "core/checkpoint/config_check.h"
#include "core/checkpoint/family.h"
#include "core/checkpoint/gguf.h"
#include "core/checkpoint/gguf_keys.h"
#include "core/checkpoint/gguf_split.h"
#include "core/checkpoint/gguf_tokenizer_keys.h"
#include "core/checkpoint/mixture_keys.h"
#include "core/checkpoint/refuse.h"

namespace nety::checkpoint {
namespace {

constexpr std::string_view kRopeFactors = "rope_freqs.weight";
constexpr std::string_view kLongFactors = "rope_factors_long.weight";
constexpr std::string_view kShortFactors = "rope_factors_short.weight";

/// Supported is "llama": Llama 1-3 ..., or Supported are "llama" (Llama 1-3 ...), "qwen2" (...).
std::string supported() {
  std::vector<const Family*> readable;
  for (const Family* family : families())
    if (!family->gguf_architecture.empty()) readable.push_back(family);
  if (readable.size() == 1)
    return fmt::format("Supported is \"{}\": {}.", readable[0]->gguf_architecture,
                       readable[0]->gguf_models);
  std::string list;
  for (const Family* family : readable)
    list += fmt::format("{}\"{}\" ({})", list.empty() ? "" : ", ", family->gguf_architecture,
                        family->gguf_models);
  return fmt::format("Supported are {}.", list);
}

const Family& find_family(const GgufKeys& keys) {
  const std::string architecture = keys.string("general.architecture").value_or("");
  if (architecture.empty()) refuse(keys.file(), "has no metadata key \"general.architecture\"");
  const Family* family = find_gguf_family(architecture);
  if (family == nullptr)
    refuse(keys.file(),
           fmt::format("has the architecture {}, which is not supported", shown(architecture)),
           supported());
  return *family;
}

/// The rows of the table of embeddings decide between the two sizes that a file may give; they
/// differ where a converter padded one of them.
int64_t read_vocab(const GgufKeys& keys, const Builder& builder) {
  const std::string stated_key = keys.own("vocab_size");
  const std::optional<int64_t> stated = keys.integer(stated_key, 1, kMaxVocab);
  std::optional<int64_t> tokens;
  if (const MetadataValue* value = keys.find("tokenizer.ggml.tokens"))
    if (const auto* texts = std::get_if<std::vector<std::string_view>>(value))
      tokens = static_cast<int64_t>(texts->size());
  const Tensor* embedding = builder.find(Slot::embedding);
  if (tokens && embedding != nullptr && embedding->shape.size() == 2 &&
      embedding->shape[0] == *tokens)
    return *tokens;
  if (stated) return *stated;
  if (tokens && *tokens > 0 && *tokens <= kMaxVocab) return *tokens;
  refuse(keys.file(), fmt::format("has neither \"{}\" nor \"tokenizer.ggml.tokens\"", stated_key),
         "The size of the vocabulary is unknown; convert the model again.");
}

/// GGUF has no flags for what a model may lack: its tensors tell.
void clear_what_is_missing(const Builder& builder, ModelConfig& config) {
  const auto has_one_of = [&](std::initializer_list<Slot> slots) {
    return std::any_of(slots.begin(), slots.end(),
                       [&](Slot slot) { return builder.find(slot) != nullptr; });
  };
  config.tied_embeddings = builder.find(Slot::output) == nullptr;
  if (!config.optional_biases) return;
  config.qkv_bias &= has_one_of({Slot::bq, Slot::bk, Slot::bv});
  config.o_bias &= has_one_of({Slot::bo});
  config.mlp_bias &= has_one_of({Slot::b_gate, Slot::b_up, Slot::b_down});
}

/// A tensor of divisors of the rotary frequencies, [rotated / 2] floats; nothing if it is not
/// there.
std::vector<float> read_factors(const GgufFile& gguf, const Builder& builder,
                                std::string_view name) {
  std::vector<float> factors;
  for (const GgufTensor& tensor : gguf.tensors) {
    if (tensor.name != name) continue;
    const int64_t count = builder.config.rope.rotated_of(builder.config.head_dim) / 2;
    if (tensor.type->name != "F32" || tensor.shape != std::vector<int64_t>{count})
      refuse(builder.path, fmt::format("tensor \"{}\" is {} {}; F32 [{}] is needed", name,
                                       tensor.type->name, shape_text(tensor.shape), count));
    factors.resize(static_cast<size_t>(count));
    std::memcpy(factors.data(), builder.files[tensor.file].bytes().data() + tensor.begin,
                tensor.bytes);
    for (const float factor : factors)
      if (!std::isfinite(factor) || factor <= 0)
        refuse(builder.path, fmt::format("tensor \"{}\" has the value {}", name, factor));
  }
  return factors;
}

/// Llama 3's divisors, and longrope's two sets of them.
void read_frequency_factors(const GgufFile& gguf, const GgufKeys& keys, Builder& builder) {
  Rope& rope = builder.config.rope;
  rope.frequency_factors = read_factors(gguf, builder, kRopeFactors);
  rope.long_factors = read_factors(gguf, builder, kLongFactors);
  rope.short_factors = read_factors(gguf, builder, kShortFactors);
  if (rope.long_factors.empty() != rope.short_factors.empty() ||
      (rope.scaling == RopeScaling::kLongrope && rope.long_factors.empty()))
    refuse(builder.path,
           fmt::format("has not both \"{}\" and \"{}\", which longrope needs (\"{}\")",
                       kLongFactors, kShortFactors, keys.own("rope.scaling.type")));
  if (rope.long_factors.empty()) return;
  rope.scaling = RopeScaling::kLongrope;
  rope.original_context =
      keys.integer(keys.own("rope.scaling.original_context_length"), 1, kMaxContext)
          .value_or(builder.config.context);
  const std::string key = keys.own("rope.scaling.attn_factor");
  rope.attention_factor = keys.number(key).value_or(1);
  if (!std::isfinite(rope.attention_factor) || rope.attention_factor <= 0)
    keys.refuse_value(key, "a positive number");
}

void add_tensors(const GgufFile& gguf, Builder& builder) {
  for (const GgufTensor& stored : gguf.tensors) {
    // The frequencies are part of the configuration; older files repeat them for every block.
    if (stored.name == kRopeFactors || stored.name == kLongFactors ||
        stored.name == kShortFactors || stored.name.ends_with("attn_rot_embd.weight"))
      continue;
    Tensor tensor;
    tensor.name = stored.name;
    tensor.stored_name = stored.name;
    tensor.dtype = stored.type->name;
    tensor.shape = stored.shape;
    tensor.data = builder.files[stored.file].bytes().subspan(stored.begin, stored.bytes);
    tensor.file = stored.file;
    builder.tensors.push_back(std::move(tensor));
  }
}

}  // namespace

Builder read_gguf(const std::filesystem::path& path, bool vocabulary_only) {
  Builder builder;
  builder.format = Format::kGguf;
  builder.path = path;
  GgufFile gguf = read_gguf_files(path, vocabulary_only ? GgufParts::kMetadata : GgufParts::kAll,
                                  builder.files);
  builder.metadata = std::move(gguf.metadata);
  const GgufKeys keys(builder.metadata, builder.path);
  check_tokenizer_keys(keys);
  builder.chat_template = keys.string("tokenizer.chat_template").value_or("");
  if (vocabulary_only) return builder;
  const Family& family = find_family(keys);
  builder.config = family.read_gguf(keys);
  check_experts(builder.config, path);
  builder.config.architecture = family.name;
  builder.config.name = keys.string("general.name").value_or(path.stem().string());
  add_tensors(gguf, builder);
  place_tensors(builder);
  builder.config.vocab = read_vocab(keys, builder);
  clear_what_is_missing(builder, builder.config);
  read_frequency_factors(gguf, keys, builder);
  return builder;
}

}  // namespace nety::checkpoint
