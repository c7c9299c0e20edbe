// What a report asks of speeds, as questions for the schedule: the claims of reports/claims/
// compare the same pairs at the same margin (tests/bench/questions_test.cpp holds them together).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "bench/plan.h"
#include "bench/schedule.h"

namespace nety::bench {

/// Ranks: first what the policy's claims ask of our own engine, then samples of its figures, then
/// other engines, then samples of theirs.
inline constexpr int kOwnRank = 0, kOwnWishRank = 1, kOtherRank = 2, kOtherWishRank = 3;

/// Which of them the policy chose; nothing: none, or it is not among them.
std::optional<size_t> find_choice(const std::vector<Configuration>& configurations,
                                  const std::string& mode, const std::string& backend);

/// Whether each mode is faster than fp32 on the same backend (prefill too for fp16), and whether
/// anything on the device of `choice` is faster than it.
std::vector<Question> questions_of(const std::vector<Configuration>& configurations,
                                   std::optional<size_t> choice, const std::string& device);

/// "bf16 native / fp32 native"
std::string name_of(const Question& question, const std::vector<Configuration>& configurations);

/// The order in which contenders are opened: the choice, the reference, then our own modes, then
/// other engines.
std::vector<size_t> opening_order(const std::vector<Configuration>& configurations,
                                  std::optional<size_t> choice);

}  // namespace nety::bench
