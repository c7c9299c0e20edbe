// nety diag: what this machine can run.
#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>

#include "app/command.h"
#include "app/console.h"
#include "app/diag_output.h"
#include "app/input.h"
#include "app/model_options.h"
#include "app/run_arguments.h"
#include "app/stack_options.h"
#include "app/trial_run.h"
#include "bench/model_facts.h"
#include "core/base/files.h"
#include "core/model/plugin.h"
#include "core/policy/explain.h"
#include "core/results/json.h"
#include "diag/screen.h"
#include "reports/render.h"

namespace nety::app {
namespace {

size_t screen_width() {
  return std::clamp<size_t>(terminal_columns(STDOUT_FILENO).value_or(100), 72, 132);
}

class Diag final : public Command {
 public:
  void declare(Arguments& arguments) override {
    options_.model.clear();
    options_.declare_plan(arguments);
    declare_run(arguments, options_.run, of_role(options::kPolicy));
    stack_.declare(arguments);
    arguments.flag("--explain-policy", explain_policy_,
                   "Print what was asked, what is known, what each rule did, and the what-ifs");
    trials_.declare(arguments);
    arguments.flag("--json", json_, "Print JSON");
    arguments.texts("-o,--output", outputs_, "Write a file: .json .md .html .xml (repeatable)");
  }

  int run(const Context& context) override {
    if (trials_.wants_help()) {
      write_output(diag::requirement_help(context.language));
      return 0;
    }
    if (explain_policy_) return explain(context);
    const std::vector<diag::Requirement> requirements = trials_.requirements();
    for (const std::string& path : outputs_) {
      reports::renderer_for(path);
      check_writable(path);
    }
    std::unique_ptr<checkpoint::Checkpoint> checkpoint;
    if (!options_.model.empty())
      checkpoint = std::make_unique<checkpoint::Checkpoint>(
          checkpoint::Checkpoint::open(resolve_model(options_.model)));
    policy::Request request;
    request.plan = options_.plan();
    const std::string stored = stored_mode(checkpoint.get());
    // A file or JSON is of the whole diagnosis.
    const bool whole = json_ || !outputs_.empty();
    const diag::Needs needs =
        whole ? diag::needs_of({}, stored) : diag::needs_of(requirements, stored);
    const auto asked = needs.drivers ? machine_with_drivers(trials_.quick) : nullptr;
    const machine::Machine& machine = asked ? *asked : machine::host();
    diag::Question question{.machine = machine,
                            .language = context.language,
                            .checkpoint = checkpoint.get(),
                            .request = request,
                            .evidence = {},
                            .quick = trials_.quick || !needs.disk,
                            .gate = !needs.everything};
    if (needs.everything || needs.drivers) {
      question.evidence = evidence_for(checkpoint.get());
      question.gpu_lacks = gpu_lacks();
    }
    question.trials = trials_.try_modes(context, machine, stored, needs);
    diag::Diagnosis diagnosis = diag::examine(question);
    if (needs.stack) stack_.examine(diagnosis, checkpoint.get(), trials_.quick, context);
    diag::check_requirements(requirements, context.language, diagnosis);
    const results::File file = as_results(diagnosis, checkpoint.get(), context);
    for (const std::string& path : outputs_)
      write_diag(diagnosis, file, path, "NETY " NETY_VERSION " diag", context.language);
    if (json_)
      write_output(results::to_json(file) + "\n");
    else
      write_output(diag::screen(diagnosis, {.title = "NETY " NETY_VERSION "  diag",
                                            .language = context.language,
                                            .colours = stdout_is_terminal(),
                                            .all = context.verbosity > 0,
                                            .width = screen_width()}));
    if (interrupted()) return exit_code(ErrorKind::kInterrupted);
    // What was tried under other conditions than a user's would mislead the policy.
    if (trials_.as_usual() && needs.everything) keep_evidence(file, context);
    hold_requirements(diagnosis.requirements);
    return 0;
  }

 private:
  /// What plugins that compute on a GPU do without.
  static std::vector<std::string> gpu_lacks() {
    std::vector<std::string> names;
    for (const std::string_view plugin : model::plugin_names()) {
      const model::PluginStatus status = model::probe_plugin(plugin);
      if (status.device != DeviceKind::kCpu)
        names.insert(names.end(), status.lacking.begin(), status.lacking.end());
    }
    return names;
  }

  static policy::Evidence evidence_for(const checkpoint::Checkpoint* checkpoint) {
    if (checkpoint == nullptr) return available_backends();
    return known_evidence(machine::describe(machine::host()), checkpoint->id());
  }

  int explain(const Context& context) const {
    const auto model = checkpoint::Checkpoint::open(
        resolve_model(options_.model.empty() ? "default" : options_.model));
    policy::Request request;
    request.plan = options_.plan();
    const results::Machine machine = machine::describe(machine::host());
    write_page(policy::explain(request, machine, policy::facts_of(model),
                               known_evidence(machine, model.id()), context.language));
    return 0;
  }

  static std::string stored_mode(const checkpoint::Checkpoint* checkpoint) {
    if (checkpoint == nullptr) return "";
    return std::string(precision::mode(checkpoint->stored_mode()).name);
  }

  static results::File as_results(const diag::Diagnosis& diagnosis,
                                  const checkpoint::Checkpoint* checkpoint,
                                  const Context& context) {
    results::File file;
    file.tool = "nety " NETY_VERSION;
    file.created_utc = results::now_utc();
    file.command = context.command;
    file.machines = {diagnosis.machine};
    if (checkpoint != nullptr) file.models = {bench::describe(*checkpoint)};
    file.findings = diagnosis.findings;
    if (diagnosis.trials) file.results = diag::results_of(*diagnosis.trials, diagnosis.machine.id);
    if (diagnosis.decision)
      file.decision = policy::to_results(*diagnosis.decision, context.language);
    if (!diagnosis.refusal.empty()) file.warnings.push_back(diagnosis.refusal);
    return file;
  }

  ModelOptions options_;
  TrialRun trials_;
  std::vector<std::string> outputs_;
  StackOptions stack_;
  bool json_ = false, explain_policy_ = false;
};

}  // namespace

std::unique_ptr<Command> make_diag() { return std::make_unique<Diag>(); }

}  // namespace nety::app
