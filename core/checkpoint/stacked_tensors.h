// Tensors that hold the same weight of all experts of a layer, side by side.
#pragma once

#include <span>

#include "core/checkpoint/builder.h"
#include "core/checkpoint/tensors.h"

namespace nety::checkpoint {

/// Replaces each stored tensor that is a stack of `infos` by a tensor for each of these, which
/// points to its part of the same bytes. Error: kCheckpoint for a stack of another shape.
void split_stacks(Builder& builder, std::span<const TensorInfo> infos);

/// The name under which a file of that format has the tensor, for messages: that of the stack where
/// it is usual.
std::string usual_name(const TensorInfo& info, Format format);

/// Bytes of a tensor whose elements do not lie side by side in the file, in their order: copied
/// one by one to `to`.
void gather_elements(const Tensor& tensor, std::byte* to);

}  // namespace nety::checkpoint
