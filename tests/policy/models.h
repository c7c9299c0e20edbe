// Shapes that the tests of the policy plan for.
#pragma once

#include "core/policy/policy.h"

namespace nety::policy {

inline checkpoint::ModelConfig mistral_7b() {
  checkpoint::ModelConfig config;
  config.architecture = "mistral";
  config.name = "Mistral-7B";
  config.dim = 4096;
  config.layers = 32;
  config.heads = 32;
  config.kv_heads = 8;
  config.head_dim = 128;
  config.ffn_dim = 14336;
  config.vocab = 32000;
  config.context = 32768;
  return config;
}

inline checkpoint::ModelConfig smollm2_135m() {
  checkpoint::ModelConfig config;
  config.architecture = "llama";
  config.name = "SmolLM2-135M";
  config.dim = 576;
  config.layers = 30;
  config.heads = 9;
  config.kv_heads = 3;
  config.head_dim = 64;
  config.ffn_dim = 1536;
  config.vocab = 49152;
  config.context = 2048;
  config.tied_embeddings = true;
  return config;
}

/// The model as a file would have it: matrices in `matrices`, embeddings in `rest`, norms fp32.
inline ModelFacts stored_as(const checkpoint::ModelConfig& config, precision::ModeId matrices,
                            precision::ModeId rest) {
  ModelFacts model = facts_of(config);
  for (PlannedWeight& weight : model.weights) {
    if (weight.role() == Role::kMatrix) weight.stored = matrices;
    if (weight.role() == Role::kEmbedding) weight.stored = rest;
    if (is_vector(weight.role())) weight.stored = precision::ModeId::fp32;
  }
  model.stored = precision::mode(matrices).name;
  return model;
}
inline ModelFacts stored_as(const checkpoint::ModelConfig& config, precision::ModeId mode) {
  return stored_as(config, mode, mode);
}

}  // namespace nety::policy
