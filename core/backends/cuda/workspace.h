// The activations of a step on the device: one allocation, planned before it is made.
#pragma once

#include "core/backends/cuda/device.h"
#include "core/model/rope.h"

namespace nety::cuda {

/// The most parts that a token's positions are cut into (AttentionArgs::splits).
inline constexpr int32_t kMostSplits = 32;
/// Bytes of a panel of dequantised rows.
inline constexpr int64_t kPanelBytes = int64_t{64} << 20;

/// Cosines and sines of a step [T, d/2]: 1 and 0 past what is rotated.
struct Angles {
  float *cosines, *sines;
};
inline constexpr int kRotaries = 3;

/// The rotary embedding of a kind of layer; null: it has none.
const checkpoint::Rope* rope_of(const checkpoint::ModelConfig& config, checkpoint::Rotary rotary);

/// Where the buffers lie. Shapes with T tokens, R rows with logits; widest is the largest of D, H d
/// and F, which is that of an expert where it is wider. E experts, k of a token.
struct Buffers {
  float* x;       ///< [T, D] residual stream
  float* n;       ///< [max(T, R), D] normalised
  float* q;       ///< [T, H d]
  float* k;       ///< [T, G d]
  float* v;       ///< [T, G d]
  float* a;       ///< [T, H d]
  float* h;       ///< [T, F]
  float* u;       ///< [T, F]
  float* logits;  ///< [R, V]
  /// Of mixtures; null where the model has none.
  float* scores;          ///< [T, E] of the router
  int32_t* expert_rows;   ///< [T k]: tokens of each expert, one expert after the other
  float* expert_weights;  ///< [T k]
  float* of_expert;       ///< [T, D]: normalised, of an expert's tokens
  float* from_expert;     ///< [T, D]
  float* sum;             ///< [T, D] of all experts
  float* partials;        ///< Attention in parts: [kMatvecTokens, H, kMostSplits, d + 2]
  int32_t* arrivals;      ///< [kMatvecTokens H], zero between steps
  Int8Rows rows;          ///< [max(T, R), widest]
  uint16_t* high;         ///< [max(T, R), widest rounded up to 8]: activations for cuBLAS
  uint16_t* low;
  void* panel;  ///< kPanelBytes, or what the largest layer matrix needs if that is less

  /// What the host sends at the start of a step, in one copy.
  std::byte* step;
  int32_t* tokens;           ///< [T]
  int32_t* positions;        ///< [T]
  int32_t* sequences;        ///< [T]
  int32_t* logit_rows;       ///< [R]
  Angles angles[kRotaries];  ///< By checkpoint::Rotary; null where no layer has it.
  float* growth;             ///< [T]: what queries are multiplied by, or null
  uint64_t step_bytes;

  uint64_t bytes;  ///< All of it.
  int64_t panel_bytes;
};

/// How attention is cut into blocks.
struct AttentionCut {
  int32_t splits = 1, tokens_per_block = 1;
};
/// With few tokens, positions are cut into parts until every multiprocessor has blocks. The number
/// of parts is a power of two that depends on the length, so that a graph can be used again. With
/// many tokens of one sequence, those of a block share the keys they read.
AttentionCut cut_attention(const Device& device, const checkpoint::ModelConfig& config,
                           int64_t tokens, int64_t length, bool one_sequence);

/// Where everything lies from `base` on; with a null base only the sizes are of use.
Buffers lay_out(const checkpoint::ModelConfig& config, const model::StepLimits& limits,
                std::byte* base);

class Workspace final : public model::Workspace {
 public:
  /// Error: kMemory with the numbers.
  Workspace(Device& device, const checkpoint::ModelConfig& config, const model::StepLimits& limits);
  ~Workspace() override;
  Workspace(const Workspace&) = delete;
  Workspace& operator=(const Workspace&) = delete;

  const checkpoint::ModelConfig config;
  const model::StepLimits limits;
  model::RopeTable rope[kRotaries];  ///< By checkpoint::Rotary.
  Buffers at{};                      ///< On the device.
  Buffer staged;                     ///< What a step sends, on the host.
  Buffer logits;                     ///< [V] on the host: what a step of one token brings back.
  bool sending = false;              ///< `staged` may not have been read yet.

 private:
  Device& device_;
  Buffer storage_;
};

}  // namespace nety::cuda
