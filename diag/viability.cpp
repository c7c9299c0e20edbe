// The parent's side of the trials, and what their numbers mean.
#include "diag/viability.h"

#include <fmt/core.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "core/base/words.h"
#include "core/measure/stopwatch.h"
#include "diag/trial_protocol.h"

namespace nety::diag {
namespace {

using results::Status;

constexpr double kGrace = 2;       // seconds for a worker to end when asked to
constexpr size_t kMostSaid = 200;  // bytes of what it wrote to stderr
constexpr int64_t kMostWeights = int64_t{1} << 26;
constexpr int64_t kLeastWeights = int64_t{1} << 20;
constexpr uint64_t kBytesPerWeight = 24;  // fp32, the mode, copies of both, and room to spare
constexpr double kBudget = 0.8;           // seconds for the pairs of one product

/// LibTorch, oneDNN and MKL take their instruction sets from the environment.
std::vector<std::pair<std::string, std::string>> torch_isa(const std::string& isa) {
  if (isa == "avx2")
    return {{"ATEN_CPU_CAPABILITY", "avx2"},
            {"ONEDNN_MAX_CPU_ISA", "AVX2"},
            {"MKL_ENABLE_INSTRUCTIONS", "AVX2"}};
  if (isa == "scalar")
    return {{"ATEN_CPU_CAPABILITY", "default"},
            {"ONEDNN_MAX_CPU_ISA", "SSE41"},
            {"MKL_ENABLE_INSTRUCTIONS", "SSE4_2"}};
  return {};
}

/// An answer, or why there is none.
struct Answer {
  std::optional<std::string> line;
  ModeVerdict verdict = ModeVerdict::kUnknown;
  Status status = Status::kSkipped;
  std::string reason;
};

/// The worker process: started when it is first asked, and again after it died.
class Asker {
 public:
  Asker(const TrialOptions& options, TrialObserver& observer)
      : options_(options), observer_(observer) {}

  Answer ask(const WorkerQuestion& question) {
    try {
      if (worker_ == nullptr || worker_->end()) start(question);
    } catch (const Error& error) {
      worker_.reset();
      return {{}, ModeVerdict::kUnknown, Status::kError, error.what()};
    }
    worker_->send(to_line(question));
    auto line = worker_->receive(options_.limit_s, [this] { return observer_.interrupted(); });
    if (line) return {std::move(line), ModeVerdict::kViable, Status::kOk, ""};
    if (!worker_->end()) {
      worker_.reset();
      return {{}, ModeVerdict::kUnknown, Status::kSkipped, "interrupted"};
    }
    return why_it_ended();
  }

  void quit() {
    if (worker_ != nullptr && !worker_->end()) worker_->stop(kGrace);
    worker_.reset();
  }

 private:
  void start(const WorkerQuestion& question) {
    measure::WorkerCommand command = options_.worker;
    if (command.argv.empty()) command.argv = {measure::own_program(), "worker", "trial"};
    const auto* trial = std::get_if<TrialRequest>(&question);
    if (trial != nullptr && trial->run.backend == "torch")
      for (auto& variable : torch_isa(options_.run.isa)) command.environment.push_back(variable);
    worker_ = std::make_unique<measure::Worker>(command);
  }

  Answer why_it_ended() {
    const measure::WorkerEnd end = *worker_->end();
    worker_.reset();
    std::string reason = end.describe();
    if (const std::string said = last_line(end.last_words, kMostSaid); !said.empty())
      reason += "; it said: " + said;
    if (end.out_of_memory) return {{}, ModeVerdict::kUnknown, Status::kDoesNotFit, reason};
    const bool hung = end.fate == measure::WorkerFate::kTimedOut;
    return {{}, ModeVerdict::kBroken, hung ? Status::kTimeout : Status::kCrashed, reason};
  }

