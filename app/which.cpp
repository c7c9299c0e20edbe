// nety which: what this machine can run, and how fast. Speeds come from a calibration, which is
// measured once for each machine and build and kept.
#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <filesystem>

#include "app/command.h"
#include "app/console.h"
#include "app/input.h"
#include "app/messages.h"
#include "app/model_options.h"
#include "app/run_arguments.h"
#include "app/time_budget.h"
#include "app/which_report.h"
#include "bench/calibrate.h"
#include "bench/machine_load.h"
#include "core/backends/backends.h"
#include "core/base/error.h"
#include "core/base/files.h"
#include "core/base/units.h"
#include "core/base/words.h"
#include "core/checkpoint/shapes.h"
#include "core/measure/calibration_store.h"
#include "core/measure/worker.h"
#include "core/policy/offers.h"
#include "core/policy/other_machine.h"
#include "core/results/json.h"

namespace nety::app {
namespace {

namespace fs = std::filesystem;

/// Speeds below that of reading are no answer, where nothing else is asked for.
constexpr double kReadingTps = 5;
/// Nor is waiting longer than that for an answer to begin.
const std::string kPatience = "10s";
/// What --plan plans for where nothing else is asked for.
constexpr double kPlannedFirstToken = 2;

/// Bytes of "6GB", "512MB", "8GiB". Error: kUsage.
uint64_t bytes_of(const std::string& text) {
  double value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  const std::string unit(end, text.data() + text.size());
  constexpr double kKibi = 1024;
  const double factor = unit == "MB"    ? 1e6
                        : unit == "GB"  ? 1e9
                        : unit == "MiB" ? kKibi * kKibi
                        : unit == "GiB" ? kKibi * kKibi * kKibi
                                        : 0;
  if (code != std::errc() || factor == 0 || !(value > 0) || value * factor > 1e18)
    throw Error(ErrorKind::kUsage, fmt::format("--max-memory: '{}' is no amount of memory", text),
                "Give it with a unit: 6GB, 512MB, 8GiB.");
  return static_cast<uint64_t>(value * factor);
}

std::vector<std::string> mode_names(const std::string& list) {
  std::vector<std::string> names;
  for (size_t at = 0; !list.empty() && at <= list.size();) {
    const size_t end = std::min(list.find(',', at), list.size());
    const std::string name = list.substr(at, end - at);
    at = end + 1;
    if (name == "all") {
      for (const precision::Mode& mode : precision::modes()) names.emplace_back(mode.name);
      names.emplace_back("stored");
      continue;
    }
    if (name != "stored" && precision::find_mode(name) == nullptr) {
      std::string known;
      for (const precision::Mode& mode : precision::modes()) append_word(known, mode.name);
      throw Error(ErrorKind::kUsage, fmt::format("--mode: unknown mode '{}'", name),
                  fmt::format("Modes: {}, stored, all.", known));
    }
    names.push_back(name);
  }
  return names;
}

/// Whether it is a shape without weights: a config.json, or a directory with nothing else.
bool is_config(const fs::path& path) {
  std::error_code ignored;
  if (fs::is_regular_file(path, ignored)) return path.extension() == ".json";
  if (!fs::exists(path / "config.json", ignored)) return false;
  for (const fs::directory_entry& entry : fs::directory_iterator(path, ignored))
    if (entry.path().extension() == ".safetensors" || entry.path().extension() == ".gguf")
      return false;
  return true;
}

policy::Candidate candidate_of_file(const std::string& given, const fs::path& path) {
  policy::Candidate out;
  out.asked = true;
  if (is_config(path)) {
    out = policy::candidate(path.string());
    out.asked = true;
    out.source = given;
    // A shape is measured by its config: bench takes it in place of a name.
    out.name = path.string();
    return out;
  }
  const auto checkpoint = checkpoint::Checkpoint::open(path);
  out.facts = policy::facts_of(checkpoint);
  out.facts.weights = policy::counted(std::move(out.facts.weights));
  out.name = out.facts.name.empty() ? given : out.facts.name;
  out.file = given;
  out.source = given;
  return out;
}

/// A model of the catalogue, or a file of the user's. Error: kUsage with the nearest names.
policy::Candidate asked_for(const std::string& given) {
  for (const checkpoint::ModelConfig& shape : checkpoint::standard_shapes())
    if (shape.name == given) {
      policy::Candidate out = policy::candidate(given);
      out.asked = true;
      return out;
    }
  std::error_code ignored;
  const fs::path path = resolve_model(given);
  if (fs::exists(path, ignored)) return candidate_of_file(given, path);
  throw Error(ErrorKind::kUsage, fmt::format("unknown model '{}'", given),
              fmt::format("The nearest names: {}. Or give a GGUF file, a Hugging Face directory or "
                          "a config.json.",
                          joined(policy::nearest_names(given))));
}

class Which final : public Command {
 public:
  void declare(Arguments& arguments) override {
    arguments.texts("MODEL", models_,
                    "Also show these, whatever is wanted: names of the table, a GGUF file, a "
                    "Hugging Face directory, a config.json");
    declare_run(arguments, run_, [](const options::OptionRow& row) {
      return row.has(options::kPlanned) || row.name == options::rows::threads.name ||
             row.name == options::rows::isa.name;
    });
    arguments.text(
        "--mode", modes_,
        "Modes, separated by commas, or all (" + joined(policy::usual_modes(), ",") + ")");
    arguments.real("--min-tps", min_tps_, 0, 1e6, "Tokens per second of decode, at least");
    arguments.text("--max-ttft", max_first_,
                   "Time to the first token of the prompt, at most; none: any");
    arguments.text("--max-memory", max_memory_, "Memory to take, at most: 6GB");
    arguments.number("--prompt", prompt_, 1, 1 << 20, "Tokens of the prompt");
    arguments.text("--machine", machine_,
                   "Answer for another machine: its file of nety diag, or its calibration");
    arguments.text("--plan", plan_, "What machine would this model need?");
    arguments.flag("--no-measure", no_measure_, "Use what was measured before, or the walls alone");
    arguments.flag("--measure", measure_, "Measure the calibration again");
    arguments.text("--limit", limit_, "Time that the calibration may take: 50s");
    arguments.flag("--all", all_, "Every model in every mode, and what meets nothing");
    arguments.flag("--json", json_, "Print JSON");
    arguments.text("-o,--output", output_, "Also write the JSON to a file");
  }

