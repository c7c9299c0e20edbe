#include "core/policy/prediction.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace nety::policy {
namespace {

using checkpoint::ModelConfig;
using checkpoint::Slot;
using measure::Calibration;
using measure::ModeCost;
using precision::ModeId;

constexpr int64_t kStep = 512;  // tokens of a prompt at once: PlanOptions::step
/// What a checkpoint that is brought into a mode is published in.
constexpr ModeId kPublished = ModeId::bf16;

/// The weights of a model that are in one mode.
struct Part {
  ModeCost cost;
  double resident_bytes = 0;  ///< All that are multiplied with.
  double token_bytes = 0;     ///< What a token reads of them.
  double weights = 0;         ///< Of the layers, without experts.
  double head_bytes = 0;
  struct Experts {
    double weights = 0, share = 0;
  };
  std::vector<Experts> experts;
  double converted = 0, file_bytes = 0;  ///< Weights that loading changes; what the file has.
};

/// The model as predictions see it.
struct Parts {
  std::vector<Part> parts;
  double layer_s = 0;  ///< Of the mode that has most bytes.
  double spread = 0, prefill_spread = 0;
  Basis basis = Basis::kCalibrated;
};

Part& part_of(std::vector<std::pair<ModeId, Part>>& parts, ModeId mode,
              const Calibration& calibration, Basis& basis) {
  const precision::Mode& row = precision::mode(mode);
  const ModeCost* known = calibration.find(row.name);
  if (known == nullptr) basis = Basis::kWalls;
  for (auto& [id, part] : parts)
    if (id == mode) return part;
  parts.emplace_back(mode, Part{});
  parts.back().second.cost = known != nullptr ? *known : usual_cost(row, calibration);
  return parts.back().second;
}

void add(Part& part, const PlannedWeight& weight, ModeId target, bool looked_up) {
  const auto all = static_cast<double>(weight.rows * weight.cols * weight.count);
  const auto bytes_in = [&weight](ModeId mode) {
    return static_cast<double>(precision::mode(mode).functions->bytes(weight.rows, weight.cols) *
                               static_cast<uint64_t>(weight.count));
  };
  const ModeId source = weight.stored.value_or(kPublished);
  part.file_bytes += weight.stored_bytes > 0 ? static_cast<double>(weight.stored_bytes) *
                                                   static_cast<double>(weight.count)
                                             : bytes_in(source);
  const bool packed = precision::mode(target).kind == precision::ModeKind::kStored;
  if ((source != target || packed) && !is_vector(weight.role())) part.converted += all;
  if (looked_up || is_vector(weight.role())) return;
  const double bytes = bytes_in(target);
  part.resident_bytes += bytes;
  part.token_bytes += bytes * weight.active;
  if (weight.role() == Role::kEmbedding) {
    part.head_bytes += bytes;
  } else if (weight.active < 1) {
    part.experts.push_back({all, weight.active});
  } else {
    part.weights += all;
  }
}

Parts parts_of(const ModelConfig& config, std::span<const PlannedWeight> weights,
               std::optional<ModeId> mode, std::optional<ModeId> head,
               const Calibration& calibration) {
  Parts out;
  std::vector<std::pair<ModeId, Part>> parts;
  for (const PlannedWeight& weight : weights) {
    const ModeId target =
        target_of(weight, mode, head).value_or(weight.stored.value_or(ModeId::fp32));
    const bool looked_up = weight.slot == Slot::embedding && !config.tied_embeddings;
    // Norms and biases are no products: a mode that only they have need not be measured.
    Basis of_vectors = Basis::kCalibrated;
    Basis& basis = is_vector(weight.role()) || looked_up ? of_vectors : out.basis;
    add(part_of(parts, target, calibration, basis), weight, target, looked_up);
  }
  double most = -1;
  for (auto& [id, part] : parts) {
    if (part.token_bytes > most) {
      most = part.token_bytes;
      out.layer_s = part.cost.layer_s;
      out.spread = part.cost.decode_spread;
      out.prefill_spread = part.cost.prefill_spread;
    }
    out.parts.push_back(std::move(part));
  }
  return out;
}

/// Keys and values that a token at `depth` reads.
double cache_bytes(const ModelConfig& config, const MemoryPlan& plan, int64_t depth) {
  double positions = 0;
  for (int64_t l = 0; l < config.layers; ++l) {
    const int64_t window = config.spec(l).window;
    positions += static_cast<double>(window > 0 ? std::min(depth + 1, window) : depth + 1);
  }
  const auto room = static_cast<double>(std::max<int64_t>(plan.context * config.layers, 1));
  return static_cast<double>(plan.kv_bytes) * positions / room;
}

int64_t mixture_layers(const ModelConfig& config) {
  int64_t count = 0;
  for (int64_t l = 0; l < config.layers; ++l) count += config.spec(l).is_mixture() ? 1 : 0;
  return count;
}

double decode_seconds(const ModelConfig& config, const Parts& parts, double cache,
                      const Calibration& calibration, double rate) {
  double seconds = static_cast<double>(config.layers) * parts.layer_s +
                   static_cast<double>(mixture_layers(config)) * calibration.mixture_layer_s +
                   cache / (rate * calibration.cache_share);
  for (const Part& part : parts.parts) seconds += part.token_bytes * byte_seconds(part.cost, rate);
  return seconds;
}

double step_seconds(const ModelConfig& config, const Parts& parts, int64_t tokens, int64_t depth,
                    const Calibration& calibration) {
  const auto count = static_cast<double>(tokens);
  double seconds = static_cast<double>(config.layers) * parts.layer_s +
                   static_cast<double>(mixture_layers(config)) * calibration.mixture_layer_s +
                   attention_operations(config, tokens, depth) * calibration.attention_s;
  double activation_s = 0, most = -1;
  for (const Part& part : parts.parts) {
    seconds += part.weights * (part.cost.unpack_s + count * part.cost.multiply_s);
    for (const Part::Experts& experts : part.experts) {
      const double touched = 1 - std::pow(1 - experts.share, count);
      seconds += experts.weights * calibration.mixture_factor *
                 (touched * part.cost.unpack_s + count * experts.share * part.cost.multiply_s);
    }
    if (part.token_bytes > most) most = part.token_bytes, activation_s = part.cost.activation_s;
  }
  return seconds + count * activations_of(config) * activation_s;
}

double prompt_seconds(const ModelConfig& config, const Parts& parts, int64_t tokens,
                      const Calibration& calibration, double rate) {
  double seconds = 0;
  for (int64_t at = 0; at < tokens; at += kStep)
    seconds += step_seconds(config, parts, std::min(kStep, tokens - at), at, calibration);
  for (const Part& part : parts.parts) seconds += part.head_bytes * byte_seconds(part.cost, rate);
  return seconds;
}

/// What reading reaches beside this model. Experts of other tokens push each other out of caches,
/// so a mixture reads as all of it would be read.
measure::Spread rate_for(const Parts& parts, double cache, const Calibration& calibration,
                         const std::optional<double>& measured) {
  double resident = cache, token = cache;
  for (const Part& part : parts.parts) resident += part.resident_bytes, token += part.token_bytes;
  const auto rate = [&](double bytes) {
    return calibration.read_rate(static_cast<uint64_t>(bytes));
  };
  const measure::Spread usual = rate(resident);
  if (!measured) return usual;
  const double now = *measured * usual.median / std::max(rate(token).median, 1.0);
  return {now, now, now};
}

Estimate rates(const Estimate& seconds, double tokens) {
  if (!(seconds.value > 0)) return {};
  return {tokens / seconds.value, tokens / seconds.high, tokens / seconds.low};
}

void load_times(const Parts& parts, const Calibration& calibration, Prediction& out) {
  double file = 0;
  for (const Part& part : parts.parts) {
    out.load_warm_s += part.converted * part.cost.convert_s;
    file += part.file_bytes;
  }
  if (calibration.disk_bytes_per_s)
    out.load_cold_s = out.load_warm_s + file / *calibration.disk_bytes_per_s;
}

}  // namespace

