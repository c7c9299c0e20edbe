// Quantised weights as bitsandbytes and transformers save them: codes in one tensor, scales and
// state in others beside it. The names of sibling tensors decide a tensor's format; config.json is
// only a hint.
#pragma once

#include "core/checkpoint/builder.h"

namespace nety::checkpoint {

/// Joins each quantised weight with its side tensors: the weight gets its mode and its shape before
/// packing, the side tensors leave the list. Works from headers and the small quant_state JSONs
/// alone. Whatever is wrong goes into builder.issues; a weight with a fatal issue is left as it is.
void resolve_bitsandbytes(Builder& builder);

/// "lm_head" of "lm_head.weight": what the names of int8 side tensors begin with.
std::string_view module_of(std::string_view weight_name);

}  // namespace nety::checkpoint
