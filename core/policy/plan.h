// The memory a model will take, worked out before any of it is touched.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/checkpoint/backend_memory.h"
#include "core/checkpoint/checkpoint.h"
#include "core/checkpoint/config.h"
#include "core/checkpoint/slot.h"
#include "core/options/run_options.h"
#include "core/precision/mode.h"

namespace nety::policy {

using checkpoint::Role;

/// One weight of a model: [rows, cols]; a vector is one row.
struct PlannedWeight {
  std::string name;
  int64_t rows = 0, cols = 0;
  checkpoint::Slot slot = checkpoint::Slot::wq;
  std::optional<precision::ModeId> stored;  ///< How the file has it; nothing: there is no file.
  uint64_t stored_bytes = 0;                ///< In the file, scales and tables included.
  double active = 1;                        ///< The share of tokens that use it: of experts k / E.
  bool scattered = false;  ///< Cannot be used where the file has it, whatever the mode.
  int64_t count = 1;       ///< How many there are that are alike: counted_weights.h.

  Role role() const { return checkpoint::role_of(slot); }
};

/// The weights of the architecture, in the order of the forward pass; tied embeddings once.
std::vector<PlannedWeight> weights_of(const checkpoint::ModelConfig& config);
/// The same with the types that the checkpoint stores them in. Error: kCheckpoint.
std::vector<PlannedWeight> weights_of(const checkpoint::Checkpoint& checkpoint);

struct PlanOptions {
  options::RunOptions run;  ///< A context of 0 is default_context(); no threads are one.
  int64_t step = 512;       ///< Tokens per step of prefill.
  int64_t logit_rows = 9;   ///< Most rows of logits at once: a token and eight guesses.
  int64_t sequences = 1;    ///< Of the context each.
  checkpoint::BackendMemory backend{};  ///< What the backend that is planned for says of itself.
};

/// Memory that a checkpoint takes in addition to its weights, the same in every mode; 0 for a
/// shape.
struct Overhead {
  uint64_t tokenizer_bytes = 0;  ///< See tokenizer_bytes().
  uint64_t copied_bytes = 0;     ///< Checkpoint::copied_bytes(): mostly 0.
};
Overhead overhead_of(const checkpoint::Checkpoint& checkpoint);

/// The number of weights, and how many of them a token uses: all but the experts that it does not
/// have.
int64_t parameters(std::span<const PlannedWeight> weights);
int64_t active_parameters(std::span<const PlannedWeight> weights);
/// Floating-point operations of a token's products with the layers' matrices.
double flops_per_token(std::span<const PlannedWeight> weights);

/// The context used when none is asked for: the model's own, at most 4096.
int64_t default_context(const checkpoint::ModelConfig& config);

/// The mode of embeddings and lm_head; nothing: as stored. `mode` empty: stored.
std::optional<precision::ModeId> head_mode(options::HeadType head,
                                           std::optional<precision::ModeId> mode);

/// The mode that a weight is brought into by these modes of matrices and of embeddings; nothing: as
/// it is stored.
std::optional<precision::ModeId> target_of(const PlannedWeight& weight,
                                           std::optional<precision::ModeId> mode,
                                           std::optional<precision::ModeId> head);

/// Memory by use, in bytes. For a GPU the same total is compared with its memory, although
/// tokenizer and program stay in the host's: a few MB.
struct MemoryPlan {
  uint64_t weights_anonymous_bytes = 0;  ///< Converted or made: cannot be dropped.
  uint64_t weights_mapped_bytes = 0;     ///< Used in place: the system may drop and re-read them.
  uint64_t active_bytes = 0;             ///< Of both, those of a token's experts and all else.
  uint64_t kv_bytes = 0;                 ///< Taken as the context fills.
  uint64_t workspace_bytes = 0;          ///< The backend's buffers for the largest step.
  uint64_t tokenizer_bytes = 0;
  uint64_t program_bytes = 0;  ///< Before any model, and a stack for each thread.
  int64_t context = 0;         ///< Of each sequence; kv_bytes is for all of them.

  uint64_t weights() const { return weights_anonymous_bytes + weights_mapped_bytes; }
  /// What the program allocates; mapped files do not count. Its peak stays below this.
  uint64_t anonymous() const {
    return weights_anonymous_bytes + kv_bytes + workspace_bytes + tokenizer_bytes + program_bytes;
  }
  uint64_t total() const { return anonymous() + weights_mapped_bytes; }
  /// What must be available: the total and a tenth to spare.
  uint64_t needed() const { return total() + total() / 10; }
};

/// The plan for `weights` brought into `mode` (nothing: as stored, or fp32 where nothing is
/// stored). A weight already stored as wanted is mapped, every other one is anonymous.
MemoryPlan plan(const checkpoint::ModelConfig& config, std::span<const PlannedWeight> weights,
                std::optional<precision::ModeId> mode, const PlanOptions& options,
                const Overhead& overhead = {});
/// The same from a shape alone, all of it made in memory.
MemoryPlan plan(const checkpoint::ModelConfig& config, std::optional<precision::ModeId> mode,
                const PlanOptions& options);
MemoryPlan plan(const checkpoint::Checkpoint& checkpoint, std::optional<precision::ModeId> mode,
                const PlanOptions& options);

}  // namespace nety::policy
