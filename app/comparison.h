// Findings of a comparison, apart from its verdicts: protocol, A/A check, the smallest change it
// could have detected, other load on the machine.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "bench/compare.h"
#include "bench/contender.h"
#include "bench/protocol.h"
#include "bench/slice_plan.h"
#include "core/base/messages.h"
#include "core/machine/machine.h"

namespace nety::app {

/// How the programs were measured.
struct CompareMethod {
  enum class Kind : uint8_t { kSlices, kCommand, kMemory, kAsked };
  Kind kind = Kind::kSlices;
  bench::SlicePlan plan;                         ///< kSlices
  int protocol = bench::kProtocol;               ///< kSlices
  double needed_bytes = 0, available_bytes = 0;  ///< kMemory
  std::string reason;                            ///< kMemory: what a program said instead
};

/// Load by other programs and other virtual machines, at one moment.
struct OtherLoad {
  std::string average;                      ///< Of the last minute; empty: unknown.
  std::optional<uint64_t> stolen, elapsed;  ///< Ticks since boot, of all processors.
};
OtherLoad other_load(const machine::Machine& machine);

std::vector<results::Finding> findings_of_programs(const bench::ComparedPrograms& outcome,
                                                   const bench::CompareRequest& request,
                                                   const CompareMethod& method,
                                                   const OtherLoad& before, const OtherLoad& after,
                                                   Language language);
/// "compare.answers": how many tokens of another engine's greedy answers are ours too.
results::Finding finding_of_answers(const bench::Contender& contender,
                                    const bench::AnswerCheck& check, Language language);
std::vector<results::Finding> findings_of_files(const bench::ComparedPrograms& outcome,
                                                Language language);

}  // namespace nety::app
