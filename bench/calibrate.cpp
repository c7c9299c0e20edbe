// Each mode is timed on models of random weights; bench/mode_cost.h makes costs of the timings.
#include "bench/calibrate.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "bench/calibration_models.h"
#include "bench/mode_cost.h"
#include "bench/random_subject.h"
#include "core/backends/native/native.h"
#include "core/base/error.h"
#include "core/base/utc.h"
#include "core/machine/machine.h"
#include "core/measure/fma.h"
#include "core/measure/stopwatch.h"
#include "core/policy/prediction.h"

namespace nety::bench {
namespace {

using checkpoint::ModelConfig;
using measure::Calibration;
using measure::ModeCost;
using precision::ModeId;

constexpr double kLargeBytes = 512e6;  // of weights: past the caches of most machines
constexpr uint64_t kMostRead = uint64_t{1} << 30, kLeastRead = uint64_t{64} << 20;
constexpr ModeId kForAttention = ModeId::int8, kForMixture = ModeId::bf16;

double median(std::vector<double> samples) { return measure::spread_of(std::move(samples)).median; }

/// Half the width of what nine of ten samples lie between, as a share of the median.
double width_of(const std::vector<double>& samples) {
  const measure::Spread spread = measure::spread_of(samples);
  return spread.median > 0 ? (spread.high - spread.low) / 2 / spread.median : 0;
}

double matrices_of(const ModelConfig& config) {
  return policy::flops_per_token(policy::weights_of(config)) / 2;
}

class Calibrator {
 public:
  Calibrator(const CalibrationRequest& request, Progress& progress)
      : request_(request),
        progress_(progress),
        probe_(request.threads, std::clamp(request.memory_bytes / 10, kLeastRead, kMostRead)) {
    out_.tool = request.tool;
    out_.build = request.build;
    out_.isa = request.isa;
    out_.threads = request.threads;
    out_.created_utc = utc_text(std::chrono::system_clock::now());
  }

  Calibration run();

 private:
  void look(std::string_view what);
  void walls();
  void disk();
  void attention();
  void mixture();
  ModeCost mode_cost(ModeId mode);
  void decode_costs(ModeId mode, ModeCost& cost);
  void prefill_costs(ModeId mode, ModeCost& cost);
  double convert_s(ModeId mode);
  /// Keeps the reads of pairs: how the machine varies while it works.
  void note(const std::vector<DecodePair>& pairs, uint64_t bytes);
  void widen_reads();

  RandomSubject subject(const ModelConfig& config, ModeId mode, int64_t context = 512) const {
    return {config,
            {.mode = mode,
             .head = mode,
             .backend = {.threads = request_.threads, .isa = request_.isa, .device = {}},
             .context = context}};
  }
  TimedDecode timed(RandomSubject& subject, int pairs, std::vector<double>* shares = nullptr);
  double prompt_s(RandomSubject& subject, int64_t tokens, int times) const;
  double left_s() const { return request_.limit_s - watch_.seconds(); }

