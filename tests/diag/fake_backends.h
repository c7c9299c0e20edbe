// The native backend, and what it does wrong where a test wants it to.
#pragma once

#include <memory>
#include <string>

#include "diag/trial.h"

namespace nety::diag {

/// Misbehaves by the mode's name in the request: bf16 crashes, fp16 never returns, int8 is wrong in
/// one value of several tokens' products, nf4 is wrong by one part in a thousand, nf4-dq is not
/// supported, fp4 throws, fp4-dq gives no numbers; fp32 is as it should be.
std::unique_ptr<model::Backend> misbehaving_backend(const TrialRequest& request);

/// As it should be.
std::unique_ptr<model::Backend> native_backend(const TrialRequest& request);

}  // namespace nety::diag
