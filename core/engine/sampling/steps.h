// The steps from a model's logits to the tokens that are drawn from: one function and one file
// each, and one table that says their order.
#pragma once

#include <string_view>

#include "core/engine/sampling/candidates.h"
#include "core/engine/sampling/options.h"

namespace nety::engine {

/// What stands before the token that is sought.
struct Past {
  std::span<const int32_t> all;       ///< Prompt and answer.
  std::span<const int32_t> answer{};  ///< The end of it that was sampled.
};

/// The last `size` of `tokens`, or all there are.
inline std::span<const int32_t> last_of(std::span<const int32_t> tokens, int64_t size) {
  return tokens.last(std::min(tokens.size(), static_cast<size_t>(std::max<int64_t>(size, 0))));
}

/// When a step is taken.
enum class When : uint8_t {
  kAlways,        ///< Also where the likeliest token is taken, which is sought after these steps.
  kDrawn,         ///< Where one is drawn, in both orders.
  kTransformers,  ///< The same in this order alone.
  kLlamaCpp,
};

/// Does nothing where its options have the value that changes nothing.
using StepFunction = void (*)(const SamplingOptions& options, const Past& past,
                              Candidates& candidates);

namespace steps {
// One that stands twice in the table is declared twice.
#define NETY_SAMPLING_STEP(name, when) \
  void name(const SamplingOptions& options, const Past& past, Candidates& candidates);
#include "core/engine/sampling/steps.def"
#undef NETY_SAMPLING_STEP
}  // namespace steps

struct SamplingStep {
  std::string_view name;
  When when;
  StepFunction run;

  bool applies(const SamplingOptions& options) const;
};

/// In their order.
std::span<const SamplingStep> sampling_steps();

}  // namespace nety::engine
