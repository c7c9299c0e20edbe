// The keys of every struct of a result file, said once: json.cpp visits them to write and to read.
// Private to this folder.
#pragma once

#include <concepts>
#include <type_traits>

#include "core/results/results.h"

namespace nety::results {

/// `T` is `Struct`, const when written and not when read.
template <class T, class Struct>
concept Is = std::same_as<std::remove_const_t<T>, Struct>;

template <class Visitor, Is<Metric> T>
void fields(Visitor& v, T& metric) {
  v.field("unit", metric.unit);
  v.field("kind", metric.kind);
  v.field("n", metric.n);
  v.field("median", metric.median);
  v.field("min", metric.min);
  v.field("max", metric.max);
  v.field("ci", metric.ci);
  v.field("samples", metric.samples);
  v.field_unless_empty("turns", metric.turns);
  v.field("reason", metric.reason);
  v.field("inputs", metric.inputs);
}

template <class Visitor, Is<Finding> T>
void fields(Visitor& v, T& finding) {
  v.required("id", finding.id);
  v.field("title", finding.title);
  v.field("value", finding.value);
  v.field("data", finding.data);
  v.field("source", finding.source);
  v.required("status", finding.status);
  v.field("consequence", finding.consequence);
  v.field("remedy", finding.remedy);
  v.field("machine", finding.machine);
}

template <class Visitor, Is<CpuBudget> T>
void fields(Visitor& v, T& budget) {
  v.field("threads", budget.threads);
  v.field("affinity", budget.affinity);
  v.field("quota", budget.quota);
  v.field("cpuset", budget.cpuset);
}

template <class Visitor, Is<Gpu> T>
void fields(Visitor& v, T& gpu) {
  v.field("name", gpu.name);
  v.field("vendor", gpu.vendor);
  v.field("compute_capability", gpu.compute_capability);
  v.field("total_bytes", gpu.total_bytes);
  v.field("free_bytes", gpu.free_bytes);
  v.field("usable", gpu.usable);
  v.field("reason", gpu.reason);
  v.field("address", gpu.address);
  v.field("uuid", gpu.uuid);
  v.field("driver", gpu.driver);
  v.field("cuda", gpu.cuda);
  v.field("mig", gpu.mig);
  v.field("ecc", gpu.ecc);
  v.field("ecc_uncorrected", gpu.ecc_uncorrected);
  v.field("persistence", gpu.persistence);
  v.field("power_limit_w", gpu.power_limit_w);
  v.field("power_default_w", gpu.power_default_w);
  v.field("sm_clock_mhz", gpu.sm_clock_mhz);
  v.field("sm_clock_max_mhz", gpu.sm_clock_max_mhz);
  v.field("memory_clock_mhz", gpu.memory_clock_mhz);
  v.field("memory_clock_max_mhz", gpu.memory_clock_max_mhz);
  v.field("throttle", gpu.throttle);
  v.field("processes", gpu.processes);
  v.field("pcie_generation", gpu.pcie_generation);
  v.field("pcie_generation_max", gpu.pcie_generation_max);
  v.field("pcie_width", gpu.pcie_width);
  v.field("pcie_width_max", gpu.pcie_width_max);
  v.field("unknown", gpu.unknown);
}

template <class Visitor, Is<Machine> T>
void fields(Visitor& v, T& machine) {
  v.required("id", machine.id);
  v.field("cpu", machine.cpu);
  v.field("os", machine.os);
  v.field("kernel", machine.kernel);
  v.field("hypervisor", machine.hypervisor);
  v.field("features", machine.features);
  v.field("cpu_budget", machine.cpu_budget);
  v.field("processors", machine.processors);
  v.field("memory_total_bytes", machine.memory_total_bytes);
  v.field("memory_available_bytes", machine.memory_available_bytes);
  v.field("memory_limit_bytes", machine.memory_limit_bytes);
  v.field("gpus", machine.gpus);
  v.field("sockets", machine.sockets);
  v.field("cores", machine.cores);
  v.field("numa_nodes", machine.numa_nodes);
  v.field("libc", machine.libc);
  v.field("container", machine.container);
}

template <class Visitor, Is<Model> T>
void fields(Visitor& v, T& model) {
  v.required("id", model.id);
  v.field("name", model.name);
  v.field("path", model.path);
  v.field("format", model.format);
  v.field("architecture", model.architecture);
  v.field("stored", model.stored);
  v.field("parameters", model.parameters);
  v.field("file_bytes", model.file_bytes);
}

template <class Visitor, Is<Workload> T>
void fields(Visitor& v, T& workload) {
  v.field("prompts", workload.prompts);
  v.field("depths", workload.depths);
  v.field("generate", workload.generate);
  v.field("repetitions", workload.repetitions);
  v.field("seed", workload.seed);
  v.field("quality_text", workload.quality_text);
}

template <class Visitor, Is<Reason> T>
void fields(Visitor& v, T& reason) {
  v.required("rule", reason.rule);
  v.field("text", reason.text);
}

template <class Visitor, Is<Decision> T>
void fields(Visitor& v, T& decision) {
  v.required("mode", decision.mode);
  v.field("backend", decision.backend);
  v.field("device", decision.device);
  v.field("machine", decision.machine);
  v.field("model", decision.model);
  v.field("reasons", decision.reasons);
}

template <class Visitor, Is<Result> T>
void fields(Visitor& v, T& result) {
  v.required("machine", result.machine);
  v.required("model", result.model);
  v.field("run", result.run);
  v.required("mode", result.mode);
  v.field("backend", result.backend);
  v.field("device", result.device);
  v.field("isa", result.isa);
  v.field("threads", result.threads);
  v.field("phase", result.phase);
  v.field("n_prompt", result.n_prompt);
  v.field("n_gen", result.n_gen);
  v.field("depth", result.depth);
  v.field("kernel", result.kernel);
  v.required("status", result.status);
  v.field("reason", result.reason);
  v.field("metrics", result.metrics);
  v.field_unless_empty("conditions", result.conditions);
  v.field_unless_empty("contender", result.contender);
}

template <class Visitor, Is<Claim> T>
void fields(Visitor& v, T& claim) {
  v.required("id", claim.id);
  v.field("statement", claim.statement);
  v.required("verdict", claim.verdict);
  v.field("evidence", claim.evidence);
  v.field("margin", claim.margin);
  v.field("sensitivity", claim.sensitivity);
  v.field("command", claim.command);
  v.field("machine", claim.machine);
  v.field("model", claim.model);
}

template <class Visitor, Is<Comparison> T>
void fields(Visitor& v, T& comparison) {
  v.required("metric", comparison.metric);
  v.field("mode", comparison.mode);
  v.field("baseline", comparison.baseline);
  v.field("candidate", comparison.candidate);
  v.field("ratio", comparison.ratio);
  v.field("margin", comparison.margin);
  v.required("verdict", comparison.verdict);
  v.field("backend", comparison.backend);
  v.field("phase", comparison.phase);
  v.field("n_prompt", comparison.n_prompt);
  v.field("n_gen", comparison.n_gen);
  v.field("depth", comparison.depth);
  v.field("gated", comparison.gated);
  v.field("detectable", comparison.detectable);
  v.field("more_pairs", comparison.more_pairs);
  v.field("reason", comparison.reason);
}

template <class Visitor, Is<File> T>
void fields(Visitor& v, T& file) {
  v.field("tool", file.tool);
  v.field("created_utc", file.created_utc);
  v.field("command", file.command);
  v.field("machines", file.machines);
  v.field("models", file.models);
  v.field("workload", file.workload);
  v.field("findings", file.findings);
  v.field("decision", file.decision);
  v.field("decisions", file.decisions);
  v.field("results", file.results);
  v.field("comparisons", file.comparisons);
  v.field("claims", file.claims);
  v.field("warnings", file.warnings);
}

}  // namespace nety::results
