#include "core/policy/explain.h"

#include <fmt/core.h>

#include <algorithm>

#include "core/base/error.h"
#include "core/base/units.h"
#include "core/base/words.h"
#include "core/policy/evidence_store.h"
#include "core/policy/messages.h"

namespace nety::policy {
namespace {

using precision::ModeId;

constexpr uint64_t kGpuBytes = 24'000'000'000;

results::Machine with_gpu(results::Machine machine) {
  results::Gpu gpu;
  gpu.name = "GPU";
  gpu.compute_capability = "8.9";
  gpu.total_bytes = gpu.free_bytes = kGpuBytes;
  gpu.usable = true;
  machine.gpus.insert(machine.gpus.begin(), gpu);
  return machine;
}

results::Machine with_memory(results::Machine machine, uint64_t bytes) {
  machine.memory_available_bytes = bytes;
  machine.memory_total_bytes = std::max(machine.memory_total_bytes, bytes);
  return machine;
}

Evidence with_cuda(Evidence evidence) {
  const auto cuda = [](const BackendFacts& backend) { return backend.device == DeviceKind::kCuda; };
  if (std::none_of(evidence.backends.begin(), evidence.backends.end(), cuda))
    evidence.backends.push_back({"cuda", DeviceKind::kCuda, {}});
  return evidence;
}

/// Another CPU: what was measured on this one says nothing about it.
Evidence without_measurements(Evidence evidence) {
  evidence.measured.clear();
  evidence.unusable.clear();
  return evidence;
}

/// Whether this CPU has more than AVX2.
bool has_avx512(const results::Machine& machine) {
  return std::any_of(machine.features.begin(), machine.features.end(),
                     [](const std::string& feature) { return feature.starts_with("avx512"); });
}

ModelFacts stored_in_bf16(ModelFacts model) {
  for (PlannedWeight& weight : model.weights)
    if (!is_vector(weight.role())) {
      weight.stored = ModeId::bf16;
      weight.stored_bytes = 0;  // of the other type; the mode's own is meant
    }
  model.stored = "BF16";
  return model;
}

class Explainer {
 public:
  Explainer(const Request& request, const results::Machine& machine, const ModelFacts& model,
            const Evidence& evidence, Language language)
      : request_(request),
        machine_(machine),
        model_(model),
        evidence_(evidence),
        language_(language) {}

  std::string text() {
    section(message::policy_explain_request, {request_text()});
    section(message::policy_explain_machine, machine_lines());
    section(message::policy_explain_model,
            {fmt::format("{}; {}; {}", model_.name,
                         model_.stored.empty() ? say(message::policy_explain_shape) : model_.stored,
                         say(model_.quantised() ? message::policy_explain_quantised
                                                : message::policy_explain_float))});
    section(message::policy_explain_evidence, evidence_lines());
    const Outcome outcome = outcome_of(request_, machine_, model_, evidence_);
    section(message::policy_explain_rules, rule_lines(outcome));
    std::vector<std::string> decision = {text_of(outcome)};
    if (outcome.decision)
      for (const Text& notice : outcome.decision->notices) decision.push_back(say(notice));
    section(message::policy_explain_decision, decision);
    std::vector<std::string> ifs;
    for (const WhatIf& what : what_ifs(request_, machine_, model_, evidence_)) {
      ifs.push_back(say(what.condition));
      ifs.push_back("    " + text_of(what.outcome));
    }
    section(message::policy_explain_what_if, ifs);
    return out_;
  }

 private:
  std::string say(MessageId id, std::vector<std::string> args = {}) const {
    return render({id, std::move(args)}, language_);
  }
  std::string say(const Text& text) const { return render(text, language_); }

  void section(MessageId title, const std::vector<std::string>& lines) {
    out_ += say(title) + "\n";
    for (const std::string& line : lines) out_ += "  " + line + "\n";
  }

  std::string request_text() const {
    const int64_t context =
        request_.run().context > 0 ? request_.run().context : default_context(model_.config);
    return say(
        message::policy_explain_request_line,
        {request_.run().mode.empty() ? say(message::policy_explain_chooses) : request_.run().mode,
         request_.run().device,
         request_.run().backend.empty() ? say(message::policy_explain_first)
                                        : request_.run().backend,
         std::to_string(context), options::text_of(request_.run().kv),
         options::text_of(request_.run().policy)});
  }

  std::vector<std::string> machine_lines() const {
    std::vector<std::string> lines = {
        say(message::policy_explain_machine_line,
            {machine_.cpu, std::to_string(machine_.cpu_budget.threads),
             format_bytes(machine_.memory_available_bytes), machine_.id})};
    if (machine_.gpus.empty()) lines.push_back(say(message::policy_explain_no_gpu));
    for (const results::Gpu& gpu : machine_.gpus)
      lines.push_back(gpu.usable
                          ? say(message::policy_explain_gpu,
                                {gpu.name, format_bytes(gpu.free_bytes.value_or(0))})
                          : say(message::policy_explain_gpu_unusable, {gpu.name, gpu.reason}));
    return lines;
  }

