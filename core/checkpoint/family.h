// What sets one architecture apart from the others: everything that core/checkpoint must know of
// it. A family is a file in families/ and a row in families.def.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "core/checkpoint/config.h"
#include "core/checkpoint/tensors.h"

namespace nety::checkpoint {

class GgufKeys;
class JsonObject;

/// The part of a config.json that differs between families, for a directory made of a GGUF.
struct HuggingFaceForm {
  using Value = std::variant<std::nullptr_t, bool, int64_t, double, std::string,
                             std::vector<int64_t>, std::vector<std::string>>;
  std::string_view model_type, model_class;
  /// In place of what all families have under these keys.
  std::vector<std::pair<std::string_view, Value>> keys;
};

struct Family {
  /// "model_type" of config.json, and ModelConfig::architecture: "mistral".
  std::string_view name;
  /// The one of "architectures" in config.json that can be run: "MistralForCausalLM".
  std::string_view model_class;
  /// "general.architecture" of a GGUF and the first part of its keys: "llama". Empty, with the two
  /// functions below null, where GGUF files of the family say that they are another's.
  std::string_view gguf_architecture;
  /// Which models such a GGUF can be, for messages: "Llama 1-3, Mistral".
  std::string_view gguf_models;

  /// The model's tensors (tensors_of).
  std::vector<TensorInfo> (*tensors)(const ModelConfig& config);
  /// What config.json says, with transformers' defaults where it says nothing. Everything but
  /// `architecture` and `name`.
  ModelConfig (*read_json)(const JsonObject& root);
  /// What GGUF metadata say: everything but `architecture`, `name`, `vocab`, `tied_embeddings` and
  /// the frequency factors. GGUF has no flags for biases: a family sets those that its models can
  /// have, with `optional_biases`, and those that the file lacks are cleared later.
  ModelConfig (*read_gguf)(const GgufKeys& keys);
  /// The config.json of a model that came as a GGUF.
  HuggingFaceForm (*huggingface_form)(const ModelConfig& config);
};

/// All families, in the table's order.
std::span<const Family* const> families();

/// The family of config.architecture. Error: kInternal if there is none.
const Family& family_of(const ModelConfig& config);

/// The family whose GGUF files name this architecture, or null.
const Family* find_gguf_family(std::string_view architecture);

}  // namespace nety::checkpoint