  int run(const Context& context) override {
    if (!output_.empty()) check_writable(output_);
    if (no_measure_ && measure_)
      throw Error(ErrorKind::kUsage, "--measure and --no-measure exclude each other",
                  "Leave one of them out.");
    WhichReport report;
    report.tool = "nety " NETY_VERSION;
    report.wanted = wanted();
    if (const char* isa = std::getenv("NETY_ISA"); run_.isa.empty() && isa != nullptr)
      run_.isa = isa;
    candidates_ = candidates();
    calibrated(report, context);
    bound_memory(report);
    report.models = candidates_.size();
    if (plan_.empty())
      answer(report);
    else
      turn_round(report);
    show(report, context);
    return 0;
  }

 private:
  policy::Wanted wanted() const {
    policy::Wanted out;
    out.plan.run = run_;
    out.plan.run.threads = machine::threads_for(run_.threads, machine::host());
    out.plan.backend = backends::memory_of("native");
    out.min_tps = min_tps_;
    out.max_first_token_s = parse_budget(max_first_, "--max-ttft");
    if (!max_memory_.empty()) out.memory_bytes = bytes_of(max_memory_);
    out.prompt = prompt_;
    out.modes = mode_names(modes_);
    return out;
  }

  std::vector<policy::Candidate> candidates() const {
    std::vector<policy::Candidate> out = policy::catalogue();
    for (const std::string& given : models_) {
      policy::Candidate one = asked_for(given);
      const auto same = std::ranges::find(out, one.name, &policy::Candidate::name);
      if (same != out.end() && one.file.empty())
        same->asked = true;
      else
        out.push_back(std::move(one));
    }
    return out;
  }

  static measure::CalibratedMachine described(const results::Machine& machine) {
    return {machine.id, machine.cpu, machine.memory_total_bytes,
            machine::memory_budget(machine::host()).available_bytes};
  }

  /// What is kept of this machine and build; a file that cannot be used is told.
  std::optional<measure::Calibration> kept(const measure::CalibrationKey& key,
                                           const Context& context) const {
    auto found = measure::CalibrationStore::of_user().find(key);
    if (!found.problem.empty()) notice(context, {message::which_unusable, {found.problem}});
    return std::move(found.calibration);
  }

  /// Empty as well where nothing can be told.
  static std::string why_not_quiet() {
    try {
      return bench::why_not_quiet(0.3);
    } catch (const Error&) {
      return "";
    }
  }

  measure::Calibration measured(const measure::CalibrationKey& key, const results::Machine& machine,
                                bool walls_alone, const Context& context) const {
    bench::CalibrationRequest request;
    request.tool = "nety " NETY_VERSION;
    request.build = key.build;
    request.isa = key.isa;
    request.threads = key.threads;
    request.limit_s = limit_.empty() ? 50 : parse_budget(limit_, "--limit");
    if (!(request.limit_s > 0)) request.limit_s = 50;
    request.memory_bytes = machine::memory_budget(machine::host()).available_bytes;
    request.interrupted = [] { return interrupted(); };
    if (context.verbosity > 0)
      request.tell = [&context](const std::string& line) { notice(context, line); };
    if (!walls_alone) {
      request.modes = bench::calibration_order();
      request.disk_file = measure::own_program();
      notice(context, {message::which_measures, {format_seconds(request.limit_s)}});
      if (const std::string busy = why_not_quiet(); !busy.empty())
        notice(context, {message::which_busy, {busy}});
    }
    const auto progress = make_progress(context);
    measure::Calibration out = bench::calibrate(request, *progress);
    out.machine = described(machine);
    return out;
  }

