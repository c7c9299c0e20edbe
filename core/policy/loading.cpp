// What the user is told of a decision.
#include <fmt/core.h>

#include "core/base/units.h"
#include "core/policy/messages.h"
#include "core/policy/policy.h"

namespace nety::policy {
namespace {

Text device_line(const Decision& decision, const results::Machine& machine) {
  if (decision.device != "cpu") return {message::policy_device_gpu, {decision.device}};
  if (machine.gpus.empty()) return {message::device_cpu_no_gpu, {}};
  const results::Gpu& gpu = machine.gpus.front();
  if (gpu.usable) return {message::policy_device_cpu_gpu_idle, {gpu.name}};
  return {message::device_cpu_gpu_unused, {gpu.name, gpu.reason}};
}

Text mode_line(const Decision& decision) {
  if (!decision.mode) return {message::policy_loading_stored, {}};
  const precision::Mode& mode = precision::mode(*decision.mode);
  const bool is_float = mode.kind == precision::ModeKind::kFloat;
  return {is_float ? message::policy_loading_float : message::policy_loading_quantised,
          {std::string(mode.name)}};
}

}  // namespace

std::vector<Text> loading_lines(const Decision& decision, const results::Machine& machine) {
  std::vector<Text> lines = {device_line(decision, machine), mode_line(decision),
                             decision.reasons.back().text};
  lines.insert(lines.end(), decision.notices.begin(), decision.notices.end());
  if (decision.device == "cpu") lines.push_back({message::policy_gpu_faster, {}});
  return lines;
}

Text loaded_line(const ModelFacts& model, const Decision& decision, double load_s) {
  return {message::policy_model_loaded,
          {model.name, std::string(decision.mode_name()), decision.backend,
           format_bytes(decision.memory.weights()), format_seconds(load_s)}};
}

results::Decision to_results(const Decision& decision, Language language) {
  results::Decision out;
  out.mode = decision.mode_name();
  out.backend = decision.backend;
  out.device = decision.device;
  for (const Reason& reason : decision.reasons)
    out.reasons.push_back({std::string(reason.rule), render(reason.text, language)});
  return out;
}

}  // namespace nety::policy
