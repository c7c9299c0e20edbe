// nety compare: two programs, or two result files, and whether the second is slower.
#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <filesystem>

#include "app/command.h"
#include "app/comparison.h"
#include "app/console.h"
#include "app/input.h"
#include "app/messages.h"
#include "app/model_options.h"
#include "app/run_arguments.h"
#include "app/time_budget.h"
#include "bench/answers.h"
#include "bench/compare_slices.h"
#include "bench/compare_subjects.h"
#include "bench/model_facts.h"
#include "bench/plan.h"
#include "core/backends/backends.h"
#include "core/base/error.h"
#include "core/base/files.h"
#include "core/measure/stopwatch.h"
#include "core/results/json.h"
#include "diag/examine.h"
#include "reports/comparison.h"
#include "reports/messages.h"
#include "reports/render.h"

namespace nety::app {
namespace {

enum class Kind : uint8_t { kProgram, kResults, kCommand, kContender };

const std::string kUsualPairs = "10:40";
constexpr double kUsualBudget = 110;  // seconds, in slices: with its end, under two minutes

/// What --baseline or --candidate names.
Kind kind_of(const std::string& option, const std::string& given) {
  std::error_code ignored;
  if (std::filesystem::is_regular_file(given, ignored)) {
    const bool program = ::access(given.c_str(), X_OK) == 0 && !given.ends_with(".json");
    return program ? Kind::kProgram : Kind::kResults;
  }
  if (given.find(' ') != std::string::npos) return Kind::kCommand;
  throw Error(ErrorKind::kUsage, fmt::format("{}: '{}' is no file", option, given),
              "Give the path of a nety, of a result file, or a quoted command line that prints a "
              "result file.");
}

/// "12" or "10:40"
void parse_pairs(const std::string& text, bench::CompareRequest& request) {
  const char* const end = text.data() + text.size();
  std::from_chars_result read = std::from_chars(text.data(), end, request.least);
  request.most = request.least;
  if (read.ec == std::errc() && read.ptr != end && *read.ptr == ':')
    read = std::from_chars(read.ptr + 1, end, request.most);
  if (read.ec != std::errc() || read.ptr != end || request.most > 1000)
    throw Error(ErrorKind::kUsage, fmt::format("--pairs: cannot read '{}'", text),
                "Give the least and the most pairs, at most 1000: --pairs 10:40.");
}

/// "tg_tps", "tg_tps:3%" or "tg_tps:0.03"
bench::Gate parse_gate(const std::string& text) {
  const size_t colon = text.find(':');
  bench::Gate gate{text.substr(0, colon), {}};
  if (colon == std::string::npos) return gate;
  const char *const begin = text.data() + colon + 1, *const end = text.data() + text.size();
  double margin = 0;
  const auto [stop, code] = std::from_chars(begin, end, margin);
  const std::string_view unit(stop, static_cast<size_t>(end - stop));
  if (unit == "%") margin /= 100;
  if (code != std::errc() || (!unit.empty() && unit != "%") || margin < 0 || margin >= 1)
    throw Error(ErrorKind::kUsage, fmt::format("--gate: cannot read the margin in '{}'", text),
                "Give it as a share of the baseline: --gate tg_tps:3%.");
  gate.margin = margin;
  return gate;
}

class PairLine final : public bench::CompareObserver {
 public:
  PairLine(bool draw, Language language) : line_(draw), language_(language) {}
  void pair(int64_t done, const bench::CompareRequest& request) override {
    line_.show(render(
        {message::compare_progress,
         {std::to_string(done + 1), std::to_string(request.least), std::to_string(request.most)}},
        language_));
  }
  bool interrupted() override { return app::interrupted(); }

