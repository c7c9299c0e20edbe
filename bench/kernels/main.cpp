// nety-kernels: every kernel cell on layers of real models, as Google Benchmark runs and reports
// them. What is wrong is reported as an error and not timed. One thread: how a cell shares a
// machine is the business of nety bench.
#include <benchmark/benchmark.h>
#include <fmt/core.h>

#include "bench/kernels/subject.h"
#include "core/checkpoint/shapes.h"
#include "core/machine/machine.h"
#include "core/policy/plan.h"

namespace nety::bench {
namespace {

constexpr std::pair<const char*, const char*> kLayers[] = {
    {"smollm2-135m", "mlp.gate_proj"},      {"smollm2-135m", "mlp.down_proj"},
    {"tinyllama-1.1b", "self_attn.k_proj"}, {"tinyllama-1.1b", "mlp.gate_proj"},
    {"tinyllama-1.1b", "mlp.down_proj"},    {"mistral-7b", "mlp.gate_proj"}};
constexpr int64_t kTokens[] = {1, 32};  // decode, and a step of prefill

Layer layer_of(const char* shape, const char* tensor) {
  const std::string name = std::string("model.layers.0.") + tensor + ".weight";
  for (const policy::PlannedWeight& weight : policy::weights_of(checkpoint::find_shape(shape)))
    if (weight.name == name) return {shape, tensor, weight.rows, weight.cols};
  return {};
}

void run(benchmark::State& state, const kernels::Cell& cell, const Layer& layer, int64_t tokens) {
  const std::optional<Subject> subject = make_subject(cell, layer, tokens);
  if (!subject) return state.SkipWithError("the format has no such shape");
  if (!subject->wrong.empty()) return state.SkipWithError(subject->wrong.c_str());
  for (auto _ : state) {
    subject->run();
    benchmark::ClobberMemory();
  }
  const auto rate = benchmark::Counter::kIsIterationInvariantRate;
  state.counters["bytes_per_second"] =
      benchmark::Counter(subject->bytes, rate, benchmark::Counter::kIs1000);
  if (subject->flops > 0)
    state.counters["flops"] = benchmark::Counter(subject->flops, rate, benchmark::Counter::kIs1000);
}

void register_all() {
  const kernels::Isa best = kernels::best_isa(machine::host());
  for (const kernels::Cell& cell : kernels::cells()) {
    if (!kernels::includes(best, cell.isa)) continue;
    for (const auto& [shape, tensor] : kLayers) {
      const Layer layer = layer_of(shape, tensor);
      // Shapes that a format cannot have are no benchmarks.
      const bool super = cell.format.ends_with("_k");
      if (super && layer.cols % 256 != 0) continue;
      for (const int64_t tokens : kTokens) {
        const bool many = takes_tokens(cell.op);
        if (!many && tokens != 1) continue;
        const std::string name =
            fmt::format("{}/{}.{}/{}x{}{}", cell.name, shape, tensor, layer.rows, layer.cols,
                        many ? fmt::format("/t{}", tokens) : "");
        benchmark::RegisterBenchmark(name.c_str(), [&cell, layer, tokens](benchmark::State& state) {
          run(state, cell, layer, tokens);
        })->Unit(benchmark::kMicrosecond);
      }
    }
  }
}

}  // namespace
}  // namespace nety::bench

int main(int argc, char** argv) {
  nety::bench::register_all();
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}
