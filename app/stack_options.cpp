#include "app/stack_options.h"

#include <fmt/core.h>

#include <iterator>

#include "app/console.h"
#include "diag/stack.h"

namespace nety::app {
void StackOptions::declare(Arguments& arguments) {
  arguments.texts("--python", pythons,
                  "The Python whose stack is examined, or its environment (repeatable)");
}

void StackOptions::examine(diag::Diagnosis& diagnosis, const checkpoint::Checkpoint* checkpoint,
                           bool quick, const Context& context) const {
  RedrawnLine line(draws_progress(context));
  diag::StackRequest request;
  request.pythons = pythons;
  request.facts_only = quick;
  request.interrupted = [] { return interrupted(); };
  request.on_check = [&line](std::string_view check) {
    line.show(fmt::format("Python stack: {}", check));
  };
  auto found = diag::diagnose_stack(machine::host(), request, context.language);
  std::move(found.begin(), found.end(), std::back_inserter(diagnosis.findings));
  if (checkpoint == nullptr) return;
  if (auto call = diag::eight_bit_call(*checkpoint, diagnosis, context.language))
    diagnosis.findings.push_back(std::move(*call));
}

}  // namespace nety::app
