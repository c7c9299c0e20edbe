// nety-kernels: every kernel cell on layers of real models, as Google Benchmark runs and reports
// them. What is wrong is reported as an error and not timed. One thread: how a cell shares a
// machine is the business of nety bench.
#include <benchmark/benchmark.h>
#include <fmt/core.h>

#include "bench/kernels/subject.h"
#include "core/checkpoint/shapes.h"
#include "core/checkpoint/tensors.h"
#include "core/machine/machine.h"

namespace nety::bench {
namespace {

using checkpoint::Slot;

constexpr std::pair<const char*, Slot> kLayers[] = {
    {"smollm2-135m", Slot::w_gate},   {"smollm2-135m", Slot::w_down},
    {"tinyllama-1.1b", Slot::wk},     {"tinyllama-1.1b", Slot::w_gate},
    {"tinyllama-1.1b", Slot::w_down}, {"mistral-7b", Slot::w_gate}};
constexpr int64_t kTokens[] = {1, 32};  // decode, and a step of prefill

/// The matrix of a slot in the first layer.
Layer layer_of(const char* shape, Slot slot) {
  for (const checkpoint::TensorInfo& info : checkpoint::tensors_of(checkpoint::find_shape(shape)))
    if (info.slot == slot) return {shape, info.name, info.rows(), info.cols()};
  return {};
}

/// "mlp.gate_proj" of "model.layers.0.mlp.gate_proj.weight".
std::string module_of(const std::string& weight) {
  const size_t layer = weight.find(".0.") + 3;
  return weight.substr(layer, weight.rfind('.') - layer);
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
    for (const auto& [shape, slot] : kLayers) {
      const Layer layer = layer_of(shape, slot);
      // Shapes that a format cannot have are no benchmarks.
      const bool super = cell.format.ends_with("_k");
      if (super && layer.cols % 256 != 0) continue;
      for (const int64_t tokens : kTokens) {
        const bool many = takes_tokens(cell.op);
        if (!many && tokens != 1) continue;
        const std::string name =
            fmt::format("{}/{}.{}/{}x{}{}", cell.name, shape, module_of(layer.weight), layer.rows,
                        layer.cols, many ? fmt::format("/t{}", tokens) : "");
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
