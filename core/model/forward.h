// The forward pass of the Llama family, written once for all backends.
#pragma once

#include <span>

#include "core/model/model.h"

namespace nety::model {

/// Runs one step: the tokens of `batch` through the model, their keys and values into `cache`, the
/// logits of batch.logit_rows into `logits` [R, V].
void forward(const Model& model, Backend& backend, Workspace& workspace, KvCache& cache,
             const Batch& batch, std::span<float> logits);

}  // namespace nety::model
