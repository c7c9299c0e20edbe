// Which precision to run in, and why: ordered rules with ids, applied by a pure function. Messages,
// claims and tests use the ids.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/messages.h"
#include "core/policy/plan.h"
#include "core/results/device.h"
#include "core/results/results.h"

namespace nety::policy {

/// What was asked for.
struct Request {
  PlanOptions plan;
  bool use_quantization = false;  ///< A configured wish; ignored on a CPU, with a notice.
  bool force = false;             ///< Load although it does not fit.

  /// Without a mode the policy chooses one; without a backend, the first that can run it.
  const options::RunOptions& run() const { return plan.run; }
};

/// What the rules need to know of a model.
struct ModelFacts {
  std::string id;  ///< As results name it; empty for a shape.
  std::string name;
  checkpoint::ModelConfig config;
  std::vector<PlannedWeight> weights;
  std::string stored;  ///< For people: "210 Q4_1, 1 Q8_0"; empty: made in memory from a shape.
  Overhead overhead{};

  /// Whether any matrix is stored in a format that is not a float one.
  bool quantised() const;
};
ModelFacts facts_of(const checkpoint::Checkpoint& checkpoint);
ModelFacts facts_of(const checkpoint::ModelConfig& config);

/// A backend that is there, and what it can run.
struct BackendFacts {
  std::string name;                      ///< "native"
  DeviceKind device = DeviceKind::kCpu;  ///< What it computes on.
  std::vector<precision::ModeId> modes;  ///< Empty: all.
};

/// A mode that a test or an earlier run found unusable here. A slow mode is usable.
struct ModeTrouble {
  precision::ModeId mode;
  std::string backend;  ///< Empty: every one.
  std::string reason;
};

/// How a mode did here in an earlier run on the same model.
struct MeasuredMode {
  std::string mode, backend, device;
  std::optional<double> tg_tps;     ///< Decode rate at the smallest depth measured.
  int64_t n = 0;                    ///< Its samples.
  std::optional<double> kld, top1;  ///< Against fp32.
  std::string created_utc;
};

/// What other parts of the program found out: backends present, modes known broken or unsupported,
/// earlier measurements. Measurements are told to the user; with --policy measured they decide.
struct Evidence {
  std::vector<BackendFacts> backends = {{"native", DeviceKind::kCpu, {}}};
  std::vector<ModeTrouble> unusable;
  std::vector<MeasuredMode> measured{};
};

/// How close to fp32 a mode must stay to be recommended, where nothing else is asked for.
inline constexpr double kAdmissibleKld = 0.01, kAdmissibleTop1 = 0.96;
/// A mode must be this much faster than the chosen one to be mentioned.
inline constexpr double kWorthSaying = 1.10;
/// With --policy measured: faster than the written rules' choice by more than this replaces it. The
/// margin of reports: smaller differences have no consequence.
inline constexpr double kWorthTaking = 1.02;

/// One rule's step towards the decision.
struct Reason {
  std::string_view rule;
  Text text;
};

struct Decision {
  std::optional<precision::ModeId> mode;  ///< Nothing: as stored.
  std::string backend, device;            ///< "native", "cpu"; "cuda", "cuda:0"
  std::string compute;                    ///< "bf16" or "fp16" on a GPU; empty: the mode's own.
  MemoryPlan memory;
  std::vector<Reason> reasons;  ///< In the order of the rules; the last one decided.
  std::vector<Text> notices;    ///< What the user should know besides.

  std::string_view rule() const { return reasons.back().rule; }
  /// "fp32" or "stored".
  std::string_view mode_name() const;
};

/// A rule's id and what it says, for `--explain-policy` and claims, in order.
struct RuleRow {
  std::string_view id;
  MessageId statement;
};
std::span<const RuleRow> rules();

/// Applies the rules in order; the first that applies decides.
/// Errors: kUsage (unknown or unsupported mode or backend, naming the nearest mode that works),
/// kEnvironment (a device that is not usable), kMemory (it does not fit; with the numbers).
Decision decide(const Request& request, const results::Machine& machine, const ModelFacts& model,
                const Evidence& evidence);

/// The lines printed when a model is about to be loaded: device, GPU found or not, what is loaded
/// and why, what would be faster, then the notices.
std::vector<Text> loading_lines(const Decision& decision, const results::Machine& machine);
/// The line after it: "Model loaded: ...".
Text loaded_line(const ModelFacts& model, const Decision& decision, double load_s);

/// As results carry it, in `language`.
results::Decision to_results(const Decision& decision, Language language);

}  // namespace nety::policy
