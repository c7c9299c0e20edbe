// Follows NativeBackend::reserve(), Activations, Scratch (core/backends/native) and model::Session;
// tests/model/plan_test.cpp compares with what a process really takes.
#include "core/policy/workspace.h"

#include <algorithm>

namespace nety::policy {
namespace {

using precision::Mode;
using precision::ModeId;
using precision::ModeKind;

constexpr int64_t kFloat = 4;
constexpr int64_t kPanelRows = 32;  // rows of weights unpacked at a time
constexpr int64_t kStretch = 128;   // positions that attention takes at a time
constexpr int64_t kTileRows = 24;   // and rows
constexpr int64_t kMargin = 128;    // columns that rows of a buffer may have beyond their values
constexpr int64_t kBlock = 256;     // values that form_bytes() counts for
constexpr int64_t kCandidate = 16;  // of the sampler, per token of the vocabulary

/// Bytes that products with weights of a mode take beside the fp32 activations, per 256 values.
int64_t form_bytes(const Mode& mode) {
  switch (mode.kind) {
    case ModeKind::kFloat:
      return mode.id == ModeId::bf16 ? kBlock * kFloat : 0;  // rounded; as pairs, half of it
    case ModeKind::kQuantised:
      // int8 codes and the columns of outliers; for 4 bits, floats in the order of the codes.
      return mode.id == ModeId::int8 ? kBlock * (1 + kFloat) : kBlock * kFloat;
    case ModeKind::kStored:
      // Two bytes of code per value and three numbers per 32; one, and 21 numbers, per 256.
      return mode.functions->group == kBlock ? kBlock + 21 * kFloat
                                             : kBlock * 2 + kBlock / 32 * 3 * kFloat;
  }
  return 0;
}

}  // namespace

uint64_t workspace_bytes(const checkpoint::ModelConfig& config, const std::set<ModeId>& multiplied,
                         const SessionSize& size) {
  const int64_t q = config.heads * config.head_dim;
  const int64_t kv = config.kv_heads * config.head_dim;
  const int64_t widest = std::max({config.dim, q, config.ffn_dim}) + kMargin;
  const int64_t group = config.heads / std::max<int64_t>(1, config.kv_heads);
  const int64_t logit_rows = std::clamp<int64_t>(size.logit_rows, 1, size.context);
  const int64_t tokens = std::max(std::min(size.step, size.context), logit_rows);

  int64_t forms = kBlock * kFloat;
  int64_t tallest = 0;
  for (const ModeId id : multiplied) {
    forms += form_bytes(precision::mode(id));
    if (precision::mode(id).kind == ModeKind::kStored) tallest = std::max(widest, config.vocab);
  }
  const int64_t activations =
      tokens * (config.dim + q + 2 * kv + 2 * config.ffn_dim + config.head_dim) * kFloat;
  const int64_t inputs = tokens * widest * forms / kBlock;
  const int64_t partials = (size.context / kStretch + 2) * group * (config.head_dim + 2);
  const int64_t tile = std::max(kTileRows, group);
  const int64_t scratch =
      kPanelRows * widest * (kFloat + 1) +
      (2 * tokens * kPanelRows + tallest + tile * (kStretch + 2 * (config.head_dim + 2))) * kFloat;
  const int64_t shared = (logit_rows * config.vocab + partials * config.kv_heads) * kFloat +
                         config.vocab * kCandidate + size.context * kFloat;
  return static_cast<uint64_t>(activations + inputs + size.threads * scratch + shared);
}

}  // namespace nety::policy