double byte_seconds(const measure::ModeCost& cost, double read_bytes_per_s) {
  if (!(read_bytes_per_s > 0)) return cost.byte_s;
  constexpr double p = measure::kOverlap;
  const double memory_s = 1 / (read_bytes_per_s * cost.memory_share);
  return std::pow(std::pow(memory_s, p) + std::pow(cost.byte_s, p), 1 / p);
}

double activations_of(const ModelConfig& config) {
  double count = 0;
  for (int64_t l = 0; l < config.layers; ++l) {
    const checkpoint::LayerSpec& spec = config.spec(l);
    const int64_t heads = (config.heads + 2 * config.kv_heads) * config.head_dim;
    const int64_t arrays = spec.gated ? 3 : 2;
    const int64_t ffn = spec.is_mixture()
                            ? spec.mixture.chosen * (arrays * spec.mixture.ffn_dim + 2 * config.dim)
                            : arrays * config.ffn_dim;
    count += static_cast<double>(heads + 2 * config.dim + ffn);
  }
  return count;
}

double attention_operations(const ModelConfig& config, int64_t tokens, int64_t depth) {
  double pairs = 0;
  const auto sum_to = [](int64_t n) {
    return static_cast<double>(n) * static_cast<double>(n + 1) / 2;
  };
  for (int64_t l = 0; l < config.layers; ++l) {
    const int64_t window = config.spec(l).window;
    const int64_t end = depth + tokens;
    if (window <= 0 || end <= window) {
      pairs += sum_to(end) - sum_to(depth);
    } else {
      const int64_t growing = std::max<int64_t>(window - depth, 0);
      pairs += sum_to(depth + growing) - sum_to(depth) +
               static_cast<double>(window) * static_cast<double>(tokens - growing);
    }
  }
  return 4 * static_cast<double>(config.heads * config.head_dim) * pairs;
}

