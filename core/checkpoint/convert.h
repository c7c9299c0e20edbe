// Any checkpoint as a Hugging Face directory in another precision: what `nety quantize` does.
#pragma once

#include <cstdint>
#include <filesystem>

#include "core/base/progress.h"
#include "core/base/thread_pool.h"
#include "core/checkpoint/checkpoint.h"
#include "core/checkpoint/writer.h"

namespace nety::checkpoint {

struct ConvertOptions {
  /// fp32, bf16 or fp16 for all tensors; int8, nf4, nf4-dq, fp4 or fp4-dq for the linear layers
  /// but lm_head, the rest keeping its type, as transformers and bitsandbytes do.
  precision::ModeId mode;
  uint64_t shard_bytes = kShardBytes;
};

/// Writes `source` to the new directory `destination`: weights tensor by tensor (never more than
/// one in memory), config.json, generation_config.json, and the tokenizer's files (copied, or made
/// from GGUF metadata where that is possible). The query and key rows of a GGUF are put back into
/// transformers' order. Errors: kUsage for a mode that is only read or a destination that exists;
/// kCheckpoint for weights the mode cannot represent; kIo. Nothing is left behind after an error.
/// Returns what was left out: "tokenizer_not_written".
std::vector<Notice> convert(const Checkpoint& source, const std::filesystem::path& destination,
                            const ConvertOptions& options, ThreadPool& pool, Progress& progress);

/// The row of a GGUF's query or key matrix that holds row `row` of transformers' matrix: GGUF pairs
/// rows (2i, 2i + 1) of each head for RoPE, transformers (i, i + head_dim / 2).
int64_t interleaved_row(int64_t row, int64_t head_dim);

}  // namespace nety::checkpoint
