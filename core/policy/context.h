// A context longer than the model was made for.
#pragma once

#include <cstdint>
#include <optional>

#include "core/base/messages.h"
#include "core/checkpoint/config.h"

namespace nety::policy {

/// What is to be said of it, if it is: the model answers there, but not sense.
std::optional<Text> beyond_the_model(int64_t context, const checkpoint::ModelConfig& config);

}  // namespace nety::policy
