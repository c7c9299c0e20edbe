// The shape of a model, from config.json or GGUF metadata, checked.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "core/checkpoint/layer_spec.h"

namespace nety::checkpoint {

enum class RopeScaling : uint8_t { kNone, kLinear, kDynamic, kLlama3, kYarn, kLongrope };

/// Rotary position embedding (Su et al. 2021) and its context extensions, with the parameters as
/// transformers names them.
struct Rope {
  double theta = 10000.0;
  RopeScaling scaling = RopeScaling::kNone;
  double factor = 1.0;
  double low_freq_factor = 1.0, high_freq_factor = 4.0;  ///< llama3
  int64_t original_context = 0;                          ///< llama3, yarn, dynamic; 0: not given
  double beta_fast = 32.0, beta_slow = 1.0;              ///< yarn
  double attention_factor = 0.0;                         ///< yarn, longrope; 0: by their rules
  double mscale = 0.0, mscale_all_dim = 0.0;             ///< yarn, as transformers; 0: not given
  bool truncate = true;                                  ///< yarn: round the correction range
  std::vector<float> frequency_factors;                  ///< GGUF rope_freqs.weight [rotated/2]
  std::vector<float> short_factors, long_factors;        ///< longrope [rotated/2]
  int64_t rotated = 0;       ///< The first dimensions of a head, that many, are; 0: all.
  bool interleaved = false;  ///< Pairs (2i, 2i+1), as GGUF's llama; else (i, i + rotated/2).

  int64_t rotated_of(int64_t head_dim) const { return rotated > 0 ? rotated : head_dim; }
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
  int64_t context = 0;  ///< max_position_embeddings
  double rms_eps = 1e-5;
  bool layer_norms = false;    ///< Norms subtract the mean (LayerNorm), else RMSNorm.
  bool norm_biases = false;    ///< Of the layers' norms and the last one.
  double embedding_scale = 1;  ///< What a token's row of the table is multiplied by.
  double logit_scale = 1;      ///< What logits are multiplied by.
  double logit_cap = 0;        ///< c: logits become c tanh(l / c); 0: as they are.
  bool tied_embeddings = false;
  bool qkv_bias = false, o_bias = false, mlp_bias = false;
  bool optional_biases = false;  ///< Single ones may be missing: GGUF has tensors, no flags.
  /// Rows of q and k are in the order of llama.cpp's converter: (2i, 2i + 1) are transformers'
  /// (i, i + head_dim/2).
  bool paired_rows = false;
  Rope rope;
  Rope local_rope;                               ///< Of the layers with Rotary::kLocal.
  std::vector<LayerSpec> specs = {LayerSpec()};  ///< One for all layers, or one for each.

  const LayerSpec& spec(int64_t layer) const {
    return specs.size() == 1 ? specs.front() : specs[static_cast<size_t>(layer)];
  }
  /// Whether some layer is so.
  template <class Predicate>
  bool any_layer(const Predicate& is_so) const {
    return std::any_of(specs.begin(), specs.end(), is_so);
  }
  /// The largest of each number among the layers' mixtures; zeros where there are none.
  Mixture largest_mixture() const {
    Mixture most;
    for (const LayerSpec& spec : specs) {
      most.experts = std::max(most.experts, spec.mixture.experts);
      most.chosen = std::max(most.chosen, spec.mixture.chosen);
      most.ffn_dim = std::max(most.ffn_dim, spec.mixture.ffn_dim);
    }
    return most;
  }
};

}  // namespace nety::checkpoint