// The shares that modes reach on the machines of docs/performance.md, rounded down.
measure::ModeCost usual_cost(const precision::Mode& mode, const Calibration& calibration) {
  constexpr double kMemoryShare = 0.8, kPeakShare = 0.5;
  ModeCost cost;
  cost.mode = mode.name;
  cost.memory_share = kMemoryShare;
  cost.layer_s = 20e-6;
  const bool integers = mode.activation.starts_with("int8");
  cost.type = integers ? "int8" : mode.id == ModeId::bf16 ? "bf16" : "fp32";
  auto peak = calibration.peaks.find(cost.type);
  if (peak == calibration.peaks.end()) peak = calibration.peaks.find("fp32");
  if (peak != calibration.peaks.end()) cost.multiply_s = 2 / (peak->second * kPeakShare);
  cost.convert_s = mode.id == kPublished ? 0 : 1e-9;
  return cost;
}

Prediction predict(const ModelConfig& config, std::span<const PlannedWeight> weights,
                   std::optional<ModeId> mode, std::optional<ModeId> head, const MemoryPlan& plan,
                   const Calibration& calibration, const Workload& workload) {
  Prediction out;
  const Parts parts = parts_of(config, weights, mode, head, calibration);
  out.basis = parts.basis;
  load_times(parts, calibration, out);
  const double cache = cache_bytes(config, plan, workload.depth);
  const measure::Spread rate = rate_for(parts, cache, calibration, workload.read_bytes_per_s);
  if (!(rate.median > 0)) return out;
  const bool walls = out.basis == Basis::kWalls;
  const auto around = [&](auto seconds, double spread, double error) {
    const double off = 1 + (walls ? kWallsError : spread + error);
    return Estimate{seconds(rate.median), seconds(rate.high) / off, seconds(rate.low) * off};
  };
  const auto decode = [&](double r) {
    return decode_seconds(config, parts, cache, calibration, r);
  };
  out.decode_tps = rates(around(decode, parts.spread, kDecodeError), 1);
  const auto prompt = [&](double r) {
    return prompt_seconds(config, parts, workload.prompt, calibration, r);
  };
  out.first_token_s = around(prompt, parts.prefill_spread, kPrefillError);
  if (workload.prompt > 0 && std::isfinite(out.first_token_s.value))
    out.prefill_tps = rates(out.first_token_s, static_cast<double>(workload.prompt));
  return out;
}

}  // namespace nety::policy
