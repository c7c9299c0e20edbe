// What was found and measured, as plain data: the result file "nety.results/1". Reports render this
// and nothing else. Conversion to and from JSON is in json.h.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/results/machine.h"

namespace nety::results {

/// One measured, estimated or derived quantity. JSON: see docs/schema.
struct Metric {
  std::string unit;               ///< "s", "tok/s", "bytes", "ratio", "nat" ...
  std::string kind = "measured";  ///< measured | estimated | derived
  std::vector<double> samples;    ///< In the order taken; may be dropped from a file.
  int64_t n = 0;
  std::optional<double> median, min, max;       ///< Absent: not available, see `reason`.
  std::optional<std::pair<double, double>> ci;  ///< Interval of the median.
  std::string reason;                           ///< Why there is no value, or no interval.
  std::vector<std::string> inputs;              ///< What an estimate or derivation used.
  double ci_level = 0.95;                       ///< Confidence of `ci`; JSON has it there.
  /// The turn in which each sample was taken, ascending; empty: nobody took turns. Samples of the
  /// same turn of two rows were taken side by side, and make a pair (paired.h).
  std::vector<int64_t> turns{};
};

/// The time of now as results files write it: 2026-01-31T12:00:00Z.
std::string now_utc();

/// Median, range and (n >= 6) the exact order-statistic interval of the median.
Metric summarise(std::string unit, std::vector<double> samples);
/// A single exact figure (a byte count) or a derived or estimated one.
Metric exactly(std::string unit, double value);
Metric estimated(std::string unit, double value, std::vector<std::string> inputs);
Metric derived(std::string unit, double value, std::vector<std::string> inputs);

enum class FindingStatus { kOk, kWarn, kFail, kAbsent, kUnknown };

/// One thing a probe found. `value` is for people; `data` for programs.
struct Finding {
  std::string id;  ///< "cpu.model", "memory.available"
  std::string title, value, source;
  FindingStatus status = FindingStatus::kOk;
  std::string consequence, remedy;  ///< Empty where there is nothing to say.
  std::optional<double> data{};     ///< `value` as a number, for programs: bytes, processors.
  std::string machine{};            ///< In a merged file: whose it is; empty: the first machine's.
};

struct Model {
  std::string id;  ///< Stable for the same weights: name, size, format.
  std::string name, path, format, architecture, stored;
  int64_t parameters = 0;
  uint64_t file_bytes = 0;
};

struct Workload {
  std::vector<int64_t> prompts, depths;
  int64_t generate = 0;
  int repetitions = 0;
  uint64_t seed = 0;
  std::string quality_text;  ///< Name of the evaluation text; empty: not run.
};

/// One rule's step in a decision.
struct Reason {
  std::string rule;  ///< "cpu-fp32", "explicit-mode" ...
  std::string text;
};

struct Decision {
  std::string mode, backend, device;
  std::vector<Reason> reasons;
  std::string machine{}, model{};  ///< In a merged file: for which; empty: the first of each.
};

enum class Status { kOk, kUnsupported, kDoesNotFit, kCrashed, kTimeout, kError, kSkipped };

/// One row: a configuration and what was measured of it.
struct Result {
  std::string machine, model;  ///< ids
  int run = 0;                 ///< In a merged file: samples of one run were taken side by side.
  std::string mode, backend, device, isa;
  int threads = 0;
  std::string phase;  ///< "load", "prefill", "decode", "quality"
  int64_t n_prompt = 0, n_gen = 0, depth = 0;
  std::string kernel;
  Status status = Status::kOk;
  std::string reason;
  std::map<std::string, Metric> metrics;  ///< "tg_tps", "load_s" ...
  /// Options that were not at their defaults, by name: "kv" "bf16". Figures depend on them.
  std::map<std::string, std::string> conditions{};
  /// Another engine, as --contender named it (`backend`): how it was measured, "llama-bench",
  /// "openai" or "python". Empty: one of ours.
  std::string contender{};
};

enum class Verdict { kSupported, kRefuted, kInconclusive, kNotTested };

struct Claim {
  std::string id, statement;
  Verdict verdict = Verdict::kNotTested;
  std::string evidence;        ///< The measured values in one sentence.
  std::string margin;          ///< What had to be exceeded.
  std::string sensitivity;     ///< What would change the verdict.
  std::string machine, model;  ///< Ids of what it was judged for.
  std::string command{};  ///< That would test or decide it; empty: none would, or it is decided.
};

/// One figure of two programs. `ratio` is candidate / baseline, a sample per pair.
struct Comparison {
  std::string metric, mode;
  Metric baseline, candidate, ratio;
  double margin = 0;           ///< Changes smaller than this share do not matter.
  std::string verdict;         ///< name_of(Change)
  std::string backend, phase;  ///< With the next three: which row, as in Result.
  int64_t n_prompt = 0, n_gen = 0, depth = 0;
  bool gated = false;                 ///< It decides; others inform.
  std::optional<double> detectable;   ///< The smallest worsening this could have found, as a share.
  std::optional<int64_t> more_pairs;  ///< inconclusive: about how many more would decide.
  std::string reason;                 ///< incomparable: why.
};

/// A whole result file.
struct File {
  std::string tool, created_utc;
  std::vector<std::string> command;
  std::vector<Machine> machines;
  std::vector<Model> models;
  Workload workload;
  std::vector<Finding> findings;
  std::optional<Decision> decision;
  std::vector<Decision> decisions;  ///< In a merged file: those of the other files.
  std::vector<Result> results;
  std::vector<Comparison> comparisons;
  std::vector<Claim> claims;
  std::vector<std::string> warnings;
};

/// Words of the enumerations, as JSON has them: "does_not_fit", "NOT TESTED", "warn".
std::string_view name_of(FindingStatus status);
std::string_view name_of(Status status);
std::string_view name_of(Verdict verdict);

}  // namespace nety::results