  std::vector<std::string> evidence_lines() const {
    std::string backends;
    for (const BackendFacts& backend : evidence_.backends)
      append_word(backends, fmt::format("{} ({})", backend.name, name_of(backend.device)));
    std::vector<std::string> lines = {say(message::policy_explain_backends, {backends})};
    for (const ModeTrouble& trouble : evidence_.unusable)
      lines.push_back(
          say(message::policy_explain_unusable,
              {std::string(precision::mode(trouble.mode).name), trouble.backend, trouble.reason}));
    for (const MeasuredMode& mode : evidence_.measured) {
      if (!mode.tg_tps) continue;
      const std::string quality =
          mode.kld && mode.top1 ? say(message::policy_explain_quality,
                                      {format_number(*mode.kld), format_number(100 * *mode.top1)})
                                : say(message::policy_explain_no_quality);
      lines.push_back(say(message::policy_explain_measured,
                          {mode.mode, mode.backend, format_number(*mode.tg_tps),
                           std::to_string(mode.n), quality, mode.created_utc.substr(0, 10)}));
    }
    if (evidence_.measured.empty())
      lines.push_back(say(message::policy_explain_nothing_measured,
                          {std::to_string(EvidenceStore::kLifetime.count())}));
    return lines;
  }

  std::vector<std::string> rule_lines(const Outcome& outcome) const {
    std::vector<std::string> lines;
    bool decided = false;
    for (const RuleRow& rule : rules()) {
      const bool decides = outcome.decision && outcome.decision->rule() == rule.id;
      const MessageId state = decides   ? message::policy_explain_decides
                              : decided ? message::policy_explain_not_reached
                                        : message::policy_explain_passes;
      lines.push_back(
          fmt::format("{:<22} {:<12} {}", rule.id, say(state), say(rule.statement, {})));
      decided = decided || decides;
      if (!outcome.decision) continue;
      for (const Reason& reason : outcome.decision->reasons)
        if (reason.rule == rule.id) lines.push_back("    " + say(reason.text));
    }
    return lines;
  }

  std::string text_of(const Outcome& outcome) const {
    if (!outcome.decision) return say(message::policy_explain_refused, {outcome.refusal});
    const Decision& decision = *outcome.decision;
    std::string mode(decision.mode_name());
    if (!decision.compute.empty()) mode += fmt::format(" (compute {})", decision.compute);
    return say(message::policy_explain_decision_line,
               {mode, decision.backend, decision.device, std::string(decision.rule()),
                format_bytes(decision.memory.needed())});
  }

  const Request& request_;
  const results::Machine& machine_;
  const ModelFacts& model_;
  const Evidence& evidence_;
  Language language_;
  std::string out_;
};

}  // namespace

Outcome outcome_of(const Request& request, const results::Machine& machine, const ModelFacts& model,
                   const Evidence& evidence) {
  try {
    return {decide(request, machine, model, evidence), ""};
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::kUsage) throw;
    return {std::nullopt, error.what()};
  }
}

std::vector<WhatIf> what_ifs(const Request& request, const results::Machine& machine,
                             const ModelFacts& model, const Evidence& evidence) {
  const uint64_t memory = machine.memory_available_bytes;
  const auto asked = [&](const results::Machine& other, const ModelFacts& facts,
                         const Evidence& known) {
    return outcome_of(request, other, facts, known);
  };
  std::vector<WhatIf> out;
  if (std::none_of(machine.gpus.begin(), machine.gpus.end(),
                   [](const results::Gpu& gpu) { return gpu.usable; }))
    out.push_back(
        {{message::policy_if_gpu, {}}, asked(with_gpu(machine), model, with_cuda(evidence))});
  out.push_back({{message::policy_if_twice, {format_bytes(2 * memory)}},
                 asked(with_memory(machine, 2 * memory), model, evidence)});
  out.push_back({{message::policy_if_half, {format_bytes(memory / 2)}},
                 asked(with_memory(machine, memory / 2), model, evidence)});
  if (has_avx512(machine))
    out.push_back(
        {{message::policy_if_avx2, {}}, asked(machine, model, without_measurements(evidence))});
  if (model.quantised())
    out.push_back(
        {{message::policy_if_float, {}}, asked(machine, stored_in_bf16(model), evidence)});
  if (request.run().policy == options::PolicyType::kWritten && !evidence.measured.empty()) {
    Request measured = request;
    measured.plan.run.policy = options::PolicyType::kMeasured;
    out.push_back(
        {{message::policy_if_measured, {}}, outcome_of(measured, machine, model, evidence)});
  }
  return out;
}

std::string explain(const Request& request, const results::Machine& machine,
                    const ModelFacts& model, const Evidence& evidence, Language language) {
  return Explainer(request, machine, model, evidence, language).text();
}

}  // namespace nety::policy
