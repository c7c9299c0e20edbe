#include "app/trial_run.h"

#include <fmt/core.h>

#include <algorithm>

#include "app/console.h"
#include "app/run_arguments.h"
#include "core/base/error.h"
#include "core/kernels/kernels.h"
#include "core/model/plugin.h"
#include "core/precision/mode.h"
#include "diag/messages.h"

namespace nety::app {
namespace {

// One line, redrawn: what is being tried and how many are left.
class TrialProgress final : public diag::TrialObserver {
 public:
  TrialProgress(bool draw, Language language) : line_(draw), language_(language) {}

  void step(const std::string& what, size_t done, size_t total) override {
    const std::string text = what == "bandwidth"
                                 ? render({message::diag_progress_rates, {}}, language_)
                                 : render({message::diag_progress, {what}}, language_);
    line_.show(fmt::format("{}/{}  {}", done + 1, total, text));
  }
  bool interrupted() override { return app::interrupted(); }

 private:
  RedrawnLine line_;
  Language language_;
};

std::vector<std::string> modes_to_try(const std::string& stored_mode) {
  std::vector<std::string> modes;
  if (!stored_mode.empty()) modes.push_back(stored_mode);
  for (const precision::Mode& mode : precision::modes())
    if (mode.functions->allocate != nullptr && mode.name != stored_mode)
      modes.emplace_back(mode.name);
  return modes;
}

}  // namespace

void TrialRun::declare(Arguments& arguments) {
  arguments.texts("--require", require,
                  "Exit with 6 unless this holds: ram>=16GiB, avx512_bf16, mode:int8=viable ...; "
                  "without -o and --json only that is measured; help lists all (repeatable)");
  arguments.flag("--quick", quick, "Two seconds: facts and known answers, nothing is timed");
  using options::rows::isa, options::rows::threads;
  declare_run(arguments, run, named({isa.name, threads.name}),
              {{isa.name, "Try modes as a machine would that has no more than this"}});
}

bool TrialRun::wants_help() const {
  return std::find(require.begin(), require.end(), "help") != require.end();
}

std::vector<diag::Requirement> TrialRun::requirements() const {
  std::vector<diag::Requirement> out;
  for (const std::string& text : require) out.push_back(diag::parse_requirement(text));
  return out;
}

std::optional<diag::Trials> TrialRun::try_modes(const Context& context,
                                                const machine::Machine& machine,
                                                const std::string& stored_mode,
                                                const diag::Needs& needs) const {
  kernels::choose_isa(run.isa, machine);
  if (needs.trials.empty() && !needs.backends && !needs.rates.any()) return std::nullopt;
  const results::Machine facts = machine::describe(machine);
  diag::TrialOptions options;
  options.quick = quick;
  options.run = run;
  options.run.threads = machine::threads_for(run.threads, machine);
  options.rates = needs.rates;
  std::vector<std::string> backends = {"native"};
  const auto needed = [&needs](std::string_view name) {
    const auto on_it = [name](const diag::ModeOnBackend& one) { return one.backend == name; };
    return needs.everything || needs.backends || std::ranges::any_of(needs.trials, on_it);
  };
  for (const std::string_view name : model::plugin_names()) {
    if (!needed(name)) continue;  // opening LibTorch takes a third of a second
    // A contender's arithmetic is not the mode's: the known answers are not its own.
    if (!model::modes_of_backend(name).empty()) continue;
    const model::PluginStatus status = model::probe_plugin(name);
    if (!status.available)
      options.missing.push_back({std::string(name), status.what, status.hint});
    else if (status.device == DeviceKind::kCpu)  // trials are of this processor
      backends.emplace_back(name);
  }
  options.tries = diag::every(modes_to_try(stored_mode), backends);
  if (!needs.everything) {
    options.tries = needs.trials;
    std::erase_if(options.tries, [&backends](const diag::ModeOnBackend& one) {
      return std::find(backends.begin(), backends.end(), one.backend) == backends.end();
    });
    std::ranges::stable_sort(options.tries, {}, &diag::ModeOnBackend::backend);
  }
  options.memory_bytes = facts.memory_available_bytes;
  TrialProgress progress(draws_progress(context), context.language);
  return diag::run_trials(options, facts, progress);
}

void hold_requirements(const std::vector<diag::RequirementCheck>& checks) {
  std::string unmet;
  size_t count = 0;
  for (const diag::RequirementCheck& check : checks) {
    if (check.met) continue;
    unmet += fmt::format("\n      {}  found: {}", check.text, check.found);
    ++count;
  }
  if (count == 0) return;
  throw Error(ErrorKind::kRequirement,
              fmt::format("{} of {} requirements not met:{}", count, checks.size(), unmet));
}

}  // namespace nety::app
