// How tokens are sampled: one struct made from one list, which everything that passes the numbers
// on visits. To add one: a row of options.def and the step that uses it (README.md).
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace nety::engine {

/// Added to a token's logit before anything else.
struct LogitBias {
  int32_t token = 0;
  float bias = 0;
};

/// Whose order the steps are taken in (steps.def).
enum class SamplingOrder : uint8_t { kTransformers, kLlamaCpp };

/// As it stands, it draws in proportion to the model's own probabilities. Greedy takes the largest
/// logit and overrides all else, penalties and bias included.
struct SamplingOptions {
  bool greedy = false;
#define NETY_SAMPLING_OPTION(type, name, nothing, ...) type name = nothing;
#include "core/engine/sampling/options.def"
#undef NETY_SAMPLING_OPTION
  std::vector<LogitBias> bias{};
  SamplingOrder order = SamplingOrder::kTransformers;
  uint64_t seed = 0;
};

/// What an option is about.
enum class SamplingRole : uint8_t {
  kDraws,      ///< Whoever asks for it wants tokens to be drawn.
  kPenalises,  ///< Means something where the likeliest token is taken, too.
};

template <class T>
struct SamplingRow {
  std::string_view name;  ///< As members are called: "top_k".
  std::string_view flag;  ///< As the command line does: "--top-k".
  T least, most;
  T transformers, llama_cpp;  ///< What these engines use where nothing is said.
  SamplingRole role;
  std::string_view help;

  bool holds(double value) const {
    return value >= static_cast<double>(least) && value <= static_cast<double>(most);
  }
  T usual(SamplingOrder order) const {
    return order == SamplingOrder::kLlamaCpp ? llama_cpp : transformers;
  }
};

namespace sampling_rows {
using enum SamplingRole;
#define NETY_SAMPLING_OPTION(type, name, nothing, transformers, llama_cpp, flag, least, most, \
                             role, help)                                                      \
  inline constexpr SamplingRow<type> name{#name,        flag,      least, most,               \
                                          transformers, llama_cpp, role,  help};
#include "core/engine/sampling/options.def"
#undef NETY_SAMPLING_OPTION
}  // namespace sampling_rows

/// Calls visitor(row, value of each of `structs`) for every option. The structs have members of the
/// options' names: SamplingOptions does.
template <class Visitor, class... Structs>
void visit_sampling(Visitor&& visitor, Structs&... structs) {
#define NETY_SAMPLING_OPTION(type, name, ...) visitor(sampling_rows::name, structs.name...);
#include "core/engine/sampling/options.def"
#undef NETY_SAMPLING_OPTION
}

}  // namespace nety::engine
