// Findings about the installed Python stack, as claims read them. Private to this folder.
#pragma once

#include <string>
#include <string_view>

#include "reports/claims/judge.h"

namespace nety::reports {

/// How one of diag's small tests in the user's Python came out.
enum class Check : uint8_t { kWorks, kFails, kUnknown };

/// The finding "stack.<check>"; null: the test was not run.
const results::Finding* stack_finding(const Evidence& evidence, std::string_view check);
Check outcome_of(const results::Finding* finding);
/// "title: value. consequence", as it was found.
std::string finding_text(const results::Finding& finding);
/// NOT TESTED, with the command that runs those tests.
Judgement stack_not_tested(const Case& about);

}  // namespace nety::reports
