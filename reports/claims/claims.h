// What the policy and the story claim, held against what was measured. A claim ends as SUPPORTED,
// REFUTED, INCONCLUSIVE or NOT TESTED; one without data names the command that would test it.
#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "core/base/messages.h"
#include "core/results/closeness.h"
#include "core/results/results.h"
#include "reports/claims/evidence.h"

namespace nety::reports {

using results::Admissible;

struct ClaimOptions {
  Language language = Language::kEnglish;
  Admissible admissible;
};

/// Every claim of claims.def, judged from the evidence, in the table's order.
std::vector<results::Claim> judge(const Evidence& evidence, const ClaimOptions& options = {});
/// For each of the file's subjects, one after the other.
std::vector<results::Claim> judge(const results::File& file, const ClaimOptions& options = {});

/// Ids of all claims, for --gate.
std::span<const std::string_view> claim_ids();

/// The heading of a claim's group; none for an id that is not in the table.
std::optional<MessageId> group_of(std::string_view claim_id);

/// Whether another engine's answers are ours: by the agreement of its greedy answers, and by the
/// divergence where that was measured.
results::Closeness answers_of(const ConfigurationView& contender, const Admissible& admissible);

/// The policy's choice against everything else that was measured: what the report's headline says.
struct BestChoice {
  const ConfigurationView* chosen = nullptr;
  const ConfigurationView* best = nullptr;      ///< The fastest admissible one; may be `chosen`.
  std::optional<Ratio> speedup;                 ///< Of best over chosen.
  const ConfigurationView* doubt = nullptr;     ///< The first whose speed is not decided.
  std::optional<Ratio> doubtful;                ///< Its speed over chosen.
  const ConfigurationView* unscored = nullptr;  ///< The first that is faster, its closeness open.
  std::vector<const ConfigurationView*> ties;   ///< As fast as chosen, within the margin.
  results::Verdict verdict = results::Verdict::kNotTested;
};
BestChoice best_choice(const Evidence& evidence, const Admissible& admissible);
/// fp32, the CPU rule's choice, against the modes that can be made from the same weights: what a
/// file stores in a quantised format is left aside, and so are other engines.
BestChoice best_beside_fp32(const Evidence& evidence, const Admissible& admissible);

}  // namespace nety::reports
