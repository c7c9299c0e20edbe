// What results are built from in tests: configurations, findings, decisions.
#include "fixtures.h"

#include <cmath>

namespace nety::reports {

using results::File;
using results::Finding;
using results::FindingStatus;
using results::Metric;
using results::Result;

Result empty_row(const Sketch& sketch, const std::string& phase) {
  Result row;
  row.machine = "m1";
  row.model = "smollm2";
  row.mode = sketch.mode;
  row.backend = sketch.backend;
  row.device = sketch.device;
  row.isa = "avx512";
  row.threads = 2;
  row.phase = phase;
  row.kernel = sketch.backend == "torch"       ? "mkl sgemm"
               : sketch.backend == "installed" ? "bitsandbytes 0.50.2"
               : sketch.device != "cpu"        ? "sm_90"
                                               : "avx512";
  return row;
}

namespace {

/// Six samples around `value`, in an order that is not sorted.
Metric rate(const std::string& unit, double value, double spread) {
  std::vector<double> samples;
  for (const double step : {0.0, 0.6, -1.0, 1.0, -0.2, 0.1})
    samples.push_back(value * (1 + spread * step));
  return results::summarise(unit, std::move(samples));
}

Metric mean(const std::string& unit, double value, double half, int64_t n) {
  Metric metric = results::exactly(unit, value);
  metric.n = n;
  metric.ci = {value - half, value + half};
  metric.inputs = {"mean of " + std::to_string(n) + " positions in 9 windows"};
  return metric;
}

void add_quality(File& file, const Sketch& sketch) {
  Result quality = empty_row(sketch, "quality");
  quality.metrics["nll"] = mean("nat", sketch.nll, 0.2, 1152);
  quality.metrics["perplexity"] = results::derived("tokens", std::exp(sketch.nll), {"exp(nll)"});
  quality.metrics["repeat_difference"] = results::exactly("logit", 0);
  quality.metrics["kld"] = sketch.reference
                               ? results::derived("nat", 0, {"is the reference itself"})
                               : mean("nat", sketch.kld, sketch.kld_half, 2295);
  quality.metrics["top1_agreement"] = sketch.reference
                                          ? results::derived("ratio", 1, {"is the reference"})
                                          : mean("ratio", sketch.top1, sketch.top1_half, 2295);
  file.results.push_back(std::move(quality));
}

}  // namespace

void add_configuration(File& file, const Sketch& sketch) {
  Result load = empty_row(sketch, "load");
  load.metrics["load_s"] =
      results::summarise("s", {sketch.load_s, sketch.load_s * 1.1, sketch.load_s});
  load.metrics["load_read_s"] = results::exactly("s", sketch.load_s * 0.2);
  load.metrics["load_convert_s"] = results::exactly("s", sketch.load_s * 0.5);
  load.metrics["load_init_s"] = results::exactly("s", sketch.load_s * 0.2);
  load.metrics["ready_to_first_s"] = results::summarise("s", {sketch.first_s, sketch.first_s});
  load.metrics["peak_rss_bytes"] = results::exactly("bytes", sketch.peak_mb * 1e6);
  load.metrics["peak_anon_bytes"] = results::exactly("bytes", sketch.anon_mb * 1e6);
  load.metrics["weights_bytes"] = results::exactly("bytes", sketch.weights_mb * 1e6);
  load.metrics["kv_bytes"] = results::exactly("bytes", 23592960);
  file.results.push_back(std::move(load));

  for (const int64_t n : file.workload.prompts) {
    Result prefill = empty_row(sketch, "prefill");
    prefill.n_prompt = n;
    prefill.metrics["pp_tps"] = rate("tok/s", sketch.pp_tps * (n < 200 ? 0.8 : 1), sketch.spread);
    file.results.push_back(std::move(prefill));
  }
  Result decode = empty_row(sketch, "decode");
  decode.n_gen = 128;
  const double bytes = sketch.weights_mb * 1e6;
  decode.metrics["tg_tps"] = rate("tok/s", sketch.tg_tps, sketch.spread);
  decode.metrics["bytes_per_token"] = results::exactly("bytes", bytes);
  decode.metrics["read_bandwidth_bytes_per_s"] =
      rate("bytes/s", sketch.bandwidth_gbs * 1e9, sketch.spread);
  decode.metrics["mbu"] =
      results::derived("ratio", sketch.tg_tps * bytes / (sketch.bandwidth_gbs * 1e9),
                       {"tg_tps", "bytes_per_token", "read_bandwidth_bytes_per_s"});
  file.results.push_back(std::move(decode));

  Result generate = empty_row(sketch, "generate");
  generate.n_prompt = 128;
  generate.n_gen = 128;
  generate.metrics["ttft_s"] = rate("s", 128 / sketch.pp_tps, sketch.spread);
  generate.metrics["tpot_s"] = rate("s", 1.05 / sketch.tg_tps, sketch.spread);
  generate.metrics["e2e_tg_tps"] = rate("tok/s", sketch.tg_tps / 1.05, sketch.spread);
  file.results.push_back(std::move(generate));
  if (sketch.quality) add_quality(file, sketch);
}

void decide_for(File& file, const std::string& mode) {
  results::Decision decision;
  decision.mode = mode;
  decision.backend = "native";
  decision.device = "cpu";
  decision.reasons = {{"cpu-fp32", "Because on a CPU the policy is fp32 without quantization."}};
  file.decision = decision;
}

File bare_file() {
  File file;
  file.tool = "nety 0.1.0";
  file.created_utc = "2026-11-23T05:25:00Z";
  file.command = {"nety", "bench", "model with spaces.gguf", "--modes", "fp32,bf16,stored"};
  results::Machine machine;
  machine.id = "m1";
  machine.cpu = "AMD EPYC";
  machine.os = "Debian GNU/Linux 12";
  machine.kernel = "6.1";
  machine.features = {"avx2", "avx512f", "avx512_bf16"};
  machine.cpu_budget.threads = machine.cpu_budget.affinity = 2;
  machine.processors = 2;
  machine.memory_total_bytes = 25'300'000'000;
  machine.memory_available_bytes = 22'100'000'000;
  file.machines = {machine};
  results::Model model;
  model.id = "smollm2";
  model.name = "SmolLM2-135M-Instruct";
  model.path = "smollm2.gguf";
  model.format = "gguf";
  model.architecture = "llama";
  model.stored = "Q4_1 x210, F32 x61, Q8_0 x1";
  model.parameters = 134515008;
  model.file_bytes = 99'000'000;
  file.models = {model};
  file.workload.prompts = {128, 512};
  file.workload.depths = {0};
  file.workload.generate = 128;
  file.workload.repetitions = 6;
  file.workload.seed = 1;
  file.workload.quality_text = "nety-evaluation-1";
  return file;
}

void add_depth(File& file, const Sketch& sketch, int64_t depth) {
  Result decode = empty_row(sketch, "decode");
  decode.n_gen = 128;
  decode.depth = depth;
  decode.metrics["tg_tps"] = rate("tok/s", sketch.tg_tps, sketch.spread);
  file.results.push_back(std::move(decode));
}

void add_stack_check(File& file, const std::string& check, FindingStatus status,
                     const std::string& value) {
  Finding finding;
  finding.id = "stack." + check;
  finding.title = "Python stack, " + check;
  finding.value = value;
  finding.status = status;
  finding.source = "transformers 5.23.0, bitsandbytes 0.50.2";
  file.findings.push_back(std::move(finding));
}

}  // namespace nety::reports
