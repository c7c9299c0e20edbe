#include "core/policy/context.h"

#include <string>

#include "core/policy/messages.h"

namespace nety::policy {

std::optional<Text> beyond_the_model(int64_t context, const checkpoint::ModelConfig& config) {
  if (config.context <= 0 || context <= config.context) return std::nullopt;
  return Text{message::policy_context_beyond,
              {std::to_string(context), std::to_string(config.context)}};
}

}  // namespace nety::policy