  const TrialOptions& options_;
  TrialObserver& observer_;
  std::unique_ptr<measure::Worker> worker_;
};

ModeTrial row_for(const TrialRequest& request) {
  ModeTrial row;
  row.mode = request.run.mode;
  row.backend = request.run.backend;
  return row;
}

/// The processor's features without those beyond a forced instruction set.
std::vector<std::string> allowed(std::vector<std::string> features, const std::string& isa) {
  if (isa == "avx2" || isa == "scalar")
    std::erase_if(features, [](const std::string& feature) {
      return feature.starts_with("avx512") || feature.starts_with("amx");
    });
  return features;
}

int64_t weights_for(uint64_t memory_bytes) {
  if (memory_bytes == 0) return kMostWeights;
  const auto most = static_cast<int64_t>(memory_bytes / kBytesPerWeight);
  return std::clamp(most, kLeastWeights, kMostWeights);
}

void take_rates(const TrialOptions& options, Asker& asker, Trials& trials) {
  const double quarter = static_cast<double>(options.memory_bytes) / 4;
  const RatesRequest request{.run = options.run,
                             .memory_bytes = options.memory_bytes == 0 ? 1e12 : quarter,
                             .parts = options.rates};
  const Answer answer = asker.ask(request);
  trials.rates_reason = answer.reason;
  if (!answer.line) return;
  try {
    trials.rates = parse_rates(*answer.line);
    if (trials.rates->read_bytes_per_s > 0 || !options.rates.bandwidth) return;
    trials.rates.reset();
    trials.rates_reason = "not enough memory to measure it";
  } catch (const Error& error) {
    trials.rates_reason = error.what();
  }
}

ModeTrial try_one(const TrialRequest& request, Asker& asker, const Trials& trials,
                  const results::Machine& machine) {
  const Answer answer = asker.ask(request);
  if (answer.line) {
    try {
      return judge(request, parse_trial(*answer.line), trials,
                   allowed(machine.features, request.run.isa));
    } catch (const Error& error) {
      asker.quit();
      ModeTrial row = row_for(request);
      row.verdict = ModeVerdict::kBroken;
      row.status = Status::kError;
      row.reason = error.what();
      return row;
    }
  }
  ModeTrial row = row_for(request);
  row.verdict = answer.verdict;
  row.status = answer.status;
  row.reason = answer.reason;
  return row;
}

/// Ratios per pair: what slows down both cancels out.
results::Metric speed_of(const TimedPairs& pairs) {
  std::vector<double> ratios;
  for (size_t i = 0; i < std::min(pairs.mode_s.size(), pairs.reference_s.size()); ++i)
    ratios.push_back(pairs.reference_s[i] / pairs.mode_s[i]);
  return results::summarise("ratio", std::move(ratios));
}

results::Metric rate_of(const char* unit, double amount, const std::vector<double>& seconds) {
  std::vector<double> rates;
  rates.reserve(seconds.size());
  for (const double each : seconds) rates.push_back(amount / each);
  return results::summarise(unit, std::move(rates));
}

}  // namespace

std::string_view name_of(ModeVerdict verdict) {
  constexpr std::string_view kNames[] = {"viable", "slow", "broken", "unsupported", "unknown"};
  return kNames[static_cast<size_t>(verdict)];
}

std::string_view name_of(ProductPath path) {
  constexpr std::string_view kNames[] = {"native", "emulated", "dequantise-per-call",
                                         "dequantised-at-load", ""};
  return kNames[static_cast<size_t>(path)];
}

ProductPath path_of(std::string_view backend, std::string_view mode, std::string_view kernel,
                    const std::vector<std::string>& features) {
  const auto has = [&](std::string_view feature) {
    return std::find(features.begin(), features.end(), feature) != features.end();
  };
  const auto says = [&](std::string_view word) {
    return kernel.find(word) != std::string_view::npos;
  };
  if (kernel.empty()) return ProductPath::kUnknown;
  if (backend == "torch") {
    if (says("dequantised")) return ProductPath::kDequantisedAtLoad;
    const bool native = mode == "bf16"   ? has("avx512_bf16") || has("amx_bf16")
                        : mode == "fp16" ? has("avx512_fp16")
                                         : true;
    return native ? ProductPath::kNative : ProductPath::kEmulated;
  }
  if (mode == "fp32") return ProductPath::kNative;
  // "unpack_x+float_panel_y": weights become fp32 in this core's cache, row by row.
  const precision::Mode* row = precision::find_mode(mode);
  if (says("+"))
    return row != nullptr && row->activation == "fp32" ? ProductPath::kDequantisedPerCall
                                                       : ProductPath::kEmulated;
  return says("scalar") ? ProductPath::kEmulated : ProductPath::kNative;
}

const ModeTrial* Trials::find(std::string_view mode, std::string_view backend) const {
  for (const ModeTrial& row : rows)
    if (row.mode == mode && row.backend == backend) return &row;
  return nullptr;
}

ModeTrial judge(const TrialRequest& request, const TrialReply& reply, const Trials& trials,
                const std::vector<std::string>& features) {
  ModeTrial row = row_for(request);
  if (!reply.ok) {
    const bool no_such = reply.error == ErrorKind::kUsage || reply.error == ErrorKind::kEnvironment;
    const bool no_room = reply.error == ErrorKind::kMemory;
    row.verdict = no_such   ? ModeVerdict::kUnsupported
                  : no_room ? ModeVerdict::kUnknown
                            : ModeVerdict::kBroken;
    row.status = no_such ? Status::kUnsupported : no_room ? Status::kDoesNotFit : Status::kError;
    row.reason = reply.what;
    return row;
  }
  row.kernel = reply.kernel;
  row.path = path_of(request.run.backend, request.run.mode, reply.kernel, features);
  row.bytes_per_weight = reply.bytes_per_weight;
  row.error_share = reply.error_share;
  if (!reply.correct()) {
    row.verdict = ModeVerdict::kBroken;
    row.status = Status::kError;
    row.reason = fmt::format("wrong results: {}, {:.3g} times the error that the mode allows",
                             reply.worst_place, reply.error_share);
    return row;
  }
  row.verdict = ModeVerdict::kViable;
  row.status = Status::kOk;
  row.timed = !reply.vector.mode_s.empty();
  if (!row.timed) return row;
  row.speed = speed_of(reply.vector);
  row.prefill_speed = speed_of(reply.matrix);
  row.bytes_per_s =
      rate_of("bytes/s", static_cast<double>(reply.vector_weights) * reply.bytes_per_weight,
              reply.vector.mode_s);
  row.ops_per_s =
      rate_of("op/s", 2 * static_cast<double>(reply.matrix_products), reply.matrix.mode_s);
  if (trials.rates && trials.rates->parts.bandwidth && row.bytes_per_s.median)
    row.mbu = *row.bytes_per_s.median / trials.rates->read_bytes_per_s;
  if (row.speed.ci && row.speed.ci->second < 1 - kSpeedMargin) row.verdict = ModeVerdict::kSlow;
  return row;
}

std::vector<ModeOnBackend> every(const std::vector<std::string>& modes,
                                 const std::vector<std::string>& backends) {
  std::vector<ModeOnBackend> tries;
  for (const std::string& backend : backends)
    for (const std::string& mode : modes) tries.push_back({mode, backend});
  return tries;
}

Trials run_trials(const TrialOptions& options, const results::Machine& machine,
                  TrialObserver& observer) {
  const measure::Stopwatch watch;
  Trials trials;
  trials.quick = options.quick;
  trials.isa = options.run.isa;
  trials.threads = static_cast<int>(options.run.threads);
  trials.missing = options.missing;
  Asker asker(options, observer);
  const bool rates = options.rates.any() && !options.quick;
  const size_t total = options.tries.size() + (rates ? 1 : 0);
  size_t done = 0;
  if (rates) {
    observer.step("bandwidth", done++, total);
    take_rates(options, asker, trials);
  }
  std::string backend;
  for (const ModeOnBackend& next : options.tries) {
    if (observer.interrupted()) break;
    // A process for each, or at least for each backend where there is no time for that.
    if (!options.quick || next.backend != backend) asker.quit();
    backend = next.backend;
    observer.step(next.mode + " " + next.backend, done++, total);
    TrialRequest request{.run = options.run,
                         .timed = !options.quick,
                         .weights = weights_for(options.memory_bytes),
                         .budget_s = kBudget};
    request.run.mode = next.mode;
    request.run.backend = next.backend;
    trials.rows.push_back(try_one(request, asker, trials, machine));
  }
  asker.quit();
  trials.seconds = watch.seconds();
  return trials;
}

}  // namespace nety::diag
