// Interpreters and versions; then the tests and the library, if they were asked for.
#include "diag/stack.h"

#include <fmt/core.h>

#include <algorithm>
#include <iterator>

#include "core/base/words.h"
#include "diag/bitsandbytes_library.h"
#include "diag/stack_words.h"

namespace nety::diag {
namespace {

using measure::Python;
using measure::PythonStack;
using results::Finding;
using results::FindingStatus;

constexpr const char* kStackPackages[] = {"torch", "transformers", "accelerate", "bitsandbytes"};
constexpr double kAskLimit = 20, kImportLimit = 120, kLibraryLimit = 20;

/// "torch 2.11.0+cu130 (CUDA 13.0, AVX512), transformers 5.23.0"; missing ones apart.
std::string versions(const PythonStack& stack, std::string& missing) {
  std::string text;
  for (const char* name : kStackPackages) {
    const auto found = stack.packages.find(name);
    std::string& list = found == stack.packages.end() ? missing : text;
    append_word(list, name);
    if (found == stack.packages.end()) continue;
    text += " " + found->second;
    if (std::string_view(name) != "torch") continue;
    std::string details = stack.torch_cuda.empty() ? "" : "CUDA " + stack.torch_cuda;
    if (!stack.torch_capability.empty()) append_word(details, stack.torch_capability);
    if (!details.empty()) text += " (" + details + ")";
  }
  return text;
}

class Stacks {
 public:
  Stacks(const machine::Machine& machine, const StackRequest& request, const StackWords& words)
      : machine_(machine), request_(request), words_(words) {}

  std::vector<Finding> find() {
    ask_all();
    if (stacks_.empty()) return {no_python()};
    PythonStack& chosen = choose();
    if (!request_.facts_only && chosen.has("torch"))
      chosen = measure::ask_python(chosen.python, true, kImportLimit);
    std::vector<Finding> findings{python(chosen), packages(chosen)};
    if (stacks_.size() > 1) findings.push_back(others(chosen));
    if (!chosen.can_run(true)) return findings;
    if (request_.facts_only) {
      findings.push_back(tests_left_out(chosen));
      return findings;
    }
    std::vector<Finding> tests = judge(chosen, run_stack_checks(chosen, request_), words_.language);
    tests.push_back(library(chosen));
    std::move(tests.begin(), tests.end(), std::back_inserter(findings));
    return findings;
  }

 private:
  void ask_all() {
    for (const Python& python :
         measure::find_pythons(machine_, measure::variable, request_.pythons)) {
      if (request_.interrupted && request_.interrupted()) return;
      if (request_.on_check) request_.on_check(python.program.string());
      stacks_.push_back(measure::ask_python(python, false, kAskLimit));
    }
  }

  /// The first given; else the first that has the stack; else the first.
  PythonStack& choose() {
    PythonStack& first = stacks_.front();
    if (first.python.origin == "--python") return first;
    for (const bool quantised : {true, false})
      for (PythonStack& stack : stacks_)
        if (stack.can_run(quantised)) return stack;
    return first;
  }

  Finding no_python() const {
    Finding none = words_.finding("stack.python", message::diag_stack_python, "PATH");
    none.status = FindingStatus::kAbsent;
    none.value = words_.say(message::diag_stack_python_none);
    none.consequence = words_.say(message::diag_stack_python_none_fine);
    return none;
  }

  Finding python(const PythonStack& stack) const {
    Finding finding =
        words_.finding("stack.python", message::diag_stack_python, stack.python.origin);
    finding.value = stack.python.program.string();
    if (!stack.version.empty()) finding.value = stack.version + " (" + finding.value + ")";
    if (stack.failure.empty()) return finding;
    finding.status = FindingStatus::kWarn;
    finding.consequence = words_.say(message::diag_stack_python_unfit, {stack.failure});
    finding.remedy = words_.say(message::diag_stack_packages_remedy);
    return finding;
  }

  Finding packages(const PythonStack& stack) const {
    Finding finding = words_.finding("stack.packages", message::diag_stack_packages,
                                     stack.python.program.string());
    std::string missing;
    finding.value = versions(stack, missing);
    if (missing.empty()) return finding;
    finding.status = FindingStatus::kAbsent;
    finding.value = finding.value.empty()
                        ? words_.say(message::diag_stack_packages_none)
                        : words_.say(message::diag_stack_packages_some, {finding.value, missing});
    finding.consequence = words_.say(message::diag_stack_packages_fine);
    finding.remedy = words_.say(message::diag_stack_packages_remedy);
    return finding;
  }

  /// Unknown if --python asked for this one; else a normal absence.
  Finding tests_left_out(const PythonStack& stack) const {
    Finding finding =
        words_.finding("stack.tests", message::diag_stack_tests, stack.python.program.string());
    finding.status = request_.pythons.empty() ? FindingStatus::kAbsent : FindingStatus::kUnknown;
    finding.value = words_.say(message::diag_stack_tests_left_out);
    finding.consequence = words_.say(message::diag_stack_tests_consequence);
    finding.remedy = words_.say(message::diag_stack_tests_remedy);
    return finding;
  }

  Finding others(const PythonStack& chosen) const {
    Finding finding = words_.finding("stack.others", message::diag_stack_others, "PATH");
    for (const PythonStack& stack : stacks_) {
      if (&stack == &chosen) continue;
      std::string missing;
      const std::string has = versions(stack, missing);
      append_word(finding.value,
                  fmt::format("{} ({}, {})", stack.python.program.string(),
                              stack.version.empty() ? stack.failure : stack.version,
                              stack.has("torch") ? has : words_.say(message::diag_stack_without)),
                  "; ");
    }
    return finding;
  }

  Finding library(const PythonStack& stack) const {
    constexpr const char* kName = "libbitsandbytes_cpu.so";
    const std::filesystem::path path = stack.bitsandbytes_folder / kName;
    Finding finding = words_.finding("stack.library", message::diag_stack_library, path.string());
    const auto& names = stack.bitsandbytes_libraries;
    if (std::find(names.begin(), names.end(), kName) == names.end()) {
      finding.status = FindingStatus::kAbsent;
      finding.value = words_.say(message::diag_stack_library_none);
      finding.consequence = words_.say(message::diag_stack_library_unloadable);
      return finding;
    }
    return judge_library(std::move(finding), ask_bitsandbytes_library(path, kLibraryLimit), words_);
  }

  const machine::Machine& machine_;
  const StackRequest& request_;
  const StackWords& words_;
  std::vector<PythonStack> stacks_;
};

}  // namespace

std::vector<Finding> diagnose_stack(const machine::Machine& machine, const StackRequest& request,
                                    Language language) {
  return Stacks(machine, request, StackWords{language}).find();
}

}  // namespace nety::diag
