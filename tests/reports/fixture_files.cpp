// Whole result files of tests, each with something of its own.
#include <cmath>
#include <limits>

#include "core/results/merge.h"
#include "fixtures.h"

namespace nety::reports {

using results::File;
using results::Finding;
using results::FindingStatus;
using results::Metric;
using results::Result;
using results::Status;

File machine_file() {
  File file = bare_file();
  Sketch fp32{.mode = "fp32", .pp_tps = 1480, .tg_tps = 79.1};
  fp32.reference = true;
  add_configuration(file, fp32);
  add_configuration(file, {.mode = "bf16",
                           .load_s = 0.05,
                           .peak_mb = 327,
                           .weights_mb = 269,
                           .pp_tps = 2210,
                           .tg_tps = 158,
                           .nll = 3.632,
                           .kld = 0.00125,
                           .top1 = 0.976});
  add_configuration(file, {.mode = "stored",
                           .load_s = 0.02,
                           .first_s = 0.06,
                           .peak_mb = 180,
                           .weights_mb = 99,
                           .pp_tps = 900,
                           .tg_tps = 210,
                           .nll = 3.634,
                           .kld = 0.0021,
                           .top1 = 0.971});
  add_configuration(file, {.mode = "nf4",
                           .load_s = 0.23,
                           .peak_mb = 240,
                           .anon_mb = 130,
                           .weights_mb = 116,
                           .pp_tps = 2050,
                           .tg_tps = 331,
                           .nll = 3.95,
                           .kld = 0.33,
                           .top1 = 0.656,
                           .kld_half = 0.05,
                           .top1_half = 0.03});
  add_configuration(file, {.mode = "fp32",
                           .backend = "torch",
                           .load_s = 0.31,
                           .first_s = 0.7,
                           .peak_mb = 1240,
                           .anon_mb = 900,
                           .pp_tps = 498,
                           .tg_tps = 24.1,
                           .kld = 2e-7,
                           .top1 = 1.0,
                           .kld_half = 1e-8,
                           .top1_half = 0});
  decide_for(file, "fp32");
  Finding ok;
  ok.id = "cpu.features";
  ok.title = "CPU features";
  ok.value = "AVX-512 with BF16 and VNNI";
  ok.source = "CPUID";
  Finding warn;
  warn.id = "memory.thp";
  warn.title = "Transparent huge pages";
  warn.value = "madvise";
  warn.status = FindingStatus::kWarn;
  warn.consequence = "Other engines may gain with \"always\".";
  warn.remedy = "Nothing to do for NETY.";
  file.findings = {ok, warn};
  file.warnings = {"Bandwidth moved by 9 % during the run, so intervals are wider than usual."};
  return file;
}

File complete_file() {
  File file = machine_file();
  results::Gpu gpu;
  gpu.name = "NVIDIA H100";
  gpu.vendor = "NVIDIA";
  gpu.compute_capability = "9.0";
  gpu.total_bytes = 85'000'000'000;
  gpu.free_bytes = 84'000'000'000;
  gpu.usable = true;
  file.machines[0].gpus = {gpu};
  file.workload.depths = {0, 1024};
  add_configuration(file, {.mode = "nf4",
                           .backend = "cuda",
                           .load_s = 0.6,
                           .peak_mb = 900,
                           .weights_mb = 116,
                           .pp_tps = 40000,
                           .tg_tps = 900,
                           .bandwidth_gbs = 3000,
                           .nll = 3.95,
                           .kld = 0.33,
                           .top1 = 0.656,
                           .kld_half = 0.05,
                           .top1_half = 0.03,
                           .device = "cuda:0"});
  add_configuration(file, {.mode = "fp32",
                           .backend = "installed",
                           .load_s = 1.5,
                           .first_s = 3.4,
                           .peak_mb = 1400,
                           .anon_mb = 1200,
                           .pp_tps = 450,
                           .tg_tps = 22,
                           .kld = 2e-7,
                           .kld_half = 1e-8,
                           .top1_half = 0});
  add_configuration(file, {.mode = "int8",
                           .backend = "installed",
                           .load_s = 2.6,
                           .first_s = 4.5,
                           .peak_mb = 1780,
                           .anon_mb = 1600,
                           .weights_mb = 164,
                           .pp_tps = 400,
                           .tg_tps = 16,
                           .kld = 0.021,
                           .top1 = 0.914,
                           .kld_half = 0.002,
                           .top1_half = 0.02});
  add_configuration(file, {.mode = "nf4",
                           .backend = "installed",
                           .load_s = 3.9,
                           .first_s = 5.9,
                           .peak_mb = 1500,
                           .anon_mb = 1300,
                           .weights_mb = 116,
                           .pp_tps = 1100,
                           .tg_tps = 45,
                           .kld = 0.33,
                           .top1 = 0.656,
                           .kld_half = 0.05,
                           .top1_half = 0.03});
  add_depth(file, {.mode = "fp32", .tg_tps = 71}, 1024);
  add_depth(file, {.mode = "bf16", .tg_tps = 131}, 1024);
  for (Result& row : file.results) {
    const bool chosen = row.backend == "native" && (row.mode == "fp32" || row.mode == "bf16");
    if (row.phase != "generate" || !chosen) continue;
    const double gap = *row.metrics.at("tpot_s").median;
    std::vector<double> gaps;
    for (int i = 0; i < 40; ++i) gaps.push_back(gap * (1 + 0.001 * (i * 37 % 61)));
    gaps.back() = 2 * gap;
    row.metrics["itl_s"] = results::summarise("s", std::move(gaps));
  }
  add_stack_check(file, "fp32", FindingStatus::kOk, "works");
  add_stack_check(file, "int8", FindingStatus::kOk, "works");
  add_stack_check(file, "int8_cpu", FindingStatus::kOk, "works");
  add_stack_check(file, "int8_offload", FindingStatus::kFail,
                  "fails in forward: Found no NVIDIA driver on your system");
  return file;
}

File laptop_file() {
  File file = bare_file();
  file.machines[0].cpu = "Intel Core i5-8250U";
  file.machines[0].features = {"avx2", "fma", "f16c"};
  file.machines[0].memory_available_bytes = 5'100'000'000;
  file.models[0].stored = "BF16 x272";
  Sketch fp32{.mode = "fp32", .tg_tps = 31};
  fp32.reference = true;
  add_configuration(file, fp32);
  add_configuration(
      file, {.mode = "bf16", .peak_mb = 327, .tg_tps = 14.5, .kld = 0.00125, .top1 = 0.976});
  add_configuration(file, {.mode = "int8",
                           .peak_mb = 334,
                           .tg_tps = 20.4,
                           .kld = 0.021,
                           .top1 = 0.914,
                           .kld_half = 0.002});
  file.machines[0].id = "laptop";
  for (Result& one : file.results) one.machine = "laptop";
  decide_for(file, "fp32");
  return file;
}

File fleet_file() {
  File file = machine_file();
  results::merge(file, laptop_file());
  File other = laptop_file();
  other.models[0].id = "tiny";
  other.models[0].name = "TinyLlama-1.1B";
  for (Result& one : other.results) one.model = "tiny";
  results::merge(file, other);
  return file;
}

File failing_file() {
  File file = bare_file();
  file.workload.prompts = {128};
  add_configuration(file, {.mode = "bf16", .quality = false});
  const auto fail = [&file](const char* mode, Status status, const char* reason) {
    Sketch sketch;
    sketch.mode = mode;
    Result bad = empty_row(sketch, "load");
    bad.status = status;
    bad.reason = reason;
    file.results.push_back(bad);
    Result skipped = empty_row(sketch, "decode");
    skipped.n_gen = 128;
    skipped.status = Status::kSkipped;
    skipped.reason = std::string("not loaded: ") + reason;
    file.results.push_back(skipped);
  };
  fail("fp32", Status::kDoesNotFit, "needs 29.0 GB of 22.1 GB available");
  fail("fp16", Status::kUnsupported, "native has no fp16");
  fail("int8", Status::kCrashed, "ended by SIGSEGV (Segmentation fault)");
  fail("nf4", Status::kTimeout, "silent for more than 300 s, killed");
  fail("fp4", Status::kError, "x.gguf: tensor 3 is truncated");
  fail("stored", Status::kSkipped, "the time budget was spent");
  Sketch nan;
  nan.mode = "nf4-dq";
  Result quality = empty_row(nan, "quality");
  quality.metrics["nll"] = results::exactly("nat", std::numeric_limits<double>::quiet_NaN());
  Metric estimate = results::estimated("bytes", 1.25e9, {"weights_bytes", "kv_bytes"});
  Result load = empty_row(nan, "load");
  load.metrics["peak_rss_bytes"] = estimate;
  file.results.push_back(load);
  file.results.push_back(quality);
  decide_for(file, "fp32");
  for (const FindingStatus status : {FindingStatus::kOk, FindingStatus::kWarn, FindingStatus::kFail,
                                     FindingStatus::kAbsent, FindingStatus::kUnknown}) {
    Finding finding;
    finding.id = finding.title = "probe " + std::string(results::name_of(status));
    finding.status = status;
    file.findings.push_back(finding);
  }
  results::Gpu gpu;
  gpu.name = "Tesla P100";
  gpu.reason = "compute capability 6.0 is below 7.0";
  file.machines[0].gpus = {gpu};
  return file;
}

const std::vector<std::string> kHostile = {
    "<script>alert(1)</script>",
    "a|b\\|c\n- d\r\n# e",
    "\"quoted\", 'twice', =1+2",
    "=HYPERLINK(\"http://x\")",
    "\x1b[31mred\x1b[0m\x07\x7f",
    "bad \xff\xfe utf-8 \xc0\xaf \xed\xa0\x80",
    "</style></script>]]>-->&amp;&#60;",
    "`code` **bold** [link](javascript:x) ![i](y) <b>",
    "{0} {1} {}%s%n",
    "C1 \xc2\x9b"
    "31m \xef\xbf\xbf",
};

File hostile_file() {
  File file = bare_file();
  auto hostile = [i = size_t{0}]() mutable { return kHostile[i++ % kHostile.size()]; };
  file.workload.prompts = {128};
  Sketch fp32{.mode = hostile() + "fp32"};
  add_configuration(file, fp32);
  for (Result& result : file.results) {
    result.kernel = hostile();
    result.backend = "native" + kHostile[0];
  }
  for (const std::string& text : kHostile) {
    Sketch sketch;
    sketch.mode = text;
    sketch.backend = text;
    Result bad = empty_row(sketch, "load");
    bad.status = Status::kError;
    bad.reason = text;
    bad.metrics["x"] = Metric{};
    bad.metrics["x"].reason = text;
    bad.metrics["x"].unit = text;
    file.results.push_back(bad);
    Finding finding;
    finding.id = finding.title = finding.value = finding.consequence = finding.remedy =
        finding.source = text;
    file.findings.push_back(finding);
    file.warnings.push_back(text);
    file.command.push_back(text);
    file.machines[0].features.push_back(text);
  }
  file.tool = hostile();
  file.machines[0].cpu = hostile();
  file.machines[0].os = hostile();
  file.models[0].name = hostile();
  file.models[0].stored = hostile();
  file.workload.quality_text = hostile();
  decide_for(file, kHostile[0] + "fp32");
  file.decision->backend = "native" + kHostile[0];
  file.decision->reasons = {{kHostile[6], kHostile[7]}};
  return file;
}

File empty_file() { return {}; }

}  // namespace nety::reports
