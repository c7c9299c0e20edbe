// The buffers of one session of the native backend, counted before they are made.
#pragma once

#include <cstdint>
#include <set>

#include "core/checkpoint/config.h"
#include "core/precision/mode.h"

namespace nety::policy {

struct SessionSize {
  int64_t context = 0;     ///< Tokens in the cache.
  int64_t step = 0;        ///< Tokens per step of prefill, at most.
  int64_t logit_rows = 0;  ///< Rows of logits at once, at most.
  int64_t threads = 1;
};

/// Bytes of activations, of their forms for products with weights of the modes `multiplied`, of
/// each thread's scratch, of logits and of the sampler's list.
uint64_t workspace_bytes(const checkpoint::ModelConfig& config,
                         const std::set<precision::ModeId>& multiplied, const SessionSize& size);

}  // namespace nety::policy
