// Follows NativeBackend::reserve(), Activations, Scratch and Attention, whose constants it uses,
// and engine::Engine; tests/app/memory_test.cpp compares with what a process really takes.
#include "core/backends/native/memory.h"

#include <algorithm>

#include "core/backends/native/attention.h"
#include "core/backends/native/linear.h"
#include "core/backends/native/workspace.h"

namespace nety::native {
namespace {

using precision::ModeId;

constexpr int64_t kFloat = sizeof(float);

/// What products with weights of a mode take: the largest of any instruction set's.
struct Takes {
  std::set<const Form*> forms;
  bool column = false;

  void add(ModeId mode) {
    const Form* largest = nullptr;
    for (const kernels::InstructionSet& set : kernels::instruction_sets()) {
      const Product& product = product_of(mode, set.id);
      const Form* form = product.form;
      if (form != nullptr && (largest == nullptr || form->bytes > largest->bytes)) largest = form;
      column = column || product.takes_column;
    }
    if (largest != nullptr) forms.insert(largest);
  }
  /// Of the fp32 rows and the forms.
  int64_t bytes_per_form_values() const {
    int64_t bytes = kFormValues * kFloat;
    for (const Form* form : forms) bytes += form->bytes;
    return bytes;
  }
};

uint64_t workspace_bytes(const checkpoint::ModelConfig& config, const std::set<ModeId>& multiplied,
                         const checkpoint::SessionSize& size) {
  const int64_t q = config.heads * config.head_dim;
  const int64_t kv = config.kv_heads * config.head_dim;
  const int64_t widest =
      std::max({config.dim, q, config.ffn_dim, config.largest_mixture().ffn_dim}) +
      Activations::kMargin;
  const int64_t group = config.heads / std::max<int64_t>(1, config.kv_heads);
  const int64_t positions = size.context * size.sequences;
  const int64_t logit_rows = std::clamp<int64_t>(size.logit_rows, 1, positions);
  const int64_t tokens = std::max(std::min(size.step, positions), logit_rows);

  Takes takes;
  for (const ModeId mode : multiplied) takes.add(mode);
  const int64_t activations =
      tokens *
      (config.dim + q + 2 * kv + 2 * config.ffn_dim + Workspace::floats_for_specs(config)) * kFloat;
  const int64_t inputs = tokens * widest * takes.bytes_per_form_values() / kFormValues;
  const int64_t experts = Experts::bytes(config, tokens, takes.bytes_per_form_values());
  const int64_t tallest = takes.column ? std::max(widest, config.vocab) : 0;
  const int64_t scratch = Scratch::bytes(widest, tallest, tokens);
  const int64_t attention =
      Attention::shared_bytes(config.kv_heads, group, config.head_dim, size.context) +
      size.threads * Attention::scratch_bytes(group, config.head_dim);
  const int64_t session = logit_rows * config.vocab * kFloat +
                          size.sequences * config.vocab * kCandidateBytes +
                          positions * static_cast<int64_t>(sizeof(int32_t));
  return static_cast<uint64_t>(activations + inputs + experts + size.threads * scratch + attention +
                               session);
}

}  // namespace

checkpoint::BackendMemory memory() {
  return {.packed_bytes = kernels::packed_bytes, .workspace_bytes = workspace_bytes};
}

}  // namespace nety::native
