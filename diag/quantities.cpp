#include "diag/quantities.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "core/base/units.h"
#include "diag/examine.h"
#include "diag/messages.h"

namespace nety::diag {
namespace {

using Value = std::optional<double>;

/// The number of the finding with that id.
Value finding(const Diagnosis& diagnosis, std::string_view id) {
  for (const results::Finding& finding : diagnosis.findings)
    if (finding.id == id) return finding.data;
  return {};
}

Value bytes_or_none(uint64_t bytes) {
  return bytes == 0 ? Value() : Value(static_cast<double>(bytes));
}

/// The largest figure among the usable GPUs; 0 if there are none.
Value best_gpu(const Diagnosis& diagnosis, std::optional<uint64_t> results::Gpu::*figure) {
  Value best = 0;
  for (const results::Gpu& gpu : diagnosis.machine.gpus) {
    if (!gpu.usable) continue;
    if (!(gpu.*figure)) return {};
    best = std::max(*best, static_cast<double>(*(gpu.*figure)));
  }
  return best;
}

const Quantity kQuantities[] = {
    {"ram", "ram>=16GiB", Dimension::kBytes, Source::kFacts, message::diag_require_ram,
     [](const Diagnosis& d) { return bytes_or_none(d.machine.memory_available_bytes); }},
    {"ram_total", "ram_total>=32GB", Dimension::kBytes, Source::kFacts,
     message::diag_require_ram_total,
     [](const Diagnosis& d) { return bytes_or_none(d.machine.memory_total_bytes); }},
    {"threads", "threads>=4", Dimension::kCount, Source::kFacts, message::diag_require_threads,
     [](const Diagnosis& d) { return Value(d.machine.cpu_budget.threads); }},
    {"processors", "processors>=8", Dimension::kCount, Source::kFacts,
     message::diag_require_processors,
     [](const Diagnosis& d) {
       return d.machine.processors > 0 ? Value(d.machine.processors) : Value();
     }},
    {"gpus", "gpus>=1", Dimension::kCount, Source::kDrivers, message::diag_require_gpus,
     [](const Diagnosis& d) {
       return Value(static_cast<double>(std::count_if(d.machine.gpus.begin(), d.machine.gpus.end(),
                                                      [](const auto& gpu) { return gpu.usable; })));
     }},
    {"vram", "vram>=8GiB", Dimension::kBytes, Source::kDrivers, message::diag_require_vram,
     [](const Diagnosis& d) { return best_gpu(d, &results::Gpu::free_bytes); }},
    {"vram_total", "vram_total>=16GiB", Dimension::kBytes, Source::kDrivers,
     message::diag_require_vram_total,
     [](const Diagnosis& d) { return best_gpu(d, &results::Gpu::total_bytes); }},
    {"bandwidth", "bandwidth>=20GB/s", Dimension::kBytesPerSecond, Source::kBandwidth,
     message::diag_require_bandwidth,
     [](const Diagnosis& d) { return finding(d, "memory.bandwidth"); }},
    {"bandwidth_one", "bandwidth_one>=10GB/s", Dimension::kBytesPerSecond, Source::kBandwidthOne,
     message::diag_require_bandwidth_one,
     [](const Diagnosis& d) { return finding(d, "memory.bandwidth_one"); }},
    {"triad", "triad>=15GB/s", Dimension::kBytesPerSecond, Source::kTriad,
     message::diag_require_triad, [](const Diagnosis& d) { return finding(d, "memory.triad"); }},
    {"fp32_rate", "fp32_rate>=100GFLOP/s", Dimension::kOperations, Source::kArithmetic,
     message::diag_require_fp32_rate,
     [](const Diagnosis& d) { return finding(d, "cpu.fma.fp32"); }},
    {"bf16_rate", "bf16_rate>=200GFLOP/s", Dimension::kOperations, Source::kArithmetic,
     message::diag_require_bf16_rate,
     [](const Diagnosis& d) { return finding(d, "cpu.fma.bf16"); }},
    {"int8_rate", "int8_rate>=400GOP/s", Dimension::kOperations, Source::kArithmetic,
     message::diag_require_int8_rate,
     [](const Diagnosis& d) { return finding(d, "cpu.fma.int8"); }},
};

// Those that core/machine tells (a test compares), on x86-64 and ARM.
constexpr std::string_view kFeatures[] = {
    "avx",         "f16c",        "fma",      "avx2",       "avx_vnni",     "avx512f",
    "avx512dq",    "avx512bw",    "avx512vl", "avx512vbmi", "avx512_vbmi2", "avx512_vnni",
    "avx512_bf16", "avx512_fp16", "amx_tile", "amx_int8",   "amx_bf16",     "asimd",
    "asimdhp",     "asimddp",     "i8mm",     "bf16",       "sve",          "sve2"};

}  // namespace

std::span<const Quantity> quantities() { return kQuantities; }

const Quantity* find_quantity(std::string_view name) {
  for (const Quantity& quantity : kQuantities)
    if (quantity.name == name) return &quantity;
  return nullptr;
}

std::string text_of(Dimension dimension, double value) {
  switch (dimension) {
    case Dimension::kCount:
      return fmt::format("{:.0f}", value);
    case Dimension::kBytes:
      return format_bytes(static_cast<uint64_t>(std::max(value, 0.0)));
    case Dimension::kBytesPerSecond:
      return format_bytes(static_cast<uint64_t>(std::max(value, 0.0))) + "/s";
    case Dimension::kOperations:
      return format_number(value / 1e9) + " GOP/s";
  }
  return "";
}

std::span<const std::string_view> features() { return kFeatures; }

bool is_feature(std::string_view name) {
  return std::find(std::begin(kFeatures), std::end(kFeatures), name) != std::end(kFeatures);
}

}  // namespace nety::diag
