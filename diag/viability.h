// What each mode is worth on this machine, per backend: tried in worker processes, so that a crash
// or a hang is that row's verdict and nobody else's.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/messages.h"
#include "core/measure/worker.h"
#include "core/results/results.h"
#include "diag/rates.h"
#include "diag/trial.h"

namespace nety::diag {

/// Smaller differences in speed do not count. LibTorch dequantises some modes to fp32 at load; the
/// same fp32 products then took 0.99 to 1.12 times as long. The pages of the weights explain that:
/// 4 KiB pages are read a fifth slower than huge ones (docs/performance.md).
inline constexpr double kSpeedMargin = 0.1;

enum class ModeVerdict : uint8_t {
  kViable,       ///< Right, and not slower than fp32 (or not timed).
  kSlow,         ///< Right, but the interval of its speed lies below fp32's by the margin.
  kBroken,       ///< Wrong results, an error, a crash or a hang.
  kUnsupported,  ///< The backend does not have it.
  kUnknown,      ///< Not tried, or not to the end.
};
/// "viable", "slow", "broken", "unsupported", "unknown": for gates and programs.
std::string_view name_of(ModeVerdict verdict);

/// How a product gets from stored weights to a result.
enum class ProductPath : uint8_t {
  kNative,    ///< Instructions for this type of number.
  kEmulated,  ///< Rounded or multiplied in another type, step by step.
  kDequantisedPerCall,
  kDequantisedAtLoad,
  kUnknown,
};
/// "native", "emulated", "dequantise-per-call", "dequantised-at-load", "".
std::string_view name_of(ProductPath path);
/// From what the backend calls its kernel and what the processor has.
ProductPath path_of(std::string_view backend, std::string_view mode, std::string_view kernel,
                    const std::vector<std::string>& features);

/// One mode on one backend.
struct ModeTrial {
  std::string mode, backend;
  ModeVerdict verdict = ModeVerdict::kUnknown;
  results::Status status = results::Status::kSkipped;
  std::string reason;  ///< Why it is broken, unsupported or unknown. In English, as errors are.
  bool timed = false;
  std::string kernel;
  ProductPath path = ProductPath::kUnknown;
  double bytes_per_weight = 0;
  double error_share = 0;         ///< Worst error, as a share of what the mode allows.
  results::Metric speed;          ///< One token: times as fast as fp32 of the same backend.
  results::Metric prefill_speed;  ///< 64 tokens.
  results::Metric bytes_per_s;    ///< Of weights read, one token.
  std::optional<double> mbu;      ///< Share of the measured bandwidth.
  results::Metric ops_per_s;      ///< 64 tokens.
};

struct ModeOnBackend {
  std::string mode, backend;
  bool operator==(const ModeOnBackend&) const = default;
};

/// A backend that is not there, and why.
struct MissingBackend {
  std::string name, what, hint;
};

/// Each of the modes on each of the backends.
std::vector<ModeOnBackend> every(const std::vector<std::string>& modes,
                                 const std::vector<std::string>& backends);

struct TrialOptions {
  bool quick = false;                  ///< Known answers only: nothing is timed.
  options::RunOptions run;             ///< Mode and backend are those of the tries.
  std::vector<ModeOnBackend> tries;    ///< In this order: those of one backend together.
  RateParts rates = RateParts::all();  ///< What is measured, unless `quick`.
  std::vector<MissingBackend> missing;
  uint64_t memory_bytes = 0;      ///< That may be used; 0: unknown.
  double limit_s = 30;            ///< Longest silence of a worker.
  measure::WorkerCommand worker;  ///< Empty: this program with the arguments "worker trial".
};

/// Everything that running found out.
struct Trials {
  bool quick = false;
  std::string isa;
  int threads = 1;
  std::optional<Rates> rates;
  std::string rates_reason;  ///< Why there are none.
  std::vector<ModeTrial> rows;
  std::vector<MissingBackend> missing;
  double seconds = 0;

  /// The row; null if there is none.
  const ModeTrial* find(std::string_view mode, std::string_view backend) const;
};

/// Told what is being done.
class TrialObserver {
 public:
  virtual ~TrialObserver() = default;
  virtual void step(const std::string& /*what*/, size_t /*done*/, size_t /*total*/) {}
  virtual bool interrupted() { return false; }
};

Trials run_trials(const TrialOptions& options, const results::Machine& machine,
                  TrialObserver& observer);

/// What one answer means. Public for tests.
ModeTrial judge(const TrialRequest& request, const TrialReply& reply, const Trials& trials,
                const std::vector<std::string>& features);

/// The words for people.
MessageId verdict_word(ModeVerdict verdict);
MessageId path_word(ProductPath path);

/// Findings "mode.<mode>.<backend>", whose status says the verdict (ok viable, warn slow, fail
/// broken, absent unsupported, unknown unknown) and whose data is the speed against fp32;
/// "memory.bandwidth", "memory.bandwidth_one", "memory.triad", "cpu.fma.<type>", "cpu.clock";
/// "backend.<name>" for what is missing.
std::vector<results::Finding> findings_of(const Trials& trials, Language language);
/// Rows of the result file: phases "matvec" (one token) and "matmat" (64 tokens).
std::vector<results::Result> results_of(const Trials& trials, const std::string& machine_id);

}  // namespace nety::diag
