// The rules. Each one looks at the case, adds its reason, and decides or leaves it to the next.
#include "core/policy/policy.h"

#include <fmt/core.h>

#include <algorithm>

#include "core/base/error.h"
#include "core/base/units.h"
#include "core/base/words.h"
#include "core/policy/case.h"
#include "core/policy/context.h"
#include "core/policy/measured.h"
#include "core/policy/messages.h"

namespace nety::policy {
namespace {

using precision::ModeId;

// What the CPU falls back to when fp32 does not fit, widest first.
constexpr ModeId kNarrower[] = {ModeId::bf16, ModeId::int8, ModeId::nf4};

constexpr std::string_view kMeasuredRule = "measured";

Decision decided(Case& c, std::string_view rule, Text why, std::optional<ModeId> mode,
                 const BackendFacts& backend, const std::string& device, const MemoryPlan& memory) {
  c.reasons.push_back({rule, std::move(why)});
  Decision out;
  out.mode = mode;
  out.backend = backend.name;
  out.device = device;
  out.memory = memory;
  if (device == "cpu" && c.request.use_quantization)
    c.notices.push_back({message::policy_quantization_ignored, {}});
  return out;
}

std::optional<Decision> explicit_mode(Case& c) {
  if (c.request.run().mode.empty()) return std::nullopt;
  const std::optional<ModeId> mode = c.requested_mode();
  const Place place = c.place_for(mode);
  const MemoryPlan memory = c.plan_of(mode);
  if (!place.fits(memory)) {
    if (!c.request.force) c.refuse_size(c.request.run().mode, memory, place);
    c.notices.push_back(c.forced(c.request.run().mode, memory, place));
  }
  if (mode && c.model.quantised() && precision::mode(*mode).kind != precision::ModeKind::kStored)
    c.notices.push_back({message::policy_converted, {c.model.stored, c.request.run().mode}});
  return decided(c, "explicit-mode", {message::policy_explicit, {c.request.run().mode}}, mode,
                 *place.backend, place.device, memory);
}

std::optional<Decision> stored(Case& c) {
  if (!c.model.quantised()) return std::nullopt;
  const Place place = c.place_for(std::nullopt);
  const MemoryPlan memory = c.plan_of(std::nullopt);
  if (!place.fits(memory)) {
    if (!c.request.force) c.refuse_size("stored", memory, place);
    c.notices.push_back(c.forced("stored", memory, place));
  }
  return decided(c, "stored", {message::policy_stored, {c.model.stored}}, std::nullopt,
                 *place.backend, place.device, memory);
}

std::optional<Decision> gpu_4bit(Case& c) {
  constexpr std::string_view kRule = "gpu-4bit";
  const Place place = c.gpu_for(ModeId::nf4, kRule);
  if (place.backend == nullptr) return std::nullopt;
  const MemoryPlan memory = c.plan_of(ModeId::nf4);
  if (!place.fits(memory)) {
    if (c.only_gpu()) c.refuse_size("nf4", memory, place);
    c.reasons.push_back({kRule,
                         {message::policy_gpu_small,
                          {place.gpu->name, format_bytes(place.available.value_or(0)),
                           format_bytes(memory.needed())}}});
    return std::nullopt;
  }
  const std::string compute = has_bf16(*place.gpu) ? "bf16" : "fp16";
  Decision out = decided(c, kRule, {message::policy_gpu, {place.gpu->name, compute}}, ModeId::nf4,
                         *place.backend, place.device, memory);
  out.compute = compute;
  return out;
}

/// The decision for `mode` on the CPU, or nothing with the reason why not.
std::optional<Decision> try_cpu(Case& c, ModeId mode, std::string_view rule, MessageId why) {
  const std::string name(precision::mode(mode).name);
  const Place place = c.cpu_for(mode);
  if (place.backend == nullptr) {
    c.reasons.push_back({rule, {message::policy_no_backend, {name}}});
    return std::nullopt;
  }
  if (const std::string trouble = c.trouble_with(mode, place); !trouble.empty()) {
    c.reasons.push_back({rule, {message::policy_unusable, {name, trouble}}});
    return std::nullopt;
  }
  const MemoryPlan memory = c.plan_of(mode);
  const std::vector<std::string> numbers = {name, format_bytes(memory.needed()),
                                            place.available_text()};
  if (!place.fits(memory)) {
    c.reasons.push_back({rule, {message::policy_does_not_fit, numbers}});
    return std::nullopt;
  }
  return decided(c, rule, {why, numbers}, mode, *place.backend, place.device, memory);
}

std::optional<Decision> cpu_fp32(Case& c) {
  return try_cpu(c, ModeId::fp32, "cpu-fp32", message::policy_cpu_fp32);
}

std::optional<Decision> cpu_widest_that_fits(Case& c) {
  const MemoryPlan wanted = c.plan_of(ModeId::fp32);
  for (const ModeId mode : kNarrower) {
    auto decision = try_cpu(c, mode, "cpu-widest-that-fits", message::policy_cpu_widest);
    if (!decision) continue;
    c.notices.push_back({message::policy_gave_up,
                         {std::string(precision::mode(mode).name), format_bytes(wanted.needed()),
                          c.cpu_for(mode).available_text()}});
    return decision;
  }
  return std::nullopt;
}

/// The last rule: nothing fits. With --force, the narrowest mode is tried all the same.
std::optional<Decision> refuse(Case& c) {
  const ModeId narrowest = *std::rbegin(kNarrower);
  const std::string name(precision::mode(narrowest).name);
  const Place place = c.cpu_for(narrowest);
  const MemoryPlan memory = c.plan_of(narrowest);
  const bool runs = place.backend != nullptr && c.trouble_with(narrowest, place).empty();
  if (!c.request.force || !runs) c.refuse_everything();
  c.notices.push_back(c.forced(name, memory, place));
  return decided(c, "refuse", {message::policy_forced, {name}}, narrowest, *place.backend,
                 place.device, memory);
}

/// What the rules after `measured` decide; nothing: they refuse.
std::optional<Decision> by_written_rules(const Case& c);

/// What an earlier run measured, if it is admissible, can be run as asked, and is faster than what
/// the written rules choose. A tie leaves the choice to them.
std::optional<Decision> measured(Case& c) {
  if (c.request.run().policy != options::PolicyType::kMeasured) return std::nullopt;
  const auto because = [&c](MessageId id, std::vector<std::string> args) {
    c.reasons.push_back({kMeasuredRule, {id, std::move(args)}});
    return std::nullopt;
  };
  const MeasuredMode* const best = fastest_admissible(c, "");
  if (best == nullptr) return because(message::policy_measured_nothing, {});
  const std::optional<Decision> written = by_written_rules(c);
  const MeasuredMode* const own = written ? measurement_of(c, *written) : nullptr;
  if (own != nullptr && is_admissible(*own) && *best->tg_tps <= kWorthTaking * *own->tg_tps)
    return because(message::policy_measured_agrees,
                   {std::string(written->mode_name()), format_number(*own->tg_tps),
                    own->created_utc.substr(0, 10)});
  const std::optional<ModeId> mode = mode_of(best->mode);
  const Place place = c.place_of(*best);
  Text why = own == nullptr ? Text{message::policy_measured_fastest, account_of(*best)}
                            : Text{message::policy_measured_chosen,
                                   comparison_of(*best, *own, written->mode_name())};
  if (mode && c.model.quantised() && precision::mode(*mode).kind != precision::ModeKind::kStored)
    c.notices.push_back({message::policy_converted, {c.model.stored, best->mode}});
  return decided(c, kMeasuredRule, std::move(why), mode, *place.backend, place.device,
                 c.plan_of(mode));
}

struct Rule {
  RuleRow row;
  std::optional<Decision> (*apply)(Case& c);
};

constexpr Rule kRules[] = {
    {{"explicit-mode", message::policy_rule_explicit}, explicit_mode},
    {{kMeasuredRule, message::policy_rule_measured}, measured},
    {{"stored", message::policy_rule_stored}, stored},
    {{"gpu-4bit", message::policy_rule_gpu}, gpu_4bit},
    {{"cpu-fp32", message::policy_rule_cpu_fp32}, cpu_fp32},
    {{"cpu-widest-that-fits", message::policy_rule_cpu_widest}, cpu_widest_that_fits},
    {{"refuse", message::policy_rule_refuse}, refuse},
};

std::optional<Decision> by_written_rules(const Case& c) try {
  Case written{c.request, c.machine, c.model, c.evidence, {}, {}};
  for (const Rule& rule : kRules) {
    if (rule.apply == explicit_mode || rule.apply == measured) continue;
    if (std::optional<Decision> decision = rule.apply(written)) return decision;
  }
  return std::nullopt;
} catch (const Error&) {
  return std::nullopt;
}

/// Adds a notice if an earlier run refutes the written rules' choice: another mode is as close to
/// fp32 and faster, on the same device.
void say_what_is_faster(const Case& c, Decision& decision) {
  if (decision.rule() == "explicit-mode" || decision.rule() == kMeasuredRule) return;
  const MeasuredMode* const chosen = measurement_of(c, decision);
  const MeasuredMode* const best = fastest_admissible(c, decision.device);
  if (chosen == nullptr || best == nullptr || *best->tg_tps < kWorthSaying * *chosen->tg_tps)
    return;
  decision.notices.push_back(
      {message::policy_measured_faster, comparison_of(*best, *chosen, decision.mode_name())});
}

std::string storage_text(const checkpoint::Checkpoint& checkpoint) {
  std::string text;
  for (const auto& entry : checkpoint.storage_types())
    append_word(text, fmt::format("{} {}", entry.second, entry.first));
  return text;
}

}  // namespace

bool ModelFacts::quantised() const {
  return std::any_of(weights.begin(), weights.end(), [](const PlannedWeight& weight) {
    return weight.role() == Role::kMatrix && weight.stored &&
           precision::mode(*weight.stored).kind != precision::ModeKind::kFloat;
  });
}

ModelFacts facts_of(const checkpoint::Checkpoint& checkpoint) {
  return {checkpoint.id(),        checkpoint.name(),        checkpoint.config(),
          weights_of(checkpoint), storage_text(checkpoint), overhead_of(checkpoint)};
}

ModelFacts facts_of(const checkpoint::ModelConfig& config) {
  return {"", config.name, config, weights_of(config), ""};
}

std::string_view Decision::mode_name() const {
  return mode ? precision::mode(*mode).name : std::string_view("stored");
}

std::span<const RuleRow> rules() {
  static const std::vector<RuleRow> rows = [] {
    std::vector<RuleRow> out;
    for (const Rule& rule : kRules) out.push_back(rule.row);
    return out;
  }();
  return rows;
}

Decision decide(const Request& request, const results::Machine& machine, const ModelFacts& model,
                const Evidence& evidence) {
  Case c{request, machine, model, evidence, {}, {}};
  c.check_request();
  for (const Rule& rule : kRules) {
    std::optional<Decision> decision = rule.apply(c);
    if (!decision) continue;
    decision->reasons = std::move(c.reasons);
    decision->notices = std::move(c.notices);
    say_what_is_faster(c, *decision);
    if (const auto beyond = beyond_the_model(decision->memory.context, model.config))
      decision->notices.push_back(*beyond);
    return *std::move(decision);
  }
  c.refuse_everything();
}

}  // namespace nety::policy
