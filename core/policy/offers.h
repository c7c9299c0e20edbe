// What a machine can run: every model in every mode, held against what is wanted, the answer first.
// Pure functions of the catalogue, the machine's memory and its calibration.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/policy/counted_weights.h"
#include "core/policy/policy.h"
#include "core/policy/prediction.h"

namespace nety::policy {

/// A model that could be run.
struct Candidate {
  std::string name;
  std::string file;  ///< A file or directory of the user's; empty: of the catalogue.
  ModelFacts facts;  ///< Its weights are counted.
  std::string licence, terms, source;  ///< "Apache-2.0", "open", where its numbers were read.
  bool asked = false;                  ///< Named by the user: shown whatever is wanted.
};

/// One of the catalogue (core/checkpoint/shapes.h). Error: kUsage for a name that is none, with the
/// nearest ones.
Candidate candidate(const std::string& name);
/// All of the catalogue, smallest first.
std::vector<Candidate> catalogue();
/// Names of the catalogue that are like `name`, the most alike first; at most `most`.
std::vector<std::string> nearest_names(std::string_view name, size_t most = 3);

/// What is wanted; zeros: whatever it is.
struct Wanted {
  PlanOptions plan;
  double min_tps = 0, max_first_token_s = 0;
  uint64_t memory_bytes = 0;       ///< What there is, or what may be taken of it.
  int64_t prompt = 512;            ///< Shortened to half the context.
  std::vector<std::string> modes;  ///< By name, "stored" for a file; empty: usual_modes().
};
/// Modes that people run models in: made at load, and of GGUF files.
std::vector<std::string> usual_modes();

/// Why a model in a mode is no answer.
enum class Shortfall : uint8_t { kMemory, kContext, kSpeed, kFirstToken };

/// A model in a mode.
struct Offer {
  const Candidate* model = nullptr;
  std::string mode;
  MemoryPlan plan;
  Prediction prediction;
  Workload workload;
  std::vector<Shortfall> misses;
  std::optional<double> kld, top1;  ///< Measured here, against fp32.
  std::string check;                ///< The command that measures what is predicted.

  bool fits() const;
  bool meets() const { return misses.empty(); }
};

/// Every candidate in every wanted mode that it can have, with what it misses. The order: what
/// meets the wishes, then by size (the geometric mean of all parameters and of a token's: a mixture
/// is between), then by bits of a weight up to the 16 that are published, then by speed.
std::vector<Offer> offers(std::span<const Candidate> candidates, const Wanted& wanted,
                          const measure::Calibration& calibration);

/// Of each model the first that meets the wishes, else of those that were asked for the first.
std::vector<Offer> best_of_each(std::span<const Offer> all);

/// Where nothing meets the wishes: the offer that misses them by the smallest factor. Null where
/// there are no offers.
const Offer* nearest(std::span<const Offer> all, const Wanted& wanted);

/// What a model in a mode needs of a machine to meet the wishes.
struct Need {
  std::string mode;
  MemoryPlan plan;
  double read_bytes_per_s = 0;  ///< For min_tps.
  double peak_ops_per_s = 0;    ///< For max_first_token_s, of `type`.
  std::string type;             ///< "fp32", "bf16", "int8"
  bool calibrated = true;       ///< The mode's share of the walls was measured.
  bool possible = true;         ///< Else no memory is fast enough: layers alone take longer.
};
/// `wanted` says both a least speed and a longest time to the first token.
std::vector<Need> needs_of(const Candidate& candidate, const Wanted& wanted,
                           const measure::Calibration& calibration);

}  // namespace nety::policy
