#include "diag/trial_worker.h"

#include <unistd.h>

#include "core/measure/worker_side.h"
#include "diag/trial_protocol.h"

namespace nety::diag {
namespace {

std::string answer(const std::string& line, const BackendFactory& make_backend) {
  const WorkerQuestion question = parse_question(line);
  if (const auto* trial = std::get_if<TrialRequest>(&question))
    return to_line(try_mode(*trial, make_backend));
  try {
    return to_line(measure_rates(std::get<RatesRequest>(question)));
  } catch (const Error&) {
    return to_line(Rates{});  // no memory for it: nothing was measured
  }
}

}  // namespace

int answer_questions(int input, int output, const BackendFactory& make_backend) {
  return measure::answer_lines(input, output,
                               [&](const std::string& line) { return answer(line, make_backend); });
}

int worker_main() {
  const int output = measure::become_worker();
  return output < 0 ? 1 : answer_questions(STDIN_FILENO, output, real_backend);
}

}  // namespace nety::diag