 private:
  RedrawnLine line_;
  Language language_;
};

class Compare final : public Command {
 public:
  void declare(Arguments& arguments) override {
    arguments.text("--baseline", baseline_,
                   "A nety, a quoted command line that prints a result file, or a result file");
    arguments.text("--candidate", candidate_, "The same, for what may have become slower");
    arguments.text("--contender", contender_,
                   "Another engine as the candidate, NAME=COMMAND: a llama-bench, a server on "
                   "{port} or its URL");
    arguments.text("--pairs", pairs_,
                   "Least and most pairs of observations (10:40, or fewer within the budget)");
    arguments.text("--budget", budget_,
                   "Time for the whole: 90s, 5min, none (110s, in slices without --pairs)");
    arguments.flag("--whole-runs", whole_runs_,
                   "Measure whole runs one after the other, not slices in turn");
    arguments.texts("--gate", gates_,
                    "A metric that decides, and its margin: tg_tps:2% (repeatable; default tg_tps "
                    "and pp_tps)");
    arguments.flag(
        "--strict", strict_,
        "Exit with 4 if a gated metric is not decided (with too few samples to ever decide "
        "it does so in any case)");
    arguments.flag("--warn-only", warn_only_, "Exit with 0 whatever the verdict");
    arguments.flag("--no-self-check", no_self_check_, "Do not compare the baseline with itself");
    arguments.flag("--annotations", annotations_, "Print the verdicts as GitHub annotations too");
    arguments.number("--fresh-every", fresh_every_, 1, 1000,
                     "Pairs measured by one process of each program");
    arguments.text("--model", model_, "What a nety runs: a model, or default");
    using options::rows::isa, options::rows::mode;
    declare_run(
        arguments, run_, of_role(options::kChosen | options::kCondition),
        {{mode.name, "Its mode; default: what the policy chooses"}, {isa.name, "Kernel family"}});
    arguments.number("-p,--prompt", n_prompt_, 0, 1 << 20,
                     "Tokens of prefill; 0: 512, or fewer where that takes longer than a slice");
    arguments.number("-n,--generate", n_gen_, 1, 1 << 20, "Tokens of decode");
    arguments.flag("--json", json_, "Print JSON");
    arguments.texts("-o,--output", outputs_,
                    "Write a file: .json .jsonl .csv .md .html .xml (repeatable)");
  }

  int run(const Context& context) override {
    for (const std::string& path : outputs_) reports::renderer_for(path);  // before any work
    if (baseline_.empty() || candidate_.empty() == contender_.empty())
      throw Error(ErrorKind::kUsage, "compare needs --baseline and --candidate, or --contender",
                  "For example: nety compare --baseline old/nety --candidate build/release/nety");
    bench::CompareRequest request;
    parse_pairs(pairs_.empty() ? kUsualPairs : pairs_, request);
    request.budget_s = parse_budget(budget_);
    if (!gates_.empty()) request.gates.clear();
    for (const std::string& gate : gates_) request.gates.push_back(parse_gate(gate));
    request.mode = run_.mode;
    request.self_check = !no_self_check_;
    request.renew_every = fresh_every_;
    bench::check(request);
    results::File file;
    const bench::ComparedPrograms outcome = compare(request, file, context);
    file.tool = "nety " NETY_VERSION;
    file.command = context.command;
    file.created_utc = results::now_utc();
    write(file, context);
    return exit_code_of(outcome);
  }

 private:
  bench::ComparedPrograms compare(bench::CompareRequest& request, results::File& file,
                                  const Context& context) {
    const Kind a = kind_of("--baseline", baseline_);
    const Kind b = contender_.empty() ? kind_of("--candidate", candidate_) : Kind::kContender;
    if ((a == Kind::kResults) != (b == Kind::kResults))
      throw Error(ErrorKind::kUsage, "a result file can only be compared with a result file",
                  "Give two programs to measure them now, or two files.");
    return a == Kind::kResults ? compare_results(request, file, context)
                               : compare_programs(a, b, request, file, context);
  }

  bench::ComparedPrograms compare_results(const bench::CompareRequest& request, results::File& file,
                                          const Context& context) const {
    const results::File one = results::from_json(read_file(baseline_), baseline_);
    const results::File other = results::from_json(read_file(candidate_), candidate_);
    bench::ComparedPrograms outcome = bench::compare_files(one, other, request);
    file.machines = one.machines;
    file.models = one.models;
    file.comparisons = outcome.comparisons;
    file.findings = findings_of_files(outcome, context.language);
    return outcome;
  }

