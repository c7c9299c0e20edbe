// Weights of few float bits whose scales are tensors of their own: in Hugging Face directories fp8
// ("weight" and "weight_scale_inv" or "weight_scale") and MXFP4 ("_blocks" and "_scales", as
// gpt-oss), in GGUF files NVFP4 ("weight" and "scale").
#pragma once

#include "core/checkpoint/builder.h"

namespace nety::checkpoint {

/// Makes one tensor of each pair X_blocks and X_scales: X, of type "MXFP4", with the shape of the
/// weight. Before the tensors are placed. What is wrong goes into builder.issues.
void join_mxfp4_tensors(Builder& builder);

/// Gives each fp8 weight its mode and its scales, whose tensors leave the list, as those of scales
/// of activations do: activations stay as they are. What is wrong goes into builder.issues.
void resolve_fp8(Builder& builder);

/// The same of GGUF's NVFP4 weights, which may have a factor for the whole matrix. Error:
/// kCheckpoint for a factor of a weight of another type.
void resolve_factors(Builder& builder);

}  // namespace nety::checkpoint
