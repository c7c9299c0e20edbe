// From options to a benchmark request, and what is shown while it runs.
#include "app/measurement.h"

#include <fmt/core.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "app/console.h"
#include "app/live.h"
#include "app/messages.h"
#include "app/model_options.h"
#include "app/run_arguments.h"
#include "app/time_budget.h"
#include "bench/evaluation_text.h"
#include "core/backends/backends.h"
#include "core/base/error.h"
#include "core/base/files.h"
#include "core/base/units.h"
#include "core/base/words.h"
#include "core/checkpoint/shapes.h"
#include "core/model/tokenizer_source.h"
#include "core/policy/context.h"

namespace nety::app {
namespace {

constexpr const char* kOwnText = "own";  // --quality without a file

std::vector<std::string> split(const std::string& list) {
  std::vector<std::string> words;
  size_t begin = 0;
  while (begin <= list.size()) {
    const size_t end = std::min(list.find(',', begin), list.size());
    if (end > begin) words.push_back(list.substr(begin, end - begin));
    begin = end + 1;
  }
  return words;
}

/// Budget of --quick: with loads and the one round that is always made, under half a minute.
const std::string kQuickBudget = "22s";
/// The same by slices, which decide what that allows. Loads are repeated from the next on.
const std::string kQuickSlices = "30s";
constexpr double kRepeatLoads = 120;

// A shape has no file, so no mode in which it is stored.
std::vector<std::string> mode_list(const std::string& option, bool shape) {
  if (!option.empty() && option != "all") return split(option);
  std::vector<std::string> modes = {"fp32", "bf16", "int8", "nf4"};
  if (option == "all") {
    modes.clear();
    for (const precision::Mode& mode : precision::modes())
      if (mode.kind != precision::ModeKind::kStored) modes.emplace_back(mode.name);
  }
  if (!shape) modes.emplace_back("stored");
  return modes;
}

// A quick look takes no backend that has only some modes: another one of its library has them all.
std::vector<std::string> backend_list(const std::string& option, const policy::Evidence& here,
                                      bool quick) {
  if (!option.empty()) return split(option);
  std::vector<std::string> names;
  for (const policy::BackendFacts& backend : here.backends)
    if (!quick || backend.modes.empty()) names.push_back(backend.name);
  return names;
}

}  // namespace

void MeasurementOptions::declare(Arguments& arguments) {
  arguments.text("--shape", shape_,
                 "Random weights instead of MODEL: a standard shape (" +
                     checkpoint::standard_shape_names() + ") or a config.json");
  arguments.text("--modes", modes_,
                 "Precision modes, separated by commas, or all (fp32,bf16,int8,nf4,stored)");
  arguments.text(
      "--backends", backends_,
      backends::backend_names() + " (those that are there), installed (your Python stack)");
  arguments.texts("--python", pythons_,
                  "The Python for the backend installed, or its environment (repeatable)");
  arguments.texts("--contender", contenders_,
                  "Another engine in the same turns, NAME=COMMAND: a llama-bench, a server on "
                  "{port} or its URL, a Python (repeatable)");
  arguments.text("--contender-limit", contender_limit_, "Longest silence of one: 60s");
  arguments.numbers("-p,--prompts", prompts_, "Prompt lengths for prefill: 512");
  arguments.numbers("-n,--generate", generate_, "Tokens to generate for decode: 32");
  arguments.numbers("-d,--depths", depths_, "Tokens already in the context for decode");
  arguments.number("-r,--repetitions", repetitions_, 1, 1000, "Rounds: 6");
  arguments.optional_text("--quality", quality_, kOwnText,
                          "Measure quality, on a text of our own or on this file's");
  arguments.flag("--no-quality", no_quality_, "Do not measure quality");
  arguments.flag("--quick", quick_,
                 slices ? "The shortest budget: " + kQuickSlices
                        : "A look: -p 32 -n 16, two rounds at most within " + kQuickBudget +
                              ", no loads of their own, no quality");
  arguments.text("--budget", budget,
                 "Time for the whole: 120s, 2min, 1h, none" +
                     (usual_budget.empty() ? "" : " (" + usual_budget + " without -r)"));
  // Modes and backends are lists here, and a backend says where it runs.
  declare_run(arguments, run_, of_role(options::kPlanned | options::kCondition),
              {{options::rows::context.name, "Tokens of context; 0: what the workload needs"},
               {options::rows::isa.name, "Kernel family"}});
}

// A shape has no file to examine: only the machine is, and the policy decides by the shape's sizes.
diag::Diagnosis MeasurementOptions::examine(const bench::BenchRequest& request,
                                            policy::Evidence here, const Context& context) const {
  policy::Request plain;
  plain.plan.backend = backends::memory_of("");
  const auto machine = machine_with_drivers();
  diag::Question question{.machine = *machine,
                          .language = context.language,
                          .checkpoint = nullptr,
                          .request = plain,
                          .evidence = std::move(here)};
  if (request.shape.empty()) {
    const auto checkpoint = checkpoint::Checkpoint::open(request.model);
    question.checkpoint = &checkpoint;
    add_earlier_runs(question.evidence, machine::describe(*machine), checkpoint.id());
    return diag::examine(question);
  }
  const policy::ModelFacts facts = policy::facts_of(checkpoint::find_shape(request.shape));
  diag::Diagnosis diagnosis = diag::examine(question);
  try {
    diagnosis.decision = policy::decide(plain, diagnosis.machine, facts, question.evidence);
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::kUsage) throw;
    diagnosis.refusal = error.what();
  }
  return diagnosis;
}

