// Notes on bitsandbytes checkpoints that are sound but unusual, or that other programs get wrong.
#pragma once

#include <string_view>

#include "core/checkpoint/checkpoint.h"
#include "core/checkpoint/huggingface_config.h"
#include "core/checkpoint/issue.h"
#include "core/checkpoint/quant_state.h"

namespace nety::checkpoint {

/// Shapes that bitsandbytes 0.50.2 gets wrong on some CPUs; block sizes, storage types and weights
/// that are unusual. `weight` is still packed.
void note_four_bit(const Tensor& weight, const QuantState& state, IssueList& issues);

/// A quantised lm_head, which is legal.
void note_head(const Tensor& weight, std::string_view mode, IssueList& issues);

/// Contradictions between config.json and the numbers of int8 and 4-bit weights.
void note_config(const QuantizationHint& hint, int int8, int four_bit, IssueList& issues);

}  // namespace nety::checkpoint
