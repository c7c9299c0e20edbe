// Faults of bitsandbytes on CPUs that users have reported: which of them an installation has, by
// the tests of stack_reports.py that provoke them.
#pragma once

#include <string>
#include <vector>

#include "core/results/results.h"
#include "diag/stack.h"
#include "diag/stack_words.h"

namespace nety::diag {

enum class Presence : uint8_t {
  kPresent,    ///< It went wrong here. Its finding's status is warn.
  kDormant,    ///< It is in this version, but this CPU does not take that path: ok.
  kAbsent,     ///< The same was tried and is right: absent.
  kUndecided,  ///< Neither can be told here: unknown.
};

struct StackVerdict {
  Presence presence = Presence::kUndecided;
  std::string why;  ///< A key of stack_reports.py, "packed_by_hand"; may be empty.
};

/// "stack.reports", which names them all by verdict (data: how many are present), and one finding
/// "stack.report.<name>" per row of stack_reports.def.
std::vector<results::Finding> judge_reports(const std::vector<StackCheck>& checks,
                                            const std::string& versions, const StackWords& words);

}  // namespace nety::diag