  void calibrated(WhichReport& report, const Context& context) {
    const results::Machine machine = machine::describe(machine::host());
    const measure::CalibrationKey key{machine.id, measure::build_id(), run_.isa,
                                      static_cast<int>(report.wanted.plan.run.threads)};
    if (!machine_.empty()) return of_other_machine(report, key, context);
    std::optional<measure::Calibration> found;
    if (!measure_) found = kept(key, context);
    report.source = CalibrationSource::kMeasured;
    if (!found) {
      report.source = no_measure_ ? CalibrationSource::kWalls : CalibrationSource::kMeasured;
      found = measured(key, machine, no_measure_, context);
      if (!no_measure_) keep(*found, context);
    }
    report.calibration = *std::move(found);
    report.calibration.machine = described(machine);
  }

  static void keep(const measure::Calibration& calibration, const Context& context) {
    try {
      const fs::path path = measure::CalibrationStore::of_user().keep(calibration);
      if (context.verbosity > 0) notice(context, path.string());
    } catch (const Error& error) {
      notice(context, {message::which_not_kept, {error.what()}});
    }
  }

  void of_other_machine(WhichReport& report, const measure::CalibrationKey& key,
                        const Context& context) const {
    report.file = machine_;
    const std::string text = read_file(machine_);
    if (text.find(measure::kCalibrationSchema) != std::string::npos) {
      report.calibration = measure::calibration_from_json(text, machine_);
      report.source = CalibrationSource::kOther;
      return;
    }
    const results::File file = results::from_json(text, machine_);
    const auto here = kept(key, context);
    report.calibration = policy::calibration_of(file, machine_, here ? &*here : nullptr);
    report.source = CalibrationSource::kDiag;
  }

  /// The memory of the machine that is asked about, unless less was said.
  static void bound_memory(WhichReport& report) {
    const measure::CalibratedMachine& machine = report.calibration.machine;
    const uint64_t there = machine.memory_available_bytes > 0 ? machine.memory_available_bytes
                                                              : machine.memory_total_bytes;
    uint64_t& memory = report.wanted.memory_bytes;
    memory = memory == 0 ? there : there == 0 ? memory : std::min(memory, there);
    report.wanted.plan.run.threads = report.calibration.threads;
  }

  void answer(WhichReport& report) const {
    std::vector<policy::Offer> every =
        policy::offers(candidates_, report.wanted, report.calibration);
    const auto best = policy::best_of_each(every);
    report.meeting = static_cast<size_t>(
        std::ranges::count_if(best, [](const policy::Offer& one) { return one.meets(); }));
    if (report.meeting == 0)
      if (const policy::Offer* nearest = policy::nearest(every, report.wanted))
        report.nearest = *nearest;
    report.offers = all_ ? std::move(every) : best;
    if (machine_.empty()) add_quality(report);
  }

  /// What earlier runs measured here of the user's own models.
  static void add_quality(WhichReport& report) {
    for (policy::Offer& offer : report.offers) {
      if (offer.model->facts.id.empty()) continue;
      policy::Evidence evidence;
      add_earlier_runs(evidence, machine::describe(machine::host()), offer.model->facts.id);
      for (const policy::MeasuredMode& one : evidence.measured)
        if (one.mode == offer.mode && one.backend == "native")
          offer.kld = one.kld, offer.top1 = one.top1;
    }
  }

  void turn_round(WhichReport& report) const {
    const policy::Candidate model = asked_for(plan_);
    report.plan_model = model.name;
    if (!(report.wanted.min_tps > 0)) report.wanted.min_tps = kReadingTps;
    if (max_first_ == kPatience || !(report.wanted.max_first_token_s > 0))
      report.wanted.max_first_token_s = kPlannedFirstToken;
    report.needs = policy::needs_of(model, report.wanted, report.calibration);
  }

  void show(const WhichReport& report, const Context& context) const {
    const std::string json = json_ || !output_.empty() ? which_json(report) : "";
    if (!output_.empty()) write_file(output_, json);
    if (json_) return write_output(json);
    const WhichLayout layout{
        .language = context.language,
        .width = std::clamp<size_t>(terminal_columns(STDOUT_FILENO).value_or(80), 72, 200),
        .rows = all_ ? report.offers.size() : 20,
        .commands = context.verbosity > 0};
    write_page(plan_.empty() ? which_text(report, layout) : plan_text(report, layout));
  }

  options::RunOptions run_;
  std::vector<std::string> models_;
  std::string modes_, max_first_ = kPatience, max_memory_, machine_, plan_, limit_, output_;
  double min_tps_ = kReadingTps;
  int64_t prompt_ = 512;
  bool no_measure_ = false, measure_ = false, all_ = false, json_ = false;
  std::vector<policy::Candidate> candidates_;  // offers point into it
};

}  // namespace

std::unique_ptr<Command> make_which() { return std::make_unique<Which>(); }

}  // namespace nety::app
