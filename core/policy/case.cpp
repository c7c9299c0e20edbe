#include "core/policy/case.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "core/base/error.h"
#include "core/base/units.h"
#include "core/base/words.h"
#include "core/policy/messages.h"

namespace nety::policy {
namespace {

using precision::Mode;
using precision::ModeId;
using precision::ModeKind;

std::string backend_names(const Evidence& evidence) {
  std::string names;
  for (const BackendFacts& backend : evidence.backends) append_word(names, backend.name);
  return names;
}

bool is_device(std::string_view text) {
  if (text == "auto" || text == "cpu" || text == "cuda") return true;
  return text.starts_with("cuda:") && text.size() > 5 && text.size() <= 7 &&
         text.find_first_not_of("0123456789", 5) == std::string_view::npos;
}

std::string parts_of(const MemoryPlan& memory) {
  return fmt::format(
      "weights {}, KV cache {} for {} tokens, workspace {}, tokenizer and program {}",
      format_bytes(memory.weights()), format_bytes(memory.kv_bytes), memory.context,
      format_bytes(memory.workspace_bytes),
      format_bytes(memory.tokenizer_bytes + memory.program_bytes));
}

}  // namespace

std::string Place::available_text() const { return available ? format_bytes(*available) : "?"; }

bool has_bf16(const results::Gpu& gpu) { return std::atoi(gpu.compute_capability.c_str()) >= 8; }

void Case::check_request() const {
  if (!is_device(request.run().device))
    throw Error(ErrorKind::kUsage,
                fmt::format("--device: unknown device '{}'", request.run().device),
                "Devices: auto, cpu, cuda:N.");
  if (request.run().backend.empty()) return;
  const auto named = [&](const BackendFacts& backend) {
    return backend.name == request.run().backend &&
           (!only_cpu() || backend.device == DeviceKind::kCpu) &&
           (!only_gpu() || backend.device == DeviceKind::kCuda);
  };
  if (std::none_of(evidence.backends.begin(), evidence.backends.end(), named))
    throw Error(ErrorKind::kUsage,
                fmt::format("--backend: '{}' is not available here{}", request.run().backend,
                            request.run().device == "auto" ? "" : " on " + request.run().device),
                fmt::format("Backends here: {}.", backend_names(evidence)));
}

MemoryPlan Case::plan_of(std::optional<ModeId> mode) const {
  return plan(model.config, model.weights, mode, request.plan, model.overhead);
}

std::optional<ModeId> Case::requested_mode() const {
  if (request.run().mode == "stored") return std::nullopt;
  const Mode* mode = precision::find_mode(request.run().mode);
  if (mode == nullptr)
    throw Error(ErrorKind::kUsage, fmt::format("--mode: unknown mode '{}'", request.run().mode),
                fmt::format("Modes: {}, stored.", precision::selectable_mode_names()));
  const bool already =
      std::all_of(model.weights.begin(), model.weights.end(), [&](const PlannedWeight& weight) {
        return weight.role() != Role::kMatrix || weight.stored == mode->id;
      });
  if (mode->functions->allocate == nullptr && !already)
    throw Error(ErrorKind::kUsage,
                fmt::format("mode {} can be run as stored, not made at load", mode->name),
                fmt::format("Nearest mode that works here: {}.", nearest(mode->bits_per_weight)));
  return mode->id;
}

std::string Case::trouble_with(std::optional<ModeId> mode, const Place& place) const {
  for (const ModeTrouble& trouble : evidence.unusable) {
    const bool same_backend = trouble.backend.empty() || trouble.backend == place.backend->name;
    if (trouble.mode == mode && same_backend) return trouble.reason;
  }
  return "";
}

bool Case::runs(const BackendFacts& backend, std::optional<ModeId> mode) const {
  if (backend.modes.empty()) return true;
  const auto has = [&](ModeId id) {
    return std::find(backend.modes.begin(), backend.modes.end(), id) != backend.modes.end();
  };
  if (mode) return has(*mode);
  return std::all_of(model.weights.begin(), model.weights.end(), [&](const PlannedWeight& weight) {
    return is_vector(weight.role()) || has(weight.stored.value_or(ModeId::fp32));
  });
}

const BackendFacts* Case::backend_on(DeviceKind device, std::optional<ModeId> mode) const {
  for (const BackendFacts& backend : evidence.backends) {
    if (backend.device != device) continue;
    if (!request.run().backend.empty() && backend.name != request.run().backend) continue;
    if (runs(backend, mode)) return &backend;
  }
  return nullptr;
}

Place Case::place_of(const MeasuredMode& measured) const {
  const Mode* const row = precision::find_mode(measured.mode);
  const std::string& asked = request.run().backend;
  if (row == nullptr && measured.mode != "stored") return {};
  if (!asked.empty() && asked != measured.backend) return {};
  const std::optional<ModeId> mode = row == nullptr ? std::nullopt : std::optional(row->id);
  Request by_name = request;
  by_name.plan.run.backend = measured.backend;
  Case again{by_name, machine, model, evidence, {}, {}};
  const bool on_cpu = kind_of_device(measured.device) == DeviceKind::kCpu;
  const Place place = on_cpu ? again.cpu_for(mode) : again.gpu_for(mode, "measured");
  const bool good = place.backend != nullptr && place.device == measured.device &&
                    trouble_with(mode, place).empty() && place.fits(plan_of(mode));
  return good ? place : Place{};
}

const results::Gpu* Case::wanted_gpu() const {
  const std::vector<results::Gpu>& gpus = machine.gpus;
  if (const size_t colon = request.run().device.find(':'); colon != std::string::npos) {
    const size_t index = std::stoul(request.run().device.substr(colon + 1));
    return index < gpus.size() ? &gpus[index] : nullptr;
  }
  // No number asked for: of the usable ones, that with the most free memory.
  const auto worth = [](const results::Gpu& gpu) {
    return gpu.usable ? 1 + gpu.free_bytes.value_or(0) : 0;
  };
  const auto best = std::max_element(
      gpus.begin(), gpus.end(),
      [&](const results::Gpu& a, const results::Gpu& b) { return worth(a) < worth(b); });
  return best != gpus.end() ? &*best : nullptr;
}

Place Case::cpu_for(std::optional<ModeId> mode) const {
  Place place;
  if (only_gpu()) return place;
  place.backend = backend_on(DeviceKind::kCpu, mode);
  place.device = "cpu";
  const bool known = machine.memory_total_bytes > 0 || machine.memory_available_bytes > 0;
  if (known) place.available = machine.memory_available_bytes;
  return place;
}

Place Case::gpu_for(std::optional<ModeId> mode, std::string_view rule) {
  Place place;
  const auto because = [&](MessageId id, std::vector<std::string> args) {
    reasons.push_back({rule, {id, std::move(args)}});
    return place;
  };
  if (only_cpu()) return because(message::policy_gpu_not_asked, {});
  const results::Gpu* gpu = wanted_gpu();
  if (gpu == nullptr) return because(message::policy_gpu_none, {});
  if (!gpu->usable) return because(message::policy_gpu_unusable, {gpu->name, gpu->reason});
  const BackendFacts* backend = backend_on(DeviceKind::kCuda, mode);
  if (backend == nullptr) return because(message::policy_gpu_no_backend, {gpu->name});
  if (!gpu->free_bytes) return because(message::policy_gpu_unknown_memory, {gpu->name});
  place.backend = backend;
  if (const std::string trouble = trouble_with(mode, place); !trouble.empty()) {
    place.backend = nullptr;
    return because(message::policy_unusable,
                   {std::string(mode ? precision::mode(*mode).name : "stored"), trouble});
  }
  place.device = fmt::format("cuda:{}", gpu - machine.gpus.data());
  place.available = gpu->free_bytes;
  place.gpu = gpu;
  return place;
}

Place Case::place_for(std::optional<ModeId> mode) {
  const Place gpu = gpu_for(mode, mode ? "explicit-mode" : "stored");
  if (gpu.backend != nullptr && (only_gpu() || gpu.fits(plan_of(mode)))) return gpu;
  if (only_gpu())
    throw Error(ErrorKind::kEnvironment,
                fmt::format("--device {}: {}", request.run().device,
                            render(reasons.back().text, Language::kEnglish)),
                "Use --device cpu, or --device auto.");
  const Place cpu = cpu_for(mode);
  const std::string name(mode ? precision::mode(*mode).name : "stored");
  const std::string hint = fmt::format("Nearest mode that works here: {}.",
                                       nearest(mode ? precision::mode(*mode).bits_per_weight : 32));
  if (cpu.backend == nullptr)
    throw Error(
        ErrorKind::kUsage,
        fmt::format(
            "no backend here runs mode {}{}", name,
            request.run().backend.empty() ? "" : " (--backend " + request.run().backend + ")"),
        hint);
  if (const std::string trouble = trouble_with(mode, cpu); !trouble.empty())
    throw Error(ErrorKind::kEnvironment,
                fmt::format("mode {} is not usable here: {}", name, trouble), hint);
  return cpu;
}

std::string Case::nearest(double wanted_bits) const {
  const Mode* best = nullptr;
  double best_distance = 0;
  for (const Mode& mode : precision::modes()) {
    const Place place = cpu_for(mode.id);
    if (mode.functions->allocate == nullptr || place.backend == nullptr) continue;
    if (!trouble_with(mode.id, place).empty() || !place.fits(plan_of(mode.id))) continue;
    const double distance = std::fabs(std::log2(mode.bits_per_weight / wanted_bits));
    if (best != nullptr && distance >= best_distance) continue;
    best = &mode;
    best_distance = distance;
  }
  return best == nullptr ? "none" : std::string(best->name);
}

Text Case::forced(const std::string& mode, const MemoryPlan& memory, const Place& place) const {
  // Pages of a mapped file are dropped and read again; anonymous ones must be swapped out.
  const bool pages = memory.weights_mapped_bytes > memory.weights_anonymous_bytes;
  return {pages ? message::policy_forced_mapped : message::policy_forced_anonymous,
          {mode, format_bytes(memory.needed()), place.available_text()}};
}

void Case::refuse_size(const std::string& mode, const MemoryPlan& memory,
                       const Place& place) const {
  const Mode* wanted = precision::find_mode(mode);
  throw Error(
      ErrorKind::kMemory,
      fmt::format(
          "{} in mode {} needs {} of memory, a tenth to spare included; {} is available on {} ({})",
          model.name, mode, format_bytes(memory.needed()), place.available_text(), place.device,
          parts_of(memory)),
      fmt::format("Nearest mode that fits: {}. Or a smaller --ctx; --force loads it all the "
                  "same.",
                  nearest(wanted == nullptr ? 4.5 : wanted->bits_per_weight)));
}

void Case::refuse_everything() const {
  std::string why;
  for (const Reason& reason : reasons)
    append_word(why, render(reason.text, Language::kEnglish), " ");
  const bool only_memory = std::all_of(reasons.begin(), reasons.end(), [](const Reason& reason) {
    return reason.text.id != message::policy_unusable &&
           reason.text.id != message::policy_no_backend;
  });
  if (only_gpu())
    throw Error(ErrorKind::kEnvironment, fmt::format("--device {}: {}", request.run().device, why),
                "Use --device cpu, or --device auto.");
  throw Error(only_memory ? ErrorKind::kMemory : ErrorKind::kEnvironment,
              fmt::format("no mode of {} can be loaded here. {}", model.name, why),
              "Free memory, ask for a smaller --ctx, or use a smaller or already quantised model; "
              "nety fit shows every mode.");
}

}  // namespace nety::policy
