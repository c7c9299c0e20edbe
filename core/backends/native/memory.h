// What the native backend will allocate, worked out before anything is loaded.
#pragma once

#include "core/checkpoint/backend_memory.h"

namespace nety::native {

/// Of the sampler, per token of the vocabulary (tests/model/plan_test.cpp compares).
inline constexpr int64_t kCandidateBytes = 16;

/// For the widest kernels: narrower ones pack less and take no larger buffers.
checkpoint::BackendMemory memory();

}  // namespace nety::native
