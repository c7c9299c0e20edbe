// Uses nlohmann's JSON, which sorts keys and writes numbers as Python's json.dump does. The
// source's config.json was checked by our own reader before.
#include "core/checkpoint/written_config.h"

#include <fmt/core.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/checkpoint/config_check.h"
#include "core/checkpoint/family.h"
#include "core/checkpoint/gguf_rope.h"
#include "core/checkpoint/refuse.h"
#include "core/checkpoint/stated.h"
#include "core/checkpoint/tensors.h"
#include "core/checkpoint/text_file.h"

namespace nety::checkpoint {
namespace {

using Json = nlohmann::json;

/// As transformers 5.23 writes it: all keys, whichever method is in use.
Json quantization_config(std::string_view mode, Json skipped) {
  const bool int8 = mode == "int8";
  const bool fp4 = int8 || mode.starts_with("fp4");
  return {{"_load_in_4bit", !int8},
          {"_load_in_8bit", int8},
          {"bnb_4bit_compute_dtype", "float32"},
          {"bnb_4bit_quant_storage", "uint8"},
          {"bnb_4bit_quant_type", fp4 ? "fp4" : "nf4"},
          {"bnb_4bit_use_double_quant", mode.ends_with("-dq")},
          {"llm_int8_enable_fp32_cpu_offload", false},
          {"llm_int8_has_fp16_weight", false},
          {"llm_int8_skip_modules", std::move(skipped)},
          {"llm_int8_threshold", 6.0},
          {"load_in_4bit", !int8},
          {"load_in_8bit", int8},
          {"quant_method", "bitsandbytes"}};
}

/// Linear layers that were left as they are: routers, and then lm_head, which is else understood.
Json skipped_modules(const ModelConfig& config) {
  constexpr std::string_view kWeight = ".weight";
  Json modules = nullptr;
  for (const TensorInfo& info : tensors_of(config))
    if (info.slot == Slot::router)
      modules.push_back(info.name.substr(0, info.name.size() - kWeight.size()));
  if (!modules.is_null()) modules.push_back("lm_head");
  return modules;
}

/// rope_parameters as transformers 5 has them, of one of a GGUF's rotary embeddings.
Json rope_parameters(const Checkpoint& source, const Rope& rope) {
  Json parameters = {{"rope_theta", rope.theta}, {"rope_type", "default"}};
  if (!rope.frequency_factors.empty()) {
    const std::optional<Rope> llama3 = find_llama3_scaling(source.config());
    if (!llama3)
      refuse(source.path(),
             "has RoPE frequency factors (rope_freqs.weight) that config.json cannot express",
             "Quantise from the original Hugging Face directory instead.");
    parameters["rope_type"] = "llama3";
    parameters["factor"] = llama3->factor;
    parameters["low_freq_factor"] = llama3->low_freq_factor;
    parameters["high_freq_factor"] = llama3->high_freq_factor;
    parameters["original_max_position_embeddings"] = llama3->original_context;
  } else if (rope.scaling == RopeScaling::kLinear) {
    parameters["rope_type"] = "linear";
    parameters["factor"] = rope.factor;
  } else if (rope.scaling == RopeScaling::kYarn) {
    parameters["rope_type"] = "yarn";
    parameters["factor"] = rope.factor;
    parameters["original_max_position_embeddings"] = rope.original_context;
    parameters["beta_fast"] = rope.beta_fast;
    parameters["beta_slow"] = rope.beta_slow;
    if (rope.attention_factor != 0) parameters["attention_factor"] = rope.attention_factor;
    if (const double growth = source.config().spec(0).query_growth; growth != 0)
      parameters["llama_4_scaling_beta"] = growth;
    if (rope.mscale != 0) parameters["mscale"] = rope.mscale;
    if (rope.mscale_all_dim != 0) parameters["mscale_all_dim"] = rope.mscale_all_dim;
  } else if (rope.scaling == RopeScaling::kLongrope) {
    parameters["rope_type"] = "longrope";
    parameters["original_max_position_embeddings"] = rope.original_context;
    parameters["short_factor"] = rope.short_factors;
    parameters["long_factor"] = rope.long_factors;
    if (rope.attention_factor != 0) parameters["attention_factor"] = rope.attention_factor;
  }
  if (rope.rotated > 0)
    parameters["partial_rotary_factor"] =
        static_cast<double>(rope.rotated) / static_cast<double>(source.config().head_dim);
  return parameters;
}

/// The parameters of each kind of layer, where they differ.
Json rope_by_kind(const Checkpoint& source) {
  const ModelConfig& config = source.config();
  Json full = rope_parameters(source, config.rope);
  if (!config.any_layer([](const LayerSpec& spec) { return spec.rotary == Rotary::kLocal; }))
    return full;
  return {{"full_attention", full},
          {"sliding_attention", rope_parameters(source, config.local_rope)}};
}

/// Adds the same under the names of transformers 4, which ignores rope_parameters.
void put_old_rope(Json scaling, Json& json) {
  json["rope_theta"] = scaling.at("rope_theta");
  scaling.erase("rope_theta");
  if (scaling.at("rope_type") != "default") json["rope_scaling"] = scaling;
}

/// The array of a GGUF's key, or null.
template <class T>
const std::vector<T>* array_of(const Checkpoint& source, std::string_view key) {
  const auto found = source.metadata().find(key);
  return found == source.metadata().end() ? nullptr : std::get_if<std::vector<T>>(&found->second);
}

/// GGUF files made before tokenizer.ggml.eot_token_id existed have what ends a turn in the formats
/// of Llama 3 and ChatML only as control tokens with these texts.
std::vector<int64_t> turn_ends(const Checkpoint& source) {
  constexpr int64_t kControl = 3;  // gguf TokenType.CONTROL
  const auto* texts = array_of<std::string_view>(source, "tokenizer.ggml.tokens");
  const auto* kinds = array_of<int64_t>(source, "tokenizer.ggml.token_type");
  std::vector<int64_t> ids;
  if (texts == nullptr || kinds == nullptr || texts->size() != kinds->size()) return ids;
  for (size_t i = 0; i < texts->size(); ++i)
    if ((*kinds)[i] == kControl && ((*texts)[i] == "<|eot_id|>" || (*texts)[i] == "<|im_end|>"))
      ids.push_back(static_cast<int64_t>(i));
  return ids;
}

/// An id, a list of several, or null; those that are none and the second of two equal ones left
/// out.
Json json_of(const std::vector<int64_t>& ids) {
  std::vector<int64_t> written;
  for (const int64_t id : ids)
    if (id >= 0 && id <= kMaxVocab && std::ranges::find(written, id) == written.end())
      written.push_back(id);
  if (written.empty()) return nullptr;
  return written.size() == 1 ? Json(written.front()) : Json(written);
}

/// bos_token_id and eos_token_id of what is written: all that the source states.
void put_ids(const Checkpoint& source, Json& json) {
  const StatedTokens stated = stated_tokens(source);
  json["bos_token_id"] = nullptr;
  if (!stated.bos.empty()) json["bos_token_id"] = json_of({stated.bos.front().ids.front()});
  std::vector<int64_t> ends;
  for (const StatedIds& one : stated.eos) ends.insert(ends.end(), one.ids.begin(), one.ids.end());
  for (const int64_t id : turn_ends(source)) ends.push_back(id);
  json["eos_token_id"] = json_of(ends);
}

/// GGUF holds floats. The double of the shortest decimal for one: 1e-05, not 9.999999747378752e-06.
double shortest(double value) {
  const auto narrow = static_cast<float>(value);
  return static_cast<double>(narrow) == value ? std::stod(fmt::format("{}", narrow)) : value;
}

Json config_from_gguf(const Checkpoint& source) {
  const ModelConfig& config = source.config();
  const HuggingFaceForm form = family_of(config).huggingface_form(config);
  Json json = {{"architectures", {form.model_class}},
               {"model_type", form.model_type},
               {"attention_dropout", 0.0},
               {"head_dim", config.head_dim},
               {"hidden_act", "silu"},
               {"hidden_size", config.dim},
               {"initializer_range", 0.02},
               {"intermediate_size", config.ffn_dim},
               {"max_position_embeddings", config.context},
               {"num_attention_heads", config.heads},
               {"num_hidden_layers", config.layers},
               {"num_key_value_heads", config.kv_heads},
               {"rms_norm_eps", shortest(config.rms_eps)},
               {"rope_parameters", rope_by_kind(source)},
               {"tie_word_embeddings", config.tied_embeddings},
               {"use_cache", true},
               {"vocab_size", config.vocab}};
  put_old_rope(rope_parameters(source, config.rope), json);
  put_ids(source, json);
  for (const auto& entry : form.keys)
    json[std::string(entry.first)] =
        std::visit([](const auto& value) { return Json(value); }, entry.second);
  return json;
}

}  // namespace

std::string written_config(const Checkpoint& source, const WrittenForm& form) {
  Json json = source.format() == Format::kGguf
                  ? config_from_gguf(source)
                  : Json::parse(read_text(source.path() / "config.json"));
  const bool old_name = json.contains("torch_dtype");
  if (old_name) json["torch_dtype"] = form.dtype;
  if (!old_name || json.contains("dtype")) json["dtype"] = form.dtype;
  // A source may say that its head is tied and have one all the same: write what was read.
  json["tie_word_embeddings"] = source.config().tied_embeddings;
  json.erase("quantization_config");
  const precision::Mode& mode = precision::mode(form.mode);
  if (mode.kind == precision::ModeKind::kQuantised)
    json["quantization_config"] = quantization_config(mode.name, skipped_modules(source.config()));
  return json.dump(2) + "\n";
}

std::string written_generation_config(const Checkpoint& source) {
  const std::filesystem::path path = source.path() / "generation_config.json";
  if (source.format() == Format::kHuggingFace && is_there(path)) return read_text(path);
  Json json = {{"_from_model_config", true}};
  put_ids(source, json);
  const StatedSampling own = stated_sampling(source);
  const auto put = [&json](const char* key, const std::optional<double>& value) {
    if (value && *value >= 0) json[key] = *value;
  };
  put("temperature", own.temperature);
  put("top_p", own.top_p);
  if (own.top_k && *own.top_k >= 0) json["top_k"] = std::min(*own.top_k, kMaxVocab);
  put("repetition_penalty", own.repeat_penalty);
  return json.dump(2) + "\n";
}

}  // namespace nety::checkpoint
