// The shape of a model, from config.json or GGUF metadata, checked.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace nety::checkpoint {

enum class RopeScaling : uint8_t { kNone, kLinear, kDynamic, kLlama3, kYarn };

/// Rotary position embedding (Su et al. 2021) and its context extensions, with the parameters as
/// transformers names them.
struct Rope {
  double theta = 10000.0;
  RopeScaling scaling = RopeScaling::kNone;
  double factor = 1.0;
  double low_freq_factor = 1.0, high_freq_factor = 4.0;  ///< llama3
  int64_t original_context = 0;                          ///< llama3, yarn, dynamic; 0: not given
  double beta_fast = 32.0, beta_slow = 1.0;              ///< yarn
  double attention_factor = 0.0;                         ///< yarn; 0: 0.1 ln(factor) + 1
  double mscale = 0.0, mscale_all_dim = 0.0;             ///< yarn, as transformers; 0: not given
  bool truncate = true;                                  ///< yarn: round the correction range
  std::vector<float> frequency_factors;                  ///< GGUF rope_freqs.weight [head_dim/2]
  bool interleaved = false;  ///< Pairs (2i, 2i+1), as GGUF's llama; else (i, i + head_dim/2).
};

/// A checked model shape. All counts are positive and small enough that products fit in int64.
struct ModelConfig {
  std::string architecture;  ///< Of which family: "llama", "mistral" (family.h).
  std::string name;          ///< general.name, or the folder's name
  int64_t dim = 0;           ///< hidden_size
  int64_t layers = 0;
  int64_t heads = 0;
  int64_t kv_heads = 0;
  int64_t head_dim = 0;
  int64_t ffn_dim = 0;  ///< intermediate_size
  int64_t vocab = 0;
  int64_t context = 0;         ///< max_position_embeddings
  int64_t sliding_window = 0;  ///< 0: none
  double rms_eps = 1e-5;
  bool tied_embeddings = false;
  bool qkv_bias = false, o_bias = false, mlp_bias = false;
  bool optional_biases = false;  ///< Single ones may be missing: GGUF has tensors, no flags.
  Rope rope;
};

/// What generation_config.json or GGUF metadata say of generation.
struct GenerationDefaults {
  int32_t bos_id = -1;           ///< -1: none
  std::vector<int32_t> eos_ids;  ///< any of these ends an answer
  /// Sampling defaults of the checkpoint; negative: not given.
  double temperature = -1, top_p = -1, repeat_penalty = -1;
  int32_t top_k = -1;
};

}  // namespace nety::checkpoint
