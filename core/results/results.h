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

struct CpuBudget {
  int threads = 1;              ///< max(1, min(affinity, floor(quota)))
  int affinity = 1;             ///< Processors this process may run on.
  std::optional<double> quota;  ///< cgroup quota in processors; absent: none.
  std::optional<int> cpuset{};  ///< Processors of the narrowest cgroup cpuset; absent: none said.
};

struct Gpu {
  std::string name;
  std::string vendor;  ///< "NVIDIA", "AMD", "Intel"
  std::string compute_capability;
  std::optional<uint64_t> total_bytes, free_bytes;
  bool usable = false;
  std::string reason;             ///< Why it is not usable.
  std::string address{}, uuid{};  ///< On the PCI bus, "0000:06:00.0"; of the device or MIG slice.
  std::string driver{}, cuda{};   ///< Versions: "580.65.06", and the newest CUDA it supports.
  std::optional<bool> mig{};      ///< Split into slices; the memory is then the slice's.
  std::optional<bool> ecc{};      ///< Error correction is on.
  std::optional<uint64_t> ecc_uncorrected{};  ///< Errors since the driver was loaded.
  std::optional<bool> persistence{};          ///< The driver stays loaded between programs.
  std::optional<double> power_limit_w{}, power_default_w{};
  std::optional<int> sm_clock_mhz{}, sm_clock_max_mhz{};
  std::optional<int> memory_clock_mhz{}, memory_clock_max_mhz{};
  std::vector<std::string> throttle{};  ///< Why the clocks are held down now: "power cap" ...
  std::optional<int> processes{};       ///< Other programs computing on it.
  std::optional<int> pcie_generation{}, pcie_generation_max{}, pcie_width{}, pcie_width_max{};
  std::map<std::string, std::string> unknown{};  ///< Of the above, what was refused, and why.
};

/// A machine, as results depend on it.
struct Machine {
  std::string id;  ///< Fingerprint: same id, comparable results.
  std::string cpu, os, kernel, hypervisor;
  std::vector<std::string> features;  ///< "avx2", "avx512_bf16" ..., usable by this process.
  CpuBudget cpu_budget;
  int processors = 0;
  uint64_t memory_total_bytes = 0, memory_available_bytes = 0;
  std::optional<uint64_t> memory_limit_bytes;  ///< cgroup or rlimit, the smallest.
  std::vector<Gpu> gpus;
  std::optional<int> sockets{}, cores{}, numa_nodes{};  ///< Absent: cannot be told.
  std::string libc{}, container{};                      ///< "glibc 2.36"; "docker", or empty.
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
