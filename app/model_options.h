// The options that every command with a model shares, and the model they load.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/command.h"
#include "core/checkpoint/checkpoint.h"
#include "core/engine/engine.h"
#include "core/machine/machine.h"
#include "core/model/model.h"
#include "core/options/run_options.h"
#include "core/policy/policy.h"

namespace nety::app {

struct ModelOptions {
  std::string model = "default";
  options::RunOptions run;
  int64_t logit_rows = policy::PlanOptions().logit_rows;  ///< What the command's engine wants.
  int64_t sequences = 1;                                  ///< The same: of the context each.
  bool force = false, dry_run = false, use_quantization = false;

  /// The positional MODEL and the options of loading.
  void declare(Arguments& arguments);
  /// Only MODEL and the options with which memory is planned.
  void declare_plan(Arguments& arguments);
  policy::PlanOptions plan() const;
};

/// A path as given, a name in a store (model_store.h), or what `default` means: the model installed
/// beside the program, or the one in the cache. Error: kUsage if there is no such file, or kIo.
std::filesystem::path resolve_model(const std::string& given);

/// The backends that can be loaded here, and nothing else yet.
policy::Evidence available_backends();
/// Adds what earlier runs measured on this machine: of the model with that id.
void add_earlier_runs(policy::Evidence& evidence, const results::Machine& machine,
                      const std::string& model);
/// Both.
policy::Evidence known_evidence(const results::Machine& machine, const std::string& model);
/// Keeps what was measured for known_evidence(). What cannot be written is a notice with -v.
void keep_evidence(const results::File& file, const Context& context);

/// This machine, whose GPU drivers are asked (in processes of their own) when first wanted.
/// `quick`: a driver that does not answer within a second counts as hanging.
std::unique_ptr<machine::Machine> machine_with_drivers(bool quick = false);

/// A model that runs. Members are destroyed in the right order: weights before what they point
/// into.
struct LoadedModel {
  std::unique_ptr<checkpoint::Checkpoint> checkpoint;
  std::unique_ptr<model::Backend> backend;
  std::unique_ptr<model::Model> model;
  std::string mode;          ///< The mode's name, or "stored".
  int64_t context = 0;       ///< Tokens the plan has room for.
  std::vector<Text> policy;  ///< Which precision, and why: what was said when it was loaded.
  double load_s = 0;
  policy::MemoryPlan memory;                     ///< What it was planned to take.
  std::optional<policy::MeasuredMode> measured;  ///< How an earlier run did in this mode here.
};

/// Told of the opened checkpoint before any weight is loaded, so that a tokenizer, template or
/// prompt that cannot be used is an error now and not after a long load.
using BeforeWeights = std::function<void(const checkpoint::Checkpoint& checkpoint)>;

/// Opens, decides by the policy, says why, and loads with progress. Empty after --dry-run, which
/// prints the plan instead.
std::optional<LoadedModel> load(const ModelOptions& options, const Context& context,
                                const BeforeWeights& before = {});

/// Engine options for the loaded model, as the command line and the plan have them.
engine::EngineOptions engine_options(const ModelOptions& options, const LoadedModel& loaded);

}  // namespace nety::app
