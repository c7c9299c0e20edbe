// A decision in full, for people: what was asked, what is known, what each rule did, and what would
// be decided if the machine or the model were another.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/policy/policy.h"

namespace nety::policy {

/// A decision, or why there is none.
struct Outcome {
  std::optional<Decision> decision;
  std::string refusal;
};
/// decide(), with a refusal as text. Error: kUsage.
Outcome outcome_of(const Request& request, const results::Machine& machine, const ModelFacts& model,
                   const Evidence& evidence);

/// One "what if" and what would be decided.
struct WhatIf {
  Text condition;
  Outcome outcome;
};
/// A GPU, twice the memory, half of it; AVX2 only where there is AVX-512; a 16-bit file where this
/// one is quantised; and --policy measured where something was.
std::vector<WhatIf> what_ifs(const Request& request, const results::Machine& machine,
                             const ModelFacts& model, const Evidence& evidence);

/// The whole chain as text: request, machine, model, evidence, rules, decision, what-ifs.
std::string explain(const Request& request, const results::Machine& machine,
                    const ModelFacts& model, const Evidence& evidence, Language language);

}  // namespace nety::policy
