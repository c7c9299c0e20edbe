#include "core/policy/offers.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <tuple>

#include "core/base/edits_between.h"
#include "core/checkpoint/shapes.h"

namespace nety::policy {
namespace {

using precision::ModeId;
using precision::ModeKind;

/// A model's weights as they are run in a mode, and the modes that a plan takes.
struct Form {
  std::vector<PlannedWeight> weights;
  std::optional<ModeId> mode, head;
};

/// Nothing where the model cannot have the mode: a catalogue's model is not stored anywhere, and a
/// file's weights are not brought into a format of files.
std::optional<Form> form_of(const Candidate& model, const std::string& name,
                            options::HeadType head) {
  const bool in_file = !model.facts.stored.empty();
  if (name == "stored") {
    if (!in_file) return std::nullopt;
    return Form{model.facts.weights, std::nullopt, head_mode(head, std::nullopt)};
  }
  const precision::Mode* mode = precision::find_mode(name);
  if (mode == nullptr) return std::nullopt;
  if (mode->kind != ModeKind::kStored)
    return Form{model.facts.weights, mode->id, head_mode(head, mode->id)};
  if (in_file) return std::nullopt;
  auto weights = stored_in(model.facts.weights, mode->id);
  if (!weights) return std::nullopt;
  return Form{*std::move(weights), std::nullopt, head_mode(head, std::nullopt)};
}

/// The command that measures what is predicted. Weights of a shape can be made in the modes that
/// --mode makes; other formats need the file.
std::string check_of(const Candidate& model, const std::string& mode, const Workload& workload) {
  const precision::Mode* row = precision::find_mode(mode);
  const bool made = row != nullptr && row->kind != ModeKind::kStored;
  const std::string what = !model.file.empty() ? "'" + model.file + "' --modes " + mode
                           : made              ? "--shape " + model.name + " --modes " + mode
                                  : fmt::format("{}.{}.gguf --modes stored", model.name, mode);
  return fmt::format("nety bench {} -p {} -n 32 -d {}", what, workload.prompt, workload.depth);
}

double size_of(const Candidate& model) {
  return std::sqrt(static_cast<double>(parameters(model.facts.weights)) *
                   static_cast<double>(active_parameters(model.facts.weights)));
}

double bits_of(const Offer& offer) {
  double bits = 0, weights = 0;
  for (const PlannedWeight& weight : offer.model->facts.weights) {
    if (is_vector(weight.role())) continue;
    weights += static_cast<double>(weight.rows * weight.cols * weight.count);
  }
  bits = static_cast<double>(offer.plan.weights()) * 8 / std::max(weights, 1.0);
  return std::min(bits, 16.0);
}

Workload workload_of(const Wanted& wanted, int64_t context) {
  Workload out;
  out.prompt = std::clamp<int64_t>(std::min(wanted.prompt, context / 2), 1, 1 << 20);
  out.depth = out.prompt;
  return out;
}

void hold_against(const Wanted& wanted, Offer& offer) {
  const Prediction& found = offer.prediction;
  if (wanted.memory_bytes > 0 && offer.plan.needed() > wanted.memory_bytes)
    offer.misses.push_back(Shortfall::kMemory);
  const int64_t longest = offer.model->facts.config.context;
  if (longest > 0 && wanted.plan.run.context > longest) offer.misses.push_back(Shortfall::kContext);
  if (wanted.min_tps > 0 && found.decode_tps.value < wanted.min_tps)
    offer.misses.push_back(Shortfall::kSpeed);
  if (wanted.max_first_token_s > 0 && !(found.first_token_s.value <= wanted.max_first_token_s))
    offer.misses.push_back(Shortfall::kFirstToken);
}

std::optional<Offer> offer_of(const Candidate& model, const std::string& mode, const Wanted& wanted,
                              const measure::Calibration& calibration) {
  const std::optional<Form> form = form_of(model, mode, wanted.plan.run.head);
  if (!form) return std::nullopt;
  Offer offer;
  offer.model = &model;
  offer.mode = mode;
  const checkpoint::ModelConfig& config = model.facts.config;
  offer.plan = plan(config, form->weights, form->mode, wanted.plan, model.facts.overhead);
  offer.workload = workload_of(wanted, offer.plan.context);
  offer.prediction = predict(config, form->weights, form->mode, form->head, offer.plan, calibration,
                             offer.workload);
  offer.check = check_of(model, mode, offer.workload);
  hold_against(wanted, offer);
  return offer;
}

Candidate of_shape(const checkpoint::ModelConfig& config) {
  Candidate out;
  out.name = config.name;
  out.facts = {"", config.name, config, counted_weights_of(config), ""};
  for (const checkpoint::ShapeSource& source : checkpoint::shape_sources())
    if (source.name == config.name) out.source = source.config;
  for (const checkpoint::ShapeLicence& licence : checkpoint::shape_licences())
    if (licence.name == config.name) out.licence = licence.licence, out.terms = licence.terms;
  return out;
}

}  // namespace

bool Offer::fits() const { return std::ranges::find(misses, Shortfall::kMemory) == misses.end(); }

std::vector<std::string> nearest_names(std::string_view name, size_t most) {
  std::string small(name);
  for (char& c : small)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
  std::vector<std::pair<size_t, std::string>> names;
  for (const checkpoint::ModelConfig& shape : checkpoint::standard_shapes()) {
    // What a name is a part of is more alike than what only has as many letters.
    const bool part = small.size() >= 3 && shape.name.find(small) != std::string::npos;
    names.emplace_back(part ? 0 : edits_between(small, shape.name), shape.name);
  }
  std::ranges::stable_sort(names, {}, [](const auto& one) { return one.first; });
  std::vector<std::string> out;
  for (size_t i = 0; i < std::min(most, names.size()); ++i) out.push_back(names[i].second);
  return out;
}

Candidate candidate(const std::string& name) { return of_shape(checkpoint::find_shape(name)); }

std::vector<Candidate> catalogue() {
  std::vector<Candidate> out;
  for (const checkpoint::ModelConfig& shape : checkpoint::standard_shapes())
    out.push_back(of_shape(shape));
  return out;
}

std::vector<std::string> usual_modes() {
  return {"bf16", "fp32", "int8", "nf4", "q8_0", "q6_k", "q5_k", "q4_k", "stored"};
}

std::vector<Offer> offers(std::span<const Candidate> candidates, const Wanted& wanted,
                          const measure::Calibration& calibration) {
  const std::vector<std::string> modes = wanted.modes.empty() ? usual_modes() : wanted.modes;
  std::vector<std::pair<std::tuple<bool, double, double, double>, Offer>> keyed;
  for (const Candidate& model : candidates) {
    const double size = size_of(model);
    for (const std::string& mode : modes)
      if (auto offer = offer_of(model, mode, wanted, calibration)) {
        const std::tuple key(!offer->meets(), -size, -bits_of(*offer),
                             -offer->prediction.decode_tps.value);
        keyed.emplace_back(key, *std::move(offer));
      }
  }
  std::ranges::stable_sort(keyed, {}, [](const auto& one) { return one.first; });
  std::vector<Offer> out;
  for (auto& one : keyed) out.push_back(std::move(one.second));
  return out;
}

std::vector<Offer> best_of_each(std::span<const Offer> all) {
  std::vector<Offer> out;
  for (const Offer& offer : all) {
    const auto same = [&offer](const Offer& other) { return other.model == offer.model; };
    if (std::ranges::any_of(out, same)) continue;
    if (offer.meets()) out.push_back(offer);
  }
  for (const Offer& offer : all) {
    const auto same = [&offer](const Offer& other) { return other.model == offer.model; };
    if (offer.model->asked && std::ranges::none_of(out, same)) out.push_back(offer);
  }
  return out;
}

const Offer* nearest(std::span<const Offer> all, const Wanted& wanted) {
  const auto excess = [&wanted](const Offer& offer) {
    double most = 1;
    const auto over = [&most](double is, double may) {
      if (may > 0) most = std::max(most, is / may);
    };
    over(static_cast<double>(offer.plan.needed()), static_cast<double>(wanted.memory_bytes));
    over(static_cast<double>(wanted.plan.run.context),
         static_cast<double>(offer.model->facts.config.context));
    over(wanted.min_tps, std::max(offer.prediction.decode_tps.value, 1e-9));
    over(offer.prediction.first_token_s.value, wanted.max_first_token_s);
    return most;
  };
  const auto found = std::ranges::min_element(all, {}, excess);
  return found == all.end() ? nullptr : &*found;
}

std::vector<Need> needs_of(const Candidate& model, const Wanted& wanted,
                           const measure::Calibration& calibration) {
  std::vector<Need> out;
  for (const std::string& mode : wanted.modes.empty() ? usual_modes() : wanted.modes) {
    const std::optional<Offer> here = offer_of(model, mode, wanted, calibration);
    if (!here) continue;
    const Form form = *form_of(model, mode, wanted.plan.run.head);
    Need& need = out.emplace_back();
    need.mode = mode;
    need.plan = here->plan;
    need.calibrated = here->prediction.basis == Basis::kCalibrated;
    // Faster memory: the same calibration with its reads scaled, until the speed is reached.
    const auto decode_tps = [&](double rate) {
      Workload workload = here->workload;
      workload.read_bytes_per_s = rate;
      measure::Calibration flat = calibration;
      for (measure::ReadRate& read : flat.reads) read.bytes_per_s = {rate, rate, rate};
      return predict(model.facts.config, form.weights, form.mode, form.head, here->plan, flat,
                     workload)
          .decode_tps.value;
    };
    double low = 1e8, high = 1e14;
    need.possible = decode_tps(high) >= wanted.min_tps;
    for (int i = 0; need.possible && i < 60; ++i) {
      const double middle = std::sqrt(low * high);
      (decode_tps(middle) < wanted.min_tps ? low : high) = middle;
    }
    need.read_bytes_per_s = need.possible ? high : 0;
    const precision::Mode* row = precision::find_mode(mode);
    const measure::ModeCost* cost = calibration.find(mode);
    need.type = cost != nullptr  ? cost->type
                : row != nullptr ? usual_cost(*row, calibration).type
                                 : "fp32";
    const auto peak = calibration.peaks.find(need.type);
    if (peak != calibration.peaks.end() && wanted.max_first_token_s > 0)
      need.peak_ops_per_s =
          peak->second * here->prediction.first_token_s.value / wanted.max_first_token_s;
  }
  return out;
}

}  // namespace nety::policy
