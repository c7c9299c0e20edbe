// What a memory plan asks of a backend. It stands here because policy asks and backends answer, and
// neither sees the other.
#pragma once

#include <cstdint>
#include <set>

#include "core/checkpoint/config.h"
#include "core/precision/mode.h"

namespace nety::checkpoint {

/// How large the buffers of one session must be.
struct SessionSize {
  int64_t context = 0;     ///< Tokens of a sequence in the cache.
  int64_t step = 0;        ///< Tokens per step of prefill, at most.
  int64_t logit_rows = 0;  ///< Rows of logits at once, at most.
  int64_t threads = 1;
  int64_t sequences = 1;
};

/// Pure functions; their defaults are of a backend that copies no weights and has no buffers.
struct BackendMemory {
  /// Bytes of the copy in another layout that products with a weight stored in `mode` need; 0: it
  /// is multiplied with as stored.
  uint64_t (*packed_bytes)(precision::ModeId mode, int64_t rows, int64_t cols) =
      [](precision::ModeId, int64_t, int64_t) { return uint64_t{0}; };
  /// Bytes of activations, of their forms for products with weights of the modes `multiplied`, of
  /// each thread's scratch, of logits and of the samplers' lists.
  uint64_t (*workspace_bytes)(const ModelConfig& config,
                              const std::set<precision::ModeId>& multiplied,
                              const SessionSize& size) =
      [](const ModelConfig&, const std::set<precision::ModeId>&, const SessionSize&) {
        return uint64_t{0};
      };
};

}  // namespace nety::checkpoint
