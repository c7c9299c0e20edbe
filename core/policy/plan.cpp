#include "core/policy/plan.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "core/base/error.h"
#include "core/checkpoint/tensors.h"
#include "core/options/kv_bytes.h"
#include "core/policy/tokenizer_memory.h"

namespace nety::policy {
namespace {

using checkpoint::ModelConfig;
using precision::ModeId;

constexpr int64_t kDefaultContext = 4096;

uint64_t bytes_of(ModeId mode, int64_t rows, int64_t cols) {
  return precision::mode(mode).functions->bytes(rows, cols);
}

uint64_t share_of_bytes(uint64_t bytes, int64_t part, int64_t whole) {
  return static_cast<uint64_t>(static_cast<double>(bytes) * static_cast<double>(part) /
                               static_cast<double>(whole));
}

PlannedWeight planned(const checkpoint::TensorInfo& info, const ModelConfig& config) {
  PlannedWeight weight;
  weight.name = info.name;
  weight.rows = info.rows(), weight.cols = info.cols();
  weight.slot = info.slot;
  if (info.expert >= 0) weight.active = config.spec(info.layer).mixture.share();
  return weight;
}

// Measured (x86-64, glibc 2.36), because nothing here could count it. RssAnon of commands that load
// no weights is 0.50 to 0.68 MB: relocated constants of the program and its libraries, the command
// line, facts of the machine, names of tensors. A thread of the pool adds its stack and malloc()'s
// arena for it, 20 and 68 kB in /proc/self/smaps once it has converted weights.
constexpr uint64_t kProgramBytes = 700'000;
constexpr uint64_t kThreadBytes = 100'000;

}  // namespace

std::vector<PlannedWeight> weights_of(const ModelConfig& config) {
  std::vector<PlannedWeight> weights;
  for (const checkpoint::TensorInfo& info : checkpoint::tensors_of(config))
    weights.push_back(planned(info, config));
  return weights;
}

std::vector<PlannedWeight> weights_of(const checkpoint::Checkpoint& checkpoint) {
  std::vector<PlannedWeight> weights;
  for (const checkpoint::TensorInfo& info : checkpoint::tensors_of(checkpoint.config()))
    if (!info.optional || checkpoint.find(info.name) != nullptr)
      weights.push_back(planned(info, checkpoint.config()));
  for (PlannedWeight& weight : weights) {
    const checkpoint::Tensor& tensor = checkpoint.at(weight.name);
    weight.scattered = tensor.is_scattered();
    weight.stored = weight.scattered ? tensor.mode : checkpoint.matrix(weight.name).mode;
    const size_t bytes = tensor.bytes() + tensor.side_bytes;
    // Some are rows of a tensor that holds several.
    const int64_t elements = tensor.elements();
    const int64_t part = weight.rows * weight.cols;
    weight.stored_bytes = part == elements ? bytes : share_of_bytes(bytes, part, elements);
  }
  return weights;
}

int64_t parameters(std::span<const PlannedWeight> weights) {
  int64_t count = 0;
  for (const PlannedWeight& weight : weights) count += weight.rows * weight.cols * weight.count;
  return count;
}

int64_t active_parameters(std::span<const PlannedWeight> weights) {
  double count = 0;
  for (const PlannedWeight& weight : weights)
    count += static_cast<double>(weight.rows * weight.cols * weight.count) * weight.active;
  return std::llround(count);
}

double flops_per_token(std::span<const PlannedWeight> weights) {
  double flops = 0;
  for (const PlannedWeight& weight : weights)
    if (weight.role() == Role::kMatrix)
      flops += 2 * static_cast<double>(weight.rows * weight.cols * weight.count) * weight.active;
  return flops;
}

int64_t default_context(const ModelConfig& config) {
  return config.context > 0 ? std::min(config.context, kDefaultContext) : kDefaultContext;
}

std::optional<ModeId> head_mode(options::HeadType head, std::optional<ModeId> mode) {
  using options::HeadType;
  if (head == HeadType::kSameAsLayers) return mode;
  if (head == HeadType::kFp32) return ModeId::fp32;
  if (head == HeadType::kBf16) return ModeId::bf16;
  if (!mode) return std::nullopt;
  return precision::head_of(*mode);
}

std::optional<ModeId> target_of(const PlannedWeight& weight, std::optional<ModeId> mode,
                                std::optional<ModeId> head) {
  switch (weight.role()) {
    case Role::kMatrix:
      return mode;
    case Role::kRouter:
      return precision::router_of(weight.stored.value_or(ModeId::fp32));
    case Role::kEmbedding:
      return head;
    case Role::kNorm:
    case Role::kBias:
      return ModeId::fp32;
  }
  return mode;
}

Overhead overhead_of(const checkpoint::Checkpoint& checkpoint) {
  return {tokenizer_bytes(checkpoint), checkpoint.copied_bytes()};
}

MemoryPlan plan(const ModelConfig& config, std::span<const PlannedWeight> weights,
                std::optional<ModeId> mode, const PlanOptions& options, const Overhead& overhead) {
  MemoryPlan out;
  std::set<ModeId> multiplied;
  double active = 0;
  const int64_t threads = std::max<int64_t>(options.run.threads, 1);
  const std::optional<ModeId> head = head_mode(options.run.head, mode);
  for (const PlannedWeight& weight : weights) {
    const ModeId target =
        target_of(weight, mode, head).value_or(weight.stored.value_or(ModeId::fp32));
    const bool looked_up = !config.tied_embeddings && weight.slot == checkpoint::Slot::embedding;
    const uint64_t packed = options.backend.packed_bytes(target, weight.rows, weight.cols);
    const bool in_place =
        weight.stored == target && !weight.scattered && (looked_up || packed == 0);
    const uint64_t bytes = in_place && weight.stored_bytes > 0 ? weight.stored_bytes
                           : !in_place && packed > 0           ? packed
                                                     : bytes_of(target, weight.rows, weight.cols);
    const uint64_t all = bytes * static_cast<uint64_t>(weight.count);
    (in_place ? out.weights_mapped_bytes : out.weights_anonymous_bytes) += all;
    active += static_cast<double>(all) * weight.active;
    if (!is_vector(weight.role()) && !looked_up) multiplied.insert(target);
  }
  out.active_bytes = static_cast<uint64_t>(std::llround(active));
  out.weights_anonymous_bytes += overhead.copied_bytes;
  out.context = options.run.context > 0 ? options.run.context : default_context(config);
  out.kv_bytes =
      2 * static_cast<uint64_t>(config.layers * config.kv_heads * options.sequences) *
      static_cast<uint64_t>(out.context * options::kv_row_bytes(options.run.kv, config.head_dim));
  out.workspace_bytes = options.backend.workspace_bytes(config, multiplied,
                                                        {.context = out.context,
                                                         .step = options.step,
                                                         .logit_rows = options.logit_rows,
                                                         .threads = threads,
                                                         .sequences = options.sequences});
  out.tokenizer_bytes = overhead.tokenizer_bytes;
  out.program_bytes = kProgramBytes + static_cast<uint64_t>(threads) * kThreadBytes;
  return out;
}

MemoryPlan plan(const ModelConfig& config, std::optional<ModeId> mode, const PlanOptions& options) {
  return plan(config, weights_of(config), mode, options);
}

MemoryPlan plan(const checkpoint::Checkpoint& checkpoint, std::optional<ModeId> mode,
                const PlanOptions& options) {
  return plan(checkpoint.config(), weights_of(checkpoint), mode, options, overhead_of(checkpoint));
}

}  // namespace nety::policy