bench::BenchRequest MeasurementOptions::request(const Context& context,
                                                const policy::Evidence& here) const {
  if (!shape_.empty() && !model.empty())
    throw Error(ErrorKind::kUsage, "--shape and a MODEL exclude each other",
                "Measure them one after the other, each with its own -o FILE.");
  if (!shape_.empty() && !quality_.empty())
    throw Error(ErrorKind::kUsage,
                "--quality and --shape exclude each other: random weights predict nothing",
                "Leave --quality out, or name a MODEL in place of --shape.");
  bench::BenchRequest request;
  request.tool = "nety " NETY_VERSION NETY_BUILD_NOTE;
  request.command = context.command;
  request.shape = shape_;
  if (shape_.empty()) request.model = resolve_model(model.empty() ? "default" : model).string();
  request.modes = mode_list(modes_, !shape_.empty());
  const bool by_slices = slices && repetitions_ == 0;
  const bool look = quick_ && !by_slices;
  request.backends = backend_list(backends_, here, look);
  request.pythons = pythons_;
  request.run = run_;
  // As every command that loads a model: a condition that rows name.
  if (const char* isa = std::getenv("NETY_ISA"); run_.isa.empty() && isa != nullptr)
    request.run.isa = isa;
  for (const std::string& one : contenders_)
    request.contenders.push_back(bench::parse_contender(one));
  if (!contender_limit_.empty())
    request.contender_limit_s = parse_budget(contender_limit_, "--contender-limit");
  const auto given_or = [](const std::vector<int64_t>& given, std::vector<int64_t> otherwise) {
    return given.empty() ? std::move(otherwise) : given;
  };
  request.prompts = look ? given_or(prompts_, {32}) : given_or(prompts_, {512});
  request.gens = given_or(generate_, {look ? 16 : 32});
  request.depths = depths_;
  request.repetitions = static_cast<int>(repetitions_ > 0 ? repetitions_ : look ? 2 : 6);
  const bool told = !budget.empty() || repetitions_ > 0;
  request.budget_s = parse_budget(told ? budget : look ? kQuickBudget : usual_budget);
  if (by_slices && quick_) request.budget_s = parse_budget(kQuickSlices);
  request.slices = by_slices;
  request.fit_prompt = prompts_.empty();
  const bool short_run = by_slices && request.budget_s > 0 && request.budget_s < kRepeatLoads;
  if (look || short_run) request.load_passes = 0;
  if (!shape_.empty()) return request;  // nothing to predict
  if (!quality_.empty() && quality_ != kOwnText) {
    request.quality_text = read_file(quality_);
    request.quality_name = std::filesystem::path(quality_).filename().string();
  } else if (!quality_.empty() || (quality_by_default && !no_quality_ && !look)) {
    request.quality_text = bench::evaluation_text();
    request.quality_name = bench::kEvaluationTextName;
  }
  return request;
}