  const CalibrationRequest& request_;
  Progress& progress_;
  measure::Stopwatch watch_;
  measure::BandwidthProbe probe_;
  Calibration out_;
  std::vector<std::pair<uint64_t, double>> noted_;  // bytes read, and the rate
};

void Calibrator::look(std::string_view /*what*/) {
  if (request_.interrupted())
    throw Error(ErrorKind::kInterrupted, "the calibration was interrupted",
                "Nothing was kept; nety which measures again.");
  progress_.advance(std::llround(std::min(watch_.seconds(), request_.limit_s) * 10));
}

void Calibrator::walls() {
  constexpr int kPasses = 10;
  const auto rates = [](measure::BandwidthProbe& probe, uint64_t bytes) {
    std::vector<double> samples;
    const measure::ReadPattern pattern = probe.fastest(bytes, 2);
    const measure::Stopwatch watch;
    // Passes of few bytes are too short to time one by one.
    for (int i = 0; i < kPasses && watch.seconds() < 0.4; ++i) {
      const int repeats = static_cast<int>(std::max<uint64_t>(1, (uint64_t{32} << 20) / bytes));
      const measure::Stopwatch pass;
      for (int r = 0; r < repeats; ++r) probe.pass(bytes, pattern);
      samples.push_back(static_cast<double>(bytes) * repeats / pass.seconds());
    }
    return measure::spread_of(samples);
  };
  for (uint64_t bytes = uint64_t{2} << 20; bytes <= probe_.largest_bytes(); bytes *= 2) {
    out_.reads.push_back({bytes, request_.threads, rates(probe_, bytes)});
    look("memory");
  }
  for (int threads = 1; threads < request_.threads; threads *= 2) {
    measure::BandwidthProbe few(threads, std::min(probe_.largest_bytes(), uint64_t{256} << 20));
    out_.reads.push_back({few.largest_bytes(), threads, rates(few, few.largest_bytes())});
    look("memory");
  }
  measure::FmaProbe arithmetic(request_.threads);
  for (const measure::FmaType type : measure::kFmaTypes)
    if (const auto rate = arithmetic.peak(type, machine::host(), request_.isa, 3))
      out_.peaks[std::string(measure::name_of(type))] = rate->ops_per_s;
  look("arithmetic");
}

void Calibrator::disk() {
  if (request_.disk_file.empty()) return;
  const auto rate = machine::host().read_rate(request_.disk_file, 0.5);
  if (rate && *rate.value > 0) out_.disk_bytes_per_s = *rate.value;
}

void Calibrator::note(const std::vector<DecodePair>& pairs, uint64_t bytes) {
  for (const DecodePair& pair : pairs) noted_.emplace_back(bytes, pair.read_bytes_per_s);
}

// A share is of one pair, so that what slows both halves does not count; the time is what that
// share is at the usual reading.
TimedDecode Calibrator::timed(RandomSubject& subject, int pairs, std::vector<double>* shares) {
  const uint64_t bytes = subject.token_bytes(0);
  const std::vector<DecodePair> all =
      decode_pairs(subject, probe_, bytes, {.pairs = pairs, .slice_s = 0.04});
  note(all, bytes);
  std::vector<double> reached, reads;
  for (const DecodePair& pair : all) {
    reached.push_back(pair.share(bytes));
    reads.push_back(pair.read_bytes_per_s);
  }
  const double read = median(reads);
  const double token_s = static_cast<double>(bytes) / (median(reached) * read);
  if (shares != nullptr) *shares = reached;
  return {token_s, static_cast<double>(bytes), read,
          static_cast<double>(subject.model().config.layers)};
}

void Calibrator::decode_costs(ModeId mode, ModeCost& cost) {
  std::vector<double> shares;
  RandomSubject tiny = subject(tiny_model(), mode);
  std::vector<double> tokens;
  for (int i = 0; i < 7; ++i) tokens.push_back(1 / tiny.decode(0, 0.005));
  const TimedDecode cached{median(tokens), static_cast<double>(tiny.token_bytes(0)), 0, 1};
  RandomSubject small = subject(small_model(24), mode);
  const TimedDecode narrow = timed(small, 5);
  // A machine without room for one large layer has none for large models either.
  const double room = static_cast<double>(request_.memory_bytes) / 10;
  const double bytes = std::min(kLargeBytes, room);
  const bool fits = bytes_of_large_layer(mode) <= 2 * room;
  RandomSubject large =
      subject(fits ? large_model(layers_of_bytes(mode, bytes)) : prompt_model(), mode);
  const TimedDecode wide = timed(large, 6, &shares);
  for (const TimedDecode& one : {cached, narrow, wide})
    request_.tell(fmt::format("{} decode: {:.1f} us, {:.3f} MB, {:.2f} GB/s, {} layers", cost.mode,
                              one.token_s * 1e6, one.bytes / 1e6, one.read_bytes_per_s / 1e9,
                              one.layers));
  solve_decode(cached, narrow, wide, cost);
  cost.decode_spread = width_of(shares);
}

double Calibrator::prompt_s(RandomSubject& subject, int64_t tokens, int times) const {
  std::vector<double> samples;
  subject.read_prompt(tokens);
  for (int i = 0; i < times; ++i) samples.push_back(subject.read_prompt(tokens));
  return median(samples);
}

void Calibrator::prefill_costs(ModeId mode, ModeCost& cost) {
  constexpr int64_t kBrief = 32, kWhole = 256, kSmall = 96;
  const auto timed_prompt = [&](RandomSubject& subject, int64_t tokens, int times) {
    const ModelConfig& config = subject.model().config;
    const double other = static_cast<double>(config.layers) * cost.layer_s +
                         policy::attention_operations(config, tokens, 0) * out_.attention_s;
    const double taken = prompt_s(subject, tokens, times);
    return TimedPrompt{std::max(taken - other, taken / 4), static_cast<double>(tokens),
                       matrices_of(config), policy::activations_of(config)};
  };
  RandomSubject prompts = subject(prompt_model(), mode);
  const TimedPrompt brief = timed_prompt(prompts, kBrief, 3);
  std::vector<double> samples;
  for (int i = 0; i < 3; ++i) samples.push_back(prompts.read_prompt(kWhole));
  const TimedPrompt whole = timed_prompt(prompts, kWhole, 2);
  RandomSubject narrow = subject(small_model(8), mode);
  const TimedPrompt small = timed_prompt(narrow, kSmall, 3);
  for (const TimedPrompt& one : {brief, whole, small})
    request_.tell(fmt::format("{} prompt: {:.2f} ms, {} tokens, {:.2f} M weights, {} activations",
                              cost.mode, one.step_s * 1e3, one.tokens, one.weights / 1e6,
                              one.activations));
  solve_prefill(brief, whole, small, cost);
  cost.prefill_spread = width_of(samples);
}

/// Seconds per weight: published weights are bf16, those of a file's blocks are packed.
double Calibrator::convert_s(ModeId mode) {
  constexpr int64_t kRows = 2048, kCols = 2048;
  uint64_t state = 88172645463325252ULL;
  const bool stored = precision::mode(mode).kind == precision::ModeKind::kStored;
  const ModeId source = stored ? mode : ModeId::bf16;
  AnonymousMemory blocks;
  precision::Matrix made;
  precision::MatrixView view;
  if (stored) {
    blocks = random_blocks(kRows, kCols, mode, state);
    view = {.mode = mode, .rows = kRows, .cols = kCols, .codes = blocks.as<std::byte>()};
  } else {
    std::vector<float> weights(static_cast<size_t>(kRows * kCols));
    for (size_t i = 0; i < weights.size(); ++i)
      weights[i] = (static_cast<float>(i * 7919 % 2003) - 1001) * 5e-5F;
    made = precision::quantise(source, weights.data(), kRows, kCols);
    view = made.view;
  }
  const auto backend = native::make_backend(
      {.threads = request_.threads, .isa = request_.isa, .device = {}}, machine::host());
  backend->prepare(view, mode, model::WeightUse::kMatrix);
  const measure::Stopwatch watch;
  backend->prepare(view, mode, model::WeightUse::kMatrix);
  return watch.seconds() / static_cast<double>(kRows * kCols);
}

ModeCost Calibrator::mode_cost(ModeId mode) {
  ModeCost cost;
  cost.mode = precision::mode(mode).name;
  decode_costs(mode, cost);
  look(cost.mode);
  prefill_costs(mode, cost);
  look(cost.mode);
  cost.convert_s = convert_s(mode);
  RandomSubject tiny = subject(tiny_model(), mode);
  cost.kernel = tiny.backend().kernel(mode);
  cost.type = multiplied_type(cost.kernel);
  return cost;
}

// Two prompts instead of one of twice the length differ by what tokens attend to alone.
void Calibrator::attention() {
  constexpr int64_t kHalf = 512, kDepth = 2048;
  const ModelConfig config = attention_model();
  RandomSubject model = subject(config, kForAttention, kDepth + 260);
  const double extra_s = prompt_s(model, 2 * kHalf, 3) - 2 * prompt_s(model, kHalf, 3);
  const double extra = policy::attention_operations(config, 2 * kHalf, 0) -
                       2 * policy::attention_operations(config, kHalf, 0);
  out_.attention_s = std::max(extra_s / extra, out_.attention_s / 4);  // not above the peak
  look("attention");

  const TimedDecode shallow = timed(model, 5);
  const uint64_t bytes = model.token_bytes(kDepth);
  std::vector<double> tokens, reads;
  for (const DecodePair& pair :
       decode_pairs(model, probe_, bytes, {.pairs = 5, .slice_s = 0.04, .depth = kDepth})) {
    tokens.push_back(1 / pair.tokens_per_s);
    reads.push_back(pair.read_bytes_per_s);
  }
  const double cache = static_cast<double>(bytes) - shallow.bytes;
  const double cache_s = std::max(median(tokens) - shallow.token_s, median(tokens) / 50);
  request_.tell(fmt::format(
      "attention: {:.1f} ms more; cache: {:.1f} us of {:.1f} us, {:.2f} MB, "
      "{:.2f} GB/s",
      extra_s * 1e3, cache_s * 1e6, median(tokens) * 1e6, cache / 1e6, median(reads) / 1e9));
  out_.cache_share = std::clamp(cache / cache_s / median(reads), 0.01, 2.0);
  look("attention");
}

// What a layer takes besides is what its mode's costs do not explain.
void Calibrator::mixture() {
  const ModeCost* cost = out_.find(precision::mode(kForMixture).name);
  if (cost == nullptr) return;
  const ModelConfig config = mixture_model();
  RandomSubject model = subject(config, kForMixture);
  const auto weights = policy::weights_of(config);
  const policy::MemoryPlan plan = policy::plan(config, weights, kForMixture, {});
  const auto layers = static_cast<double>(config.layers);
  const TimedDecode token = timed(model, 7);
  const auto expected = [&](int64_t prompt) {
    return policy::predict(
        config, weights, kForMixture, kForMixture, plan, out_,
        {.prompt = prompt, .depth = 0, .read_bytes_per_s = token.read_bytes_per_s});
  };
  const policy::Estimate rate = expected(1).decode_tps;
  out_.mixture_layer_s = std::max(0.0, (token.token_s - 1 / rate.value) / layers);
  look("mixture");
  constexpr int64_t kTokens = 256;
  const double taken = prompt_s(model, kTokens, 3);
  const double dense = expected(kTokens).first_token_s.value;
  out_.mixture_factor = std::clamp(taken / dense, 0.5, 5.0);
  request_.tell(
      fmt::format("mixture: {:.1f} us of {:.1f} us expected; prompt {:.1f} ms of {:.1f} ms",
                  token.token_s * 1e6, 1e6 / rate.value, taken * 1e3, dense * 1e3));
  look("mixture");
}

/// How much reading varied while modes were measured is how much it may vary later.
void Calibrator::widen_reads() {
  std::vector<double> relative;
  for (const auto& [bytes, rate] : noted_)
    if (const double usual = out_.read_rate(bytes).median; usual > 0)
      relative.push_back(rate / usual);
  if (relative.size() < 8) return;
  const measure::Spread spread = measure::spread_of(relative);
  for (measure::ReadRate& read : out_.reads) {
    measure::Spread& rate = read.bytes_per_s;
    if (read.threads == request_.threads) rate.median *= spread.median;
    rate.low = std::min(rate.low, rate.median * spread.low / spread.median);
    rate.high = std::max(rate.high, rate.median * spread.high / spread.median);
  }
}

Calibration Calibrator::run() {
  progress_.begin("calibration", std::llround(request_.limit_s * 10));
  walls();
  disk();
  const double peak = out_.peaks.contains("fp32") ? out_.peaks.at("fp32") : 1e12;
  out_.attention_s = 4 / peak;  // where it is not measured: a quarter of the peak
  if (!request_.modes.empty()) attention();
  double longest = 0;
  for (const ModeId mode : request_.modes) {
    if (!out_.modes.empty() && left_s() < longest * 1.2) break;
    const measure::Stopwatch watch;
    out_.modes.push_back(mode_cost(mode));
    request_.tell(fmt::format("{}: {:.1f} s", out_.modes.back().mode, watch.seconds()));
    if (mode == kForMixture) mixture();
    longest = std::max(longest, watch.seconds());
    look("mode");
  }
  widen_reads();
  out_.took_s = watch_.seconds();
  progress_.end();
  return out_;
}

}  // namespace

std::vector<ModeId> calibration_order() {
  std::vector<ModeId> order = {ModeId::bf16,  ModeId::nf4,  ModeId::int8, ModeId::q4_k,
                               ModeId::q8_0,  ModeId::fp32, ModeId::q6_k, ModeId::q4_0,
                               ModeId::q5_k,  ModeId::fp16, ModeId::q4_1, ModeId::nf4_dq,
                               ModeId::mxfp4, ModeId::fp4};
  // The scales of fp8 are tensors of their own, which random models do not have.
  for (const precision::Mode& mode : precision::modes())
    if (mode.id != ModeId::fp8 && std::ranges::find(order, mode.id) == order.end())
      order.push_back(mode.id);
  return order;
}

Calibration calibrate(const CalibrationRequest& request, Progress& progress) {
  return Calibrator(request, progress).run();
}

}  // namespace nety::bench