  bench::ComparedPrograms compare_programs(Kind a, Kind b, bench::CompareRequest& request,
                                           results::File& file, const Context& context) {
    bench::CompareWorkload workload;
    if (a == Kind::kProgram || b == Kind::kProgram || b == Kind::kContender)
      workload = make_workload(file, context);
    else
      file.machines = {machine::describe(machine::host())};
    if (request.mode.empty()) request.mode = workload.engine.run.mode;
    warn_of_too_few(request, context);
    std::optional<results::Finding> answers;
    if (b == Kind::kContender) answers = check_contender(workload, context);
    const OtherLoad before = other_load(machine::host());
    CompareMethod method;
    bench::ComparedPrograms outcome;
    {
      PairLine line(draws_progress(context), context.language);
      const std::unique_ptr<bench::PairSource> slices =
          whole_runs_ ? nullptr : take_turns(a, b, workload, request, method);
      if (whole_runs_) method.kind = CompareMethod::Kind::kAsked;
      if (slices) {
        file.workload.prompts = {method.plan.n_prompt};
        outcome = bench::compare(*slices, request, line);
      } else {
        const auto baseline = subject(a, baseline_, workload),
                   again = subject(a, baseline_, workload),
                   candidate = subject(b, candidate_, workload);
        outcome = bench::compare(*baseline, *candidate, *again, request, line);
      }
    }
    file.comparisons = outcome.comparisons;
    file.findings = findings_of_programs(outcome, request, method, before,
                                         other_load(machine::host()), context.language);
    if (answers) file.findings.push_back(*answers);
    if (outcome.interrupted) file.warnings.emplace_back("Interrupted: fewer pairs than asked for.");
    return outcome;
  }

  /// Slices of programs that stay loaded side by side; null, and `method` says why, where whole
  /// runs have to do. Sets what the plan leaves of the request: pairs and time.
  std::unique_ptr<bench::PairSource> take_turns(Kind a, Kind b,
                                                const bench::CompareWorkload& workload,
                                                bench::CompareRequest& request,
                                                CompareMethod& method) const {
    method.kind = CompareMethod::Kind::kCommand;
    if (a != Kind::kProgram || b != Kind::kProgram) return nullptr;
    const measure::Stopwatch watch;
    const machine::MemoryBudget memory = machine::memory_budget(machine::host());
    bench::SlicedPrograms programs;
    programs.baseline = worker_of(baseline_);
    programs.candidate = worker_of(candidate_);
    programs.workload = workload;
    programs.fixed_prompt = n_prompt_ > 0;
    programs.fixed_pairs = !pairs_.empty();
    programs.fixed_budget = !budget_.empty();
    if (!memory.limited_by.empty())
      programs.available_bytes = static_cast<double>(memory.available_bytes);
    bench::CompareRequest planned = request;
    if (budget_.empty()) planned.budget_s = kUsualBudget;
    bench::SlicedTrial trial = bench::try_slices(programs, planned);
    method.kind = trial.pairs ? CompareMethod::Kind::kSlices : CompareMethod::Kind::kMemory;
    method.plan = trial.plan;
    method.protocol = trial.protocol;
    method.needed_bytes = trial.needed_bytes;
    method.available_bytes = programs.available_bytes;
    method.reason = trial.reason;
    if (!trial.pairs) return nullptr;
    request.most = trial.plan.pairs;
    // Pairs that were asked for are all taken, unless a time was asked for as well.
    if (pairs_.empty() && planned.budget_s > 0)
      request.budget_s = std::max(planned.budget_s - watch.seconds(), 1.0);
    return std::move(trial.pairs);
  }

  /// Said before anything is measured.
  static void warn_of_too_few(const bench::CompareRequest& request, const Context& context) {
    const auto noisy = [](const bench::Gate& gate) {
      return gate.margin.value_or(results::find_compared(gate.metric)->margin) > 0;
    };
    const auto gates =
        static_cast<size_t>(std::count_if(request.gates.begin(), request.gates.end(), noisy));
    const int64_t fewest = gates == 0 ? 0 : results::fewest_samples(gates, request.error);
    if (request.most < fewest)
      notice(context,
             {message::compare_too_few, {std::to_string(request.most), std::to_string(fewest)}});
  }

  /// The model, this machine and the mode that the policy chooses.
  bench::CompareWorkload make_workload(results::File& file, const Context& context) const {
    bench::CompareWorkload workload;
    workload.engine.model = resolve_model(model_).string();
    const auto checkpoint = checkpoint::Checkpoint::open(workload.engine.model);
    policy::Request wanted;
    wanted.plan.backend = backends::memory_of("");
    const diag::Diagnosis diagnosis = diag::examine({.machine = machine::host(),
                                                     .language = context.language,
                                                     .checkpoint = &checkpoint,
                                                     .request = wanted,
                                                     .evidence = available_backends()});
    if (run_.mode.empty() && !diagnosis.decision)
      throw Error(ErrorKind::kMemory, diagnosis.refusal, "Choose a mode with --mode.");
    workload.engine.run = run_;
    if (run_.mode.empty()) workload.engine.run.mode = diagnosis.decision->mode_name();
    workload.engine.run.device = bench::device_for(run_.device, run_.backend);
    workload.engine.run.threads = machine::threads_for(run_.threads, machine::host());
    if (n_prompt_ > 0) workload.n_prompt = n_prompt_;
    workload.n_gen = n_gen_;
    file.machines = {diagnosis.machine};
    file.models = {bench::describe(checkpoint)};
    file.workload.prompts = {workload.n_prompt};
    file.workload.generate = n_gen_;
    file.workload.seed = workload.seed;
    return workload;
  }