namespace {

/// A model without a usable tokenizer has rates and no text: said now, not after a minute.
std::optional<Text> leave_text_out(bench::BenchRequest& request) {
  if (!request.shape.empty()) return std::nullopt;
  try {
    model::load_tokenizer(checkpoint::Checkpoint::open(request.model));
    return std::nullopt;
  } catch (const Error& error) {
    request.no_text = error.what();
    request.quality_text.clear();
    return Text{message::bench_no_text, {request.no_text}};
  }
}

std::optional<Text> beyond_the_model(const bench::BenchRequest& request) {
  return policy::beyond_the_model(bench::context_needed(request),
                                  request.shape.empty()
                                      ? checkpoint::Checkpoint::open(request.model).config()
                                      : checkpoint::find_shape(request.shape));
}

/// What became of the contenders that have no figures, as one error; none where all have some.
std::optional<Error> refusal_of(const std::vector<bench::Contender>& all,
                                const std::vector<bench::Contender>& refused,
                                const results::File& file) {
  std::string what, hint;
  const auto add = [&](const bench::Contender& contender, const std::string& reason,
                       const std::string& remedy) {
    append_word(what, fmt::format("contender {}: {}", contender.name, reason), "; ");
    if (hint.empty()) hint = remedy;
  };
  for (const bench::Contender& one : refused) add(one, one.answers.reason, one.answers.hint);
  for (const bench::Contender& one : all) {
    const auto is_refused = [&one](const auto& other) { return other.name == one.name; };
    if (std::any_of(refused.begin(), refused.end(), is_refused)) continue;
    const results::Result* failed = nullptr;
    bool whole = false;
    for (const results::Result& row : file.results) {
      if (row.backend != one.name) continue;
      whole = whole || (row.status == results::Status::kOk && row.phase == "decode");
      const bool left_out = row.status == results::Status::kOk ||
                            row.status == results::Status::kSkipped;  // for lack of time, say
      if (failed == nullptr && !left_out) failed = &row;
    }
    if (!whole && failed != nullptr) add(one, failed->reason, bench::hint_for(one, failed->status));
  }
  if (what.empty()) return std::nullopt;
  return Error(ErrorKind::kEnvironment, what, hint);
}

/// How much is to be measured, and how long that takes at most.
Text plan_of(const bench::BenchRequest& request) {
  const std::string rows = std::to_string(bench::configurations(request).size());
  if (request.budget_s <= 0) return {message::bench_begins, {rows}};
  return {message::bench_begins_for, {rows, format_seconds(request.budget_s)}};
}

}  // namespace

results::File MeasurementOptions::run(const Context& context) {
  const policy::Evidence here = available_backends();
  bench::BenchRequest request = this->request(context, here);
  bench::check(request);
  for (const std::string& name : request.modes)
    if (name != "stored" && precision::find_mode(name) == nullptr)
      throw Error(ErrorKind::kUsage, fmt::format("--modes: unknown mode '{}'", name),
                  fmt::format("Modes: {}, stored, all.", precision::selectable_mode_names()));
  const diag::Diagnosis diagnosis = examine(request, here, context);
  std::vector<Text> said;
  for (const auto& one : {leave_text_out(request), beyond_the_model(request)})
    if (one) said.push_back(*one);
  for (const Text& one : said) notice(context, one);
  notice(context, plan_of(request));
  if (diagnosis.decision) {
    request.chosen_mode = diagnosis.decision->mode_name();
    request.chosen_backend = diagnosis.decision->backend;
  }
  request.admissible = admissible;
  results::File header;
  header.tool = request.tool;
  header.command = request.command;
  header.machines = {diagnosis.machine};
  results::File file;
  {
    LiveView view(context, header, streams);
    file = bench::run(request, diagnosis.machine, view);
    refusal = refusal_of(request.contenders, view.refused(), file);
  }
  file.findings = diagnosis.findings;
  if (diagnosis.decision) file.decision = policy::to_results(*diagnosis.decision, context.language);
  if (!diagnosis.refusal.empty()) file.warnings.push_back(diagnosis.refusal);
  for (const Text& one : said) file.warnings.push_back(render(one, context.language));
  // The policy decides for a user's usual conditions: other measurements would mislead it.
  if (options::conditions(request.run).empty()) keep_evidence(file, context);
  return file;
}

int exit_code_of(const results::File&) {
  return interrupted() ? exit_code(ErrorKind::kInterrupted) : 0;
}

}  // namespace nety::app
