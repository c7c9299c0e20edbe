// A result file with something in every member.
#pragma once

#include "core/results/results.h"

namespace nety::results {

inline File example() {
  File file;
  file.tool = "nety 0.1.0";
  file.created_utc = "2026-11-05T12:00:00Z";
  file.command = {"nety", "bench", "--modes", "all"};
  Machine& machine = file.machines.emplace_back();
  machine.id = "m1";
  machine.cpu = "Some CPU";
  machine.os = "Debian 12";
  machine.kernel = "6.1.0";
  machine.hypervisor = "KVM";
  machine.features = {"avx2", "fma"};
  machine.cpu_budget = {1, 2, 1.5};
  machine.processors = 2;
  machine.memory_total_bytes = UINT64_MAX;
  machine.memory_available_bytes = 10;
  machine.memory_limit_bytes = 20;
  machine.gpus.push_back({"H100", "NVIDIA", "9.0", 80, 79, true, ""});
  Gpu& gpu = machine.gpus.back();
  gpu.address = "0000:06:00.0";
  gpu.uuid = "GPU-1";
  gpu.driver = "580.65.06";
  gpu.cuda = "13.0";
  gpu.mig = false;
  gpu.ecc = true;
  gpu.ecc_uncorrected = 0;
  gpu.power_limit_w = 350.5;
  gpu.sm_clock_mhz = 1200;
  gpu.throttle = {"power cap"};
  gpu.processes = 2;
  gpu.pcie_width = 16;
  gpu.unknown = {{"persistence", "Insufficient Permissions"}};
  machine.cpu_budget.cpuset = 2;
  machine.sockets = 1;
  machine.cores = 2;
  machine.numa_nodes = 1;
  machine.libc = "glibc 2.36";
  machine.container = "docker";
  file.models.push_back({"m-1", "m", "m.gguf", "gguf", "llama", "Q4_1 210", 135, 99});
  file.workload = {{128, 512}, {0, 1024}, 128, 5, UINT64_MAX, "eval_text"};
  Finding& finding = file.findings.emplace_back();
  finding.id = "cpu.budget";
  finding.title = "Processors";
  finding.value = "2 of 2";
  finding.source = "affinity";
  finding.status = FindingStatus::kWarn;
  finding.consequence = "slow";
  finding.remedy = "raise it";
  finding.data = 2;
  file.decision = Decision{"fp32", "native", "cpu", {{"cpu-fp32", "CPU: fp32."}}};
  Result& result = file.results.emplace_back();
  result.machine = "m1";
  result.model = "m-1";
  result.mode = "fp32";
  result.backend = "native";
  result.device = "cpu";
  result.isa = "avx512";
  result.threads = 2;
  result.phase = "decode";
  result.n_prompt = 1;
  result.n_gen = 128;
  result.depth = 1024;
  result.kernel = "float_panel_fp32_avx512";
  result.status = Status::kDoesNotFit;
  result.reason = "29.0 of 22.1 GB";
  result.conditions = {{"kv", "bf16"}};
  result.contender = "openai";
  result.metrics["tg_tps"] = summarise("tok/s", {1, 2, 3, 4, 5, 6, 7, 8, 9, 10});
  result.metrics["mbu"] = derived("ratio", 0.7, {"tg_tps", "read_bandwidth_bytes_per_s"});
  Comparison& comparison = file.comparisons.emplace_back();
  comparison.metric = "tg_tps";
  comparison.mode = "fp32";
  comparison.baseline = summarise("tok/s", {4, 4, 4, 4, 4, 4});
  comparison.candidate = summarise("tok/s", {5, 5, 5, 5, 5, 5});
  comparison.ratio = derived("ratio", 1.25, {"baseline", "candidate"});
  comparison.margin = 0.02;
  comparison.verdict = "improvement";
  comparison.backend = "native";
  comparison.phase = "decode";
  comparison.n_gen = 128;
  comparison.gated = true;
  comparison.detectable = 0.018;
  comparison.ratio.ci = {1.2, 1.3};
  comparison.ratio.ci_level = 0.975;
  file.claims.push_back({"cpu-fp32", "fp32 is best", Verdict::kRefuted, "78 tok/s", "5 %", "depth",
                         "machine-1", "model-1", "nety bench"});
  file.warnings = {"a debug build"};
  return file;
}

}  // namespace nety::results
