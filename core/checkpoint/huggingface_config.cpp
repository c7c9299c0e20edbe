// Which family a config.json is of; what is not a family's: quantization and generation.
#include "core/checkpoint/huggingface_config.h"

#include <fmt/core.h>

#include "core/base/error.h"
#include "core/checkpoint/config_check.h"
#include "core/checkpoint/family.h"
#include "core/checkpoint/json_file.h"
#include "core/checkpoint/mixture_keys.h"
#include "core/checkpoint/refuse.h"

namespace nety::checkpoint {
namespace {

/// "llama", "mistral" or "qwen2", with what is between the last two as `last`.
template <class Name>
std::string list_of(const Name& name_of, std::string_view last) {
  std::string list;
  for (size_t i = 0; i < families().size(); ++i) {
    if (i > 0) list += i + 1 < families().size() ? ", " : last;
    list += name_of(*families()[i]);
  }
  return list;
}

std::string supported() {
  return fmt::format(
      "Supported: model_type {} for text generation ({}).",
      list_of([](const Family& family) { return fmt::format("\"{}\"", family.name); }, " or "),
      list_of([](const Family& family) { return family.model_class; }, ", "));
}

bool same_but_for_case(std::string_view one, std::string_view other) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::equal(one.begin(), one.end(), other.begin(), other.end(),
                    [&](char a, char b) { return lower(a) == lower(b); });
}

bool lists(const std::vector<std::string>& architectures, std::string_view model_class) {
  return std::any_of(architectures.begin(), architectures.end(),
                     [&](const std::string& name) { return same_but_for_case(name, model_class); });
}

/// Whether one of them may hold a model that writes text: "...ForCausalLM" of any spelling, or the
/// trunk alone ("LlamaModel"). Others have a head for another task.
bool writes_text(const std::vector<std::string>& architectures) {
  return architectures.empty() ||
         std::any_of(architectures.begin(), architectures.end(), [](const std::string& name) {
           return name.ends_with("ForCausalLM") || name.ends_with("Model") ||
                  name.find("For") == std::string::npos;
         });
}

/// By model_type, as transformers chooses; the class decides where there is none.
const Family& find_family(const JsonObject& root) {
  const std::vector<std::string> architectures = root.strings("architectures");
  const std::optional<std::string> model_type = root.string("model_type");
  for (const Family* family : families())
    if (model_type ? *model_type == family->name && writes_text(architectures)
                   : lists(architectures, family->model_class))
      return *family;
  if (!model_type && architectures.empty())
    refuse(root.file(), "has neither \"model_type\" nor \"architectures\"", supported());
  refuse(root.file(),
         fmt::format("describes the architecture {} (model_type {}), which is not supported",
                     architectures.empty() ? "(none)" : shown(architectures.front()),
                     shown(model_type.value_or("(none)"))),
         supported());
}

/// A class that is not the family's says what the weights were trained for.
void note_class(const JsonObject& root, std::vector<Notice>& notices) {
  const std::vector<std::string> architectures = root.strings("architectures");
  const Family& family = find_family(root);
  if (architectures.empty() || lists(architectures, family.model_class)) return;
  notices.push_back(
      {"other_class", fmt::format("config.json says {}; the model is run as {}, as its model_type "
                                  "says.",
                                  shown(architectures.front()), family.model_class)});
}

ModelConfig read_model_config(const JsonObject& root) {
  const Family& family = find_family(root);
  ModelConfig config = family.read_json(root);
  check_experts(config, root.file());
  config.architecture = family.name;
  return config;
}

/// Rows and columns per scale of fp8; zeros if scales are for rows or matrices.
std::array<int64_t, 2> read_weight_block(const JsonObject& section) {
  constexpr int64_t kMostInBlock = 1 << 20;
  const std::vector<int64_t> block = section.integers("weight_block_size", 1, kMostInBlock);
  if (block.empty()) return {};
  if (block.size() != 2)
    refuse(section.file(), fmt::format("\"quantization_config.weight_block_size\" has {} numbers; "
                                       "rows and columns are needed",
                                       block.size()));
  return {block[0], block[1]};
}

QuantizationHint read_quantization_hint(const JsonObject& root) {
  QuantizationHint hint;
  const std::optional<JsonObject> section = root.object("quantization_config");
  if (!section) return hint;
  hint.load_in_8bit = section->boolean("load_in_8bit").value_or(false);
  hint.load_in_4bit = section->boolean("load_in_4bit").value_or(false);
  hint.has_fp16_weight = section->boolean("llm_int8_has_fp16_weight").value_or(false);
  // Files from before transformers 4.34 have the two flags without a method.
  const bool old_form = hint.load_in_8bit || hint.load_in_4bit;
  if (!section->has("quant_method") && !old_form)
    refuse(root.file(),
           "\"quantization_config\" has no \"quant_method\": how it is quantised is unknown",
           "Add the method, as the model's page names it. Supported: bitsandbytes, fp8, mxfp4, and "
           "models without quantization. GGUF files are supported too.");
  hint.method = section->string("quant_method").value_or("bitsandbytes");
  const bool known =
      hint.method == "bitsandbytes" || hint.method == "fp8" || hint.method == "mxfp4";
  if (!known)
    refuse(root.file(),
           fmt::format("\"quantization_config.quant_method\" is {}, which is not "
                       "supported",
                       shown(hint.method)),
           "Supported: bitsandbytes, fp8, mxfp4, and models without quantization. GGUF files are "
           "supported too.");
  if (hint.method == "fp8") hint.weight_block = read_weight_block(*section);
  return hint;
}

}  // namespace

HuggingFaceConfig parse_config(const JsonText& config) {
  const JsonFile file(config.path, config.text);
  HuggingFaceConfig parsed;
  parsed.model = read_model_config(file.root());
  parsed.quantization = read_quantization_hint(file.root());
  note_class(file.root(), parsed.notices);
  return parsed;
}

}  // namespace nety::checkpoint