  /// Whether the contender gives our answers, before its speed. Error: kEnvironment if it fails.
  results::Finding check_contender(const bench::CompareWorkload& workload,
                                   const Context& context) const {
    const bench::Contender contender = bench::parse_contender(contender_);
    if (contender.kind == bench::ContenderKind::kPython)
      throw Error(ErrorKind::kUsage, "--contender: compare takes no Python",
                  "nety bench and nety report measure it: --contender NAME=PYTHON.");
    bench::EngineRequest reference = workload.engine;
    reference.run.mode = bench::kReferenceMode;
    const bench::AnswerCheck check =
        bench::check_answers(contender, reference, {{measure::own_program(), "worker"}, {}},
                             bench::kContenderLimit, [] { return interrupted(); });
    if (check.status != results::Status::kOk)
      throw Error(ErrorKind::kEnvironment,
                  fmt::format("contender {}: {}", contender.name, check.reason), check.hint);
    return finding_of_answers(contender, check, context.language);
  }

  std::unique_ptr<bench::Subject> subject(Kind kind, const std::string& given,
                                          bench::CompareWorkload workload) const {
    if (kind == Kind::kContender) {
      const bench::Contender contender = bench::parse_contender(contender_);
      workload.contender = contender.name;
      workload.contender_hint = bench::hint_for(contender, results::Status::kError);
      workload.command_limit_s = bench::kContenderLimit;
      return bench::make_worker_subject(bench::contender_command(contender).argv, workload);
    }
    if (kind == Kind::kCommand) return bench::make_command_subject(given, 3600);
    return bench::make_worker_subject(worker_of(given), workload);
  }

  static std::vector<std::string> worker_of(const std::string& program) {
    return {std::filesystem::absolute(program).string(), "worker"};
  }

  void write(const results::File& file, const Context& context) const {
    for (const std::string& path : outputs_)
      reports::write(file, path, {.language = context.language, .admissible = {}});
    write_output(json_ ? results::to_json(file)
                       : reports::terminal_comparison(file, context.language));
    if (annotations_) {
      const std::string lines = reports::github_annotations(file, context.language);
      if (json_)
        fmt::print(stderr, "{}", lines);
      else
        write_output(lines);
    }
    for (const std::string& warning : file.warnings) notice(context, warning);
  }

  int exit_code_of(const bench::ComparedPrograms& outcome) const {
    if (outcome.interrupted) return exit_code(ErrorKind::kInterrupted);
    if (warn_only_) return 0;
    const auto any = [&outcome](results::Change change) {
      return std::any_of(outcome.comparisons.begin(), outcome.comparisons.end(),
                         [change](const results::Comparison& comparison) {
                           return comparison.gated &&
                                  comparison.verdict == results::name_of(change);
                         });
    };
    if (!outcome.fit || any(results::Change::kIncomparable))
      return exit_code(ErrorKind::kEnvironment);
    if (any(results::Change::kRegression)) return exit_code(ErrorKind::kRegression);
    const bool hopeless =
        std::any_of(outcome.comparisons.begin(), outcome.comparisons.end(),
                    [](const results::Comparison& comparison) {
                      return comparison.gated && bench::too_few_to_decide(comparison);
                    });
    if (hopeless || (strict_ && any(results::Change::kInconclusive)))
      return exit_code(ErrorKind::kInconclusive);
    return 0;
  }

  std::string baseline_, candidate_, contender_, pairs_, model_ = "default";
  options::RunOptions run_{.backend = "native"};
  std::vector<std::string> gates_, outputs_;
  int64_t fresh_every_ = 1, n_prompt_ = 0, n_gen_ = 128;
  std::string budget_;
  bool whole_runs_ = false, strict_ = false, warn_only_ = false, no_self_check_ = false,
       annotations_ = false, json_ = false;
};

}  // namespace

std::unique_ptr<Command> make_compare() { return std::make_unique<Compare>(); }

}  // namespace nety::app
