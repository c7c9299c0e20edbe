// Runs stack_probe.py in the user's interpreter and reads its lines.
#include <stdlib.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "core/base/error.h"
#include "core/base/files.h"
#include "core/measure/stopwatch.h"
#include "core/measure/worker.h"
#include "diag/stack.h"

namespace nety::diag {
namespace fs = std::filesystem;
namespace {

using Json = nlohmann::json;

// One text: the second file uses the first, and runs.
constexpr char kProbeScript[] =
#include "diag/stack_reports.py.inc"
// The order is not the alphabet's.
#include "diag/stack_probe.py.inc"
    ;

constexpr double kImportLimit = 120;  // a cold disk and a stack of some gigabytes

}  // namespace

std::optional<StackCheck> parse_stack_check(const std::string& line) try {
  const Json json = Json::parse(line);
  StackCheck check;
  check.check = json.at("check").get<std::string>();
  check.result = json.at("result").get<std::string>();
  check.step = json.value("step", "");
  check.error = json.value("error", "");
  check.where = json.value("where", "");
  check.verdict = json.value("verdict", "");
  check.why = json.value("why", "");
  for (const auto& [key, value] : json.items())
    if (value.is_number()) check.numbers[key] = value.get<double>();
  return check;
} catch (const Json::exception&) {
  return std::nullopt;
}

namespace {

StackCheck failure(std::string result, std::string error) {
  return {.check = "import",
          .result = std::move(result),
          .step = "",
          .error = std::move(error),
          .where = "",
          .numbers = {}};
}

void collect(measure::Worker& worker, const StackRequest& request,
             std::vector<StackCheck>& checks) {
  const measure::Stopwatch watch;
  const auto give_up = [&] {
    return watch.seconds() > request.limit_s || (request.interrupted && request.interrupted());
  };
  for (;;) {
    const double limit = checks.empty() ? kImportLimit : request.check_limit_s + 10;
    const std::optional<std::string> line = worker.receive(limit, give_up);
    if (!line) break;
    if (std::optional<StackCheck> check = parse_stack_check(*line)) {
      if (request.on_check) request.on_check(check->check);
      checks.push_back(std::move(*check));
    }
  }
  if (!worker.end()) return;  // time is up: what there is counts
  if (checks.empty()) checks.push_back(failure("crashed", worker.end()->describe()));
}

}  // namespace

double StackCheck::number(std::string_view name) const {
  const auto found = numbers.find(name);
  return found == numbers.end() ? 0 : found->second;
}

std::vector<StackCheck> run_stack_checks(const measure::PythonStack& stack,
                                         const StackRequest& request) {
  const TemporaryFolder scratch;
  std::vector<StackCheck> checks;
  if (scratch.path().empty())
    return {failure("failed", "no temporary folder can be made; set TMPDIR")};
  measure::WorkerCommand command;
  command.argv = {stack.python.program.string(), "-c", kProbeScript, scratch.path().string(),
                  std::to_string(request.check_limit_s)};
  command.environment = measure::python_environment();
  try {
    measure::Worker worker(command);
    collect(worker, request, checks);
  } catch (const Error& error) {
    checks.push_back(failure("failed", error.what()));
  }
  return checks;
}

}  // namespace nety::diag
