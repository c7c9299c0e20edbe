// From options to a model: open, decide, say why, load.
#include "app/model_options.h"

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>

#include "app/console.h"
#include "app/input.h"
#include "app/model_store.h"
#include "app/run_arguments.h"
#include "core/backends/backends.h"
#include "core/base/error.h"
#include "core/base/files.h"
#include "core/base/units.h"
#include "core/machine/address_space.h"
#include "core/machine/machine.h"
#include "core/measure/gpu_drivers.h"
#include "core/model/compute.h"
#include "core/model/plugin.h"
#include "core/policy/address_space.h"
#include "core/policy/evidence_store.h"

namespace nety::app {
namespace fs = std::filesystem;
namespace {

constexpr const char* kDefaultModel = "SmolLM2-135M-Instruct.Q4_1.gguf";

fs::path executable_folder() {
  std::error_code ignored;
  return fs::read_symlink("/proc/self/exe", ignored).parent_path();
}

void declare_model(Arguments& arguments, std::string& model) {
  arguments.text("MODEL", model,
                 "A GGUF file, a Hugging Face directory, a name (nety models), or default");
}

void print_plan(const policy::Decision& decision, const machine::MemoryBudget& memory) {
  const policy::MemoryPlan& plan = decision.memory;
  const auto row = [](const char* what, uint64_t bytes, const char* kind) {
    return fmt::format("  {:<22} {:>10}  {}\n", what, format_bytes(bytes), kind);
  };
  write_page(fmt::format("Plan: {} on {}, context {}\n", decision.mode_name(), decision.device,
                         plan.context) +
             row("weights, made", plan.weights_anonymous_bytes, "anonymous") +
             row("weights, in place", plan.weights_mapped_bytes, "mapped file") +
             row("KV cache", plan.kv_bytes, "anonymous, as it fills") +
             row("workspace", plan.workspace_bytes, "anonymous, estimated") +
             row("tokenizer", plan.tokenizer_bytes, "anonymous, estimated") +
             row("program", plan.program_bytes, "anonymous, measured") +
             row("needed", plan.needed(), "total and a tenth") +
             row("available", memory.available_bytes, memory.limited_by.c_str()));
}

// Modes that fix their arithmetic would ignore --compute without a word.
model::Compute compute_of(options::ComputeType asked, const policy::Decision& decision,
                          const checkpoint::Checkpoint& checkpoint) {
  const precision::Mode& mode = precision::mode(decision.mode.value_or(checkpoint.stored_mode()));
  if (asked != options::ComputeType::kUsual && !precision::takes_compute(mode))
    throw Error(ErrorKind::kUsage,
                fmt::format("--compute: the arithmetic of mode {} is fixed", mode.name),
                "It applies to nf4 and fp4. Choose one by --mode, or leave --compute out.");
  return model::compute_for(asked, mode, decision.device != "cpu");
}

}  // namespace

void ModelOptions::declare_plan(Arguments& arguments) {
  declare_model(arguments, model);
  declare_run(arguments, run, of_role(options::kPlanned));
}

void ModelOptions::declare(Arguments& arguments) {
  declare_model(arguments, model);
  declare_run(arguments, run, [](const options::OptionRow&) { return true; });
  arguments.flag("--use-quantization", use_quantization, "Ask for quantization (a CPU ignores it)");
  arguments.flag("--force", force, "Load although the plan says it does not fit");
  arguments.flag("--dry-run", dry_run, "Print the memory plan and stop");
}

policy::PlanOptions ModelOptions::plan() const {
  policy::PlanOptions plan;
  plan.run = run;
  plan.run.threads = machine::threads_for(run.threads, machine::host());
  plan.logit_rows = logit_rows;
  plan.sequences = sequences;
  plan.backend = backends::memory_of(run.backend);
  return plan;
}

fs::path resolve_model(const std::string& given) {
  if (given != "default") {
    std::error_code ignored;
    if (fs::exists(given, ignored)) return given;
    return find_in_stores(given).value_or(given);
  }
  const fs::path candidates[] = {executable_folder() / "../share/nety" / kDefaultModel,
                                 cache_folder() / "models" / kDefaultModel};
  for (const fs::path& candidate : candidates)
    if (fs::exists(candidate)) return candidate.lexically_normal();
  throw Error(ErrorKind::kUsage,
              fmt::format("the default model is not here: {}", candidates[1].string()),
              "Run ./nety setup to put it there, or name a model: a GGUF file or a Hugging Face "
              "directory.");
}

namespace {

std::vector<precision::ModeId> modes_of(std::string_view backend) {
  const auto modes = model::modes_of_backend(backend);
  return {modes.begin(), modes.end()};
}

}  // namespace

// native always; plugins that can be loaded.
policy::Evidence available_backends() {
  policy::Evidence evidence;
  for (const std::string_view name : model::plugin_names())
    if (const model::PluginStatus status = model::probe_plugin(name); status.available)
      evidence.backends.push_back({status.name, status.device, modes_of(name)});
  return evidence;
}

namespace {

bool is_plugin(const std::string& backend) {
  const auto names = model::plugin_names();
  return std::find(names.begin(), names.end(), backend) != names.end();
}

// The policy would only say that the plugin is not available; the plugin knows why.
void refuse_unavailable(const std::string& backend) {
  if (!is_plugin(backend)) return;
  const model::PluginStatus status = model::probe_plugin(backend);
  if (!status.available)
    throw Error(ErrorKind::kEnvironment, fmt::format("--backend {}: {}", backend, status.what),
                status.hint);
}

/// A CPU backend that can use a GPU as well (torch) does so only if --backend and --device both ask
/// for it; else the GPU is left to the backend made for it. Error: kEnvironment if it cannot.
void add_asked_gpu(const ModelOptions& options, policy::Evidence& evidence) {
  const std::string& backend = options.run.backend;
  const std::string& device = options.run.device;
  if (!is_plugin(backend) || kind_of_device(device) != DeviceKind::kCuda ||
      model::device_of_backend(backend) != DeviceKind::kCpu)
    return;
  const model::GpuStatus status = model::probe_gpu(backend);
  if (!status.possible)
    throw Error(ErrorKind::kEnvironment,
                fmt::format("--backend {} --device {}: {}", backend, device, status.what),
                status.hint);
  evidence.backends.push_back({backend, DeviceKind::kCuda, {}});
}

}  // namespace

namespace {

/// `left`: before the file was mapped. Error: kMemory.
void require_address_space(const policy::Decision& decision, const policy::ModelFacts& facts,
                           const std::optional<uint64_t>& left, const ModelOptions& options) {
  const uint64_t needed = policy::address_space_of(decision.memory, facts.weights);
  if (!left || needed <= *left || options.force || decision.device != "cpu") return;
  throw Error(
      ErrorKind::kMemory,
      fmt::format("{} in mode {} needs {} of address space, its mapped file and a tenth to "
                  "spare included; a limit on it leaves {}",
                  facts.name, decision.mode_name(), format_bytes(needed), format_bytes(*left)),
      "Raise the limit (ulimit -v), or use a narrower --mode or a smaller --ctx; --force "
      "loads it all the same.");
}

}  // namespace

std::unique_ptr<machine::Machine> machine_with_drivers(bool quick) {
  // Without persistence, a driver starts every GPU before it answers its first call.
  const double limit_s = quick ? 1 : 15;
  return machine::host_asking([limit_s] {
    return measure::ask_gpu_drivers({{measure::own_program(), "drivers"}, {}}, limit_s);
  });
}

void add_earlier_runs(policy::Evidence& evidence, const results::Machine& machine,
                      const std::string& model) {
  if (const auto store = policy::EvidenceStore::of_user())
    policy::consult(evidence, store->of(machine.id, "nety " NETY_VERSION), model);
}

policy::Evidence known_evidence(const results::Machine& machine, const std::string& model) {
  policy::Evidence evidence = available_backends();
  add_earlier_runs(evidence, machine, model);
  return evidence;
}

void keep_evidence(const results::File& file, const Context& context) {
  const auto store = policy::EvidenceStore::of_user();
  if (!store) return;
  try {
    const auto path = store->keep(file);
    if (path && context.verbosity > 0) notice(context, path->string());
  } catch (const Error& error) {
    if (context.verbosity > 0) notice(context, error.what());
  }
}

std::optional<LoadedModel> load(const ModelOptions& options, const Context& context,
                                const BeforeWeights& before) {
  auto start = std::chrono::steady_clock::now();
  const machine::Machine& host = machine::host();
  refuse_unavailable(options.run.backend);
  policy::Evidence evidence = available_backends();
  add_asked_gpu(options, evidence);
  // Drivers are asked only if something could compute on a GPU: that takes a second or more.
  const bool may_use_gpu = std::any_of(
      evidence.backends.begin(), evidence.backends.end(),
      [](const policy::BackendFacts& backend) { return backend.device == DeviceKind::kCuda; });
  const results::Machine machine =
      may_use_gpu ? machine::describe(*machine_with_drivers()) : machine::describe(host);
  const std::optional<uint64_t> address_space = machine::address_space_left(host);
  LoadedModel loaded;
  loaded.checkpoint = std::make_unique<checkpoint::Checkpoint>(
      checkpoint::Checkpoint::open(resolve_model(options.model)));
  for (const checkpoint::Notice& note : loaded.checkpoint->notices()) notice(context, note.what);

  const policy::ModelFacts facts = policy::facts_of(*loaded.checkpoint);
  const policy::Request request{
      .plan = options.plan(), .use_quantization = options.use_quantization, .force = options.force};
  add_earlier_runs(evidence, machine, facts.id);
  const policy::Decision decision = policy::decide(request, machine, facts, evidence);
  require_address_space(decision, facts, address_space, options);
  if (options.dry_run) {
    print_plan(decision, machine::memory_budget(host));
    return std::nullopt;
  }
  if (before) {
    const auto paused = std::chrono::steady_clock::now();
    before(*loaded.checkpoint);
    start += std::chrono::steady_clock::now() - paused;
  }
  loaded.policy = policy::loading_lines(decision, machine);
  for (const Text& line : loaded.policy) notice(context, line);

  const char* isa = std::getenv("NETY_ISA");
  loaded.backend = backends::make_backend(
      decision.backend,
      {.threads = static_cast<int>(request.run().threads),
       .isa = options.run.isa.empty() && isa != nullptr ? isa : options.run.isa,
       .device = decision.device,
       .compute = compute_of(options.run.compute, decision, *loaded.checkpoint)},
      host);
  const auto progress = make_progress(context);
  loaded.model = std::make_unique<model::Model>(model::load_model(
      *loaded.checkpoint, *loaded.backend,
      {.mode = decision.mode, .head = policy::head_mode(options.run.head, decision.mode)},
      *progress));
  loaded.mode = decision.mode_name();
  loaded.context = decision.memory.context;
  loaded.memory = decision.memory;
  for (const policy::MeasuredMode& earlier : evidence.measured)
    if (earlier.mode == loaded.mode && earlier.backend == decision.backend)
      loaded.measured = earlier;
  loaded.load_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  notice(context, policy::loaded_line(facts, decision, loaded.load_s));
  return loaded;
}

engine::EngineOptions engine_options(const ModelOptions& options, const LoadedModel& loaded) {
  return {.context = loaded.context, .sequences = options.sequences, .kv = options.run.kv};
}

}  // namespace nety::app
