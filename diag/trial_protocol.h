// What nety diag says to its workers and what they answer: one JSON object per line.
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "diag/rates.h"
#include "diag/trial.h"

namespace nety::diag {

using WorkerQuestion = std::variant<TrialRequest, RatesRequest>;

std::string to_line(const WorkerQuestion& question);
std::string to_line(const TrialReply& reply);
std::string to_line(const Rates& rates);
/// Error: kInternal for a line that is none, quoting its beginning.
WorkerQuestion parse_question(std::string_view line);
TrialReply parse_trial(std::string_view line);
Rates parse_rates(std::string_view line);

}  // namespace nety::diag
