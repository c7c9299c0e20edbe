// nety-cuda-kernels: the CUDA backend's products and attention by themselves, on the layer shapes
// of real models, against the read bandwidth and the library's product rate that the device shows
// in the same process. A Google Benchmark program: --benchmark_filter and the other options are its
// own.
//
//   nety-cuda-kernels --benchmark_filter='matvec/mistral.*nf4'
//
// Each repetition is a graph of launches over weights that together do not fit the second cache.
#include <benchmark/benchmark.h>
#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <initializer_list>

#include "bench/cuda_kernels/random_weight.h"
#include "core/backends/cuda/kv_cache.h"
#include "core/backends/cuda/linear.h"
#include "core/base/error.h"
#include "core/checkpoint/shapes.h"

namespace nety::cuda {
namespace {

constexpr uint64_t kBeyondCaches = uint64_t{256} << 20;
constexpr int kMostLaunches = 64;
constexpr int64_t kPrompt = 512;

constexpr WeightKind kKinds[] = {
    {"fp32", Format::kFp32},       {"bf16", Format::kBf16},
    {"fp16", Format::kFp16},       {"int8", Format::kInt8},
    {"nf4", Format::kFourBitBf16}, {"nf4-dq", Format::kFourBitBf16, true},
    {"nf4 fp32", Format::kFourBit}};

/// Matrices that are multiplied together.
struct Group {
  const char* name;
  std::vector<int32_t> rows;
  int32_t cols;
  Epilogue epilogue;
  bool normalised;
};

std::vector<Group> groups_of(const checkpoint::ModelConfig& c) {
  const auto dim = static_cast<int32_t>(c.dim), ffn = static_cast<int32_t>(c.ffn_dim);
  const auto q = static_cast<int32_t>(c.heads * c.head_dim);
  const auto kv = static_cast<int32_t>(c.kv_heads * c.head_dim);
  return {{"qkv", {q, kv, kv}, dim, Epilogue::kStore, true},
          {"output", {dim}, q, Epilogue::kAdd, false},
          {"gate_up", {ffn, ffn}, dim, Epilogue::kSilu, true},
          {"down", {dim}, ffn, Epilogue::kAdd, false}};
}

/// The device with what it can do, and a workspace for one shape.
class Bench {
 public:
  explicit Bench(const std::string& shape)
      : config_(checkpoint::find_shape(shape)), device_(open_device("cuda:0")), linear_(*device_) {
    const model::StepLimits limits{.context = 4096, .tokens = kPrompt, .logit_rows = 1};
    storage_ = device_->allocate(lay_out(config_, limits, nullptr).bytes, "the workspace");
    device_->clear(storage_.as<void>(), storage_.bytes());
    work_ = lay_out(config_, limits, storage_.as<std::byte>());
    linear_.use(work_);
    x_ = random_floats(*device_, kPrompt * std::max(config_.dim, config_.ffn_dim));
    norm_ = random_floats(*device_, config_.dim);
  }

  void products(benchmark::State& state, const WeightKind& kind, const Group& group,
                int32_t tokens);
  void attention_step(benchmark::State& state, int32_t tokens, int32_t depth);
  const checkpoint::ModelConfig& config() const { return config_; }

 private:
  /// Seconds of one launch, of as many as `launch` makes when called with 0, 1, ...
  template <class Launch>
  void time(benchmark::State& state, int launches, const Launch& launch) {
    for (int i = 0; i < launches; ++i) launch(i);  // kernels are loaded when first launched
    device_->wait();
    device_->start_capture();
    for (int i = 0; i < launches; ++i) launch(i);
    const std::unique_ptr<Graph> graph = device_->stop_capture();
    graph->launch();
    device_->wait();
    for (auto _ : state) {
      const auto start = std::chrono::steady_clock::now();
      graph->launch();
      device_->wait();
      const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
      state.SetIterationTime(taken.count() / launches);
    }
  }

  checkpoint::ModelConfig config_;
  std::unique_ptr<Device> device_;
  Linear linear_;
  Buffer storage_, x_, norm_;
  Buffers work_{};
  std::vector<std::pair<uint64_t, double>> bandwidths_;
};

void Bench::products(benchmark::State& state, const WeightKind& kind, const Group& group,
                     int32_t tokens) {
  std::vector<std::vector<RandomWeight>> copies;
  uint64_t bytes = 0, total = 0;
  double operations = 0;
  while (copies.empty() || (total < kBeyondCaches && copies.size() < kMostLaunches)) {
    std::vector<RandomWeight>& copy = copies.emplace_back();
    bytes = 0, operations = 0;
    for (const int32_t rows : group.rows) {
      copy.push_back(random_weight(*device_, kind, rows, group.cols));
      bytes += copy.back().bytes;
      operations += 2.0 * rows * group.cols * tokens;
    }
    total += bytes;
  }
  float* outputs[] = {work_.q, work_.k, work_.v};
  if (group.epilogue == Epilogue::kSilu) outputs[0] = work_.h, outputs[1] = work_.u;
  if (group.epilogue == Epilogue::kAdd) outputs[0] = work_.x;
  const Norm norm = group.normalised ? Norm{norm_.as<const float>(), 1e-5F} : Norm{};
  time(state, static_cast<int>(copies.size()), [&](int i) {
    std::vector<Segment> segments;
    for (const RandomWeight& weight : copies[static_cast<size_t>(i)])
      segments.push_back({weight.matrix, nullptr, outputs[segments.size()]});
    linear_.multiply(segments, x_.as<const float>(), tokens, group.epilogue, norm);
  });
  const auto per_second = benchmark::Counter::kIsIterationInvariantRate;
  state.counters["bytes/s"] = {static_cast<double>(bytes), per_second};
  state.counters["flop/s"] = {operations, per_second};
}

void Bench::attention_step(benchmark::State& state, int32_t tokens, int32_t depth) {
  CudaKvCache cache(*device_, {.layers = 1,
                               .kv_heads = config_.kv_heads,
                               .head_dim = config_.head_dim,
                               .context = depth + tokens,
                               .sequences = 1});
  device_->clear(cache.layer(0).keys, cache.bytes());
  std::vector<int32_t> positions(static_cast<size_t>(tokens));
  for (size_t t = 0; t < positions.size(); ++t) positions[t] = depth + static_cast<int32_t>(t);
  const size_t bytes = positions.size() * sizeof(int32_t);
  device_->upload(work_.positions, bytes, positions.data(), bytes, bytes, 1);
  const AttentionCut cut = cut_attention(*device_, config_, tokens, depth + tokens, true);
  AttentionArgs args{};
  args.q = work_.q, args.a = work_.a;
  const Angles& angles = work_.angles[static_cast<size_t>(checkpoint::Rotary::kMain)];
  args.step = {work_.positions, work_.sequences, angles.cosines, angles.sines};
  args.cache = cache.layer(0);
  args.tokens = tokens;
  args.heads = static_cast<int32_t>(config_.heads);
  args.kv_heads = static_cast<int32_t>(config_.kv_heads);
  args.head_dim = static_cast<int32_t>(config_.head_dim);
  args.tokens_per_block = cut.tokens_per_block, args.splits = cut.splits;
  args.partials = work_.partials, args.arrivals = work_.arrivals;
  if (tokens == 1) args.fresh_k = work_.k, args.fresh_v = work_.v;
  time(state, kMostLaunches, [&](int) { attention(device_->stream(), args); });
  const auto per_second = benchmark::Counter::kIsIterationInvariantRate;
  state.counters["flop/s"] = {4.0 * static_cast<double>(config_.heads * config_.head_dim) * tokens *
                                  (depth + 0.5 * (tokens + 1)),
                              per_second};
}

/// Memory bandwidth and rates of products, which every rate below is compared with.
void show_roofline() {
  const auto device = open_device("cuda:0");
  std::printf("%s, %s\n", std::string(device->title()).c_str(),
              std::string(device->blas_name()).c_str());
  for (const uint64_t megabytes : std::initializer_list<uint64_t>{16, 64, 256, 1024})
    std::printf("read bandwidth over %5llu MB: %.3f TB/s\n",
                static_cast<unsigned long long>(megabytes),
                device->read_bandwidth(megabytes << 20) * 1e-12);
  for (const auto& [name, format] :
       {std::pair{"fp32", Format::kFp32}, std::pair{"bf16", Format::kBf16},
        std::pair{"fp16", Format::kFp16}, std::pair{"int8", Format::kInt8}})
    std::printf("products of the library, %s: %.0f TFLOP/s\n", name,
                device->product_rate(format) * 1e-12);
}

template <class Run>
void add(const std::string& name, const Run& run) {
  benchmark::RegisterBenchmark(name.c_str(), [run](benchmark::State& state) { run(state); })
      ->UseManualTime()
      ->Iterations(10)
      ->Unit(benchmark::kMicrosecond);
}

void add_shape(const std::string& shape) {
  const auto bench = std::make_shared<Bench>(shape);
  for (const WeightKind& kind : kKinds)
    for (const Group& group : groups_of(bench->config()))
      for (const int32_t tokens : {1, 8, static_cast<int32_t>(kPrompt)})
        add(fmt::format("{}/{}/{}/{}/{}", tokens > kMatvecTokens ? "prefill" : "matvec", shape,
                        kind.name, group.name, tokens),
            [=](benchmark::State& state) { bench->products(state, kind, group, tokens); });
  for (const int32_t depth : {0, 64, 512, 2048})
    add(fmt::format("attention/{}/1 at {}", shape, depth),
        [=](benchmark::State& state) { bench->attention_step(state, 1, depth); });
  add(fmt::format("attention/{}/{}", shape, kPrompt), [=](benchmark::State& state) {
    bench->attention_step(state, static_cast<int32_t>(kPrompt), 0);
  });
}

}  // namespace
}  // namespace nety::cuda

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  try {
    nety::cuda::show_roofline();
    for (const char* shape : {"tinyllama-1.1b", "mistral-7b"}) nety::cuda::add_shape(shape);
    benchmark::RunSpecifiedBenchmarks();
  } catch (const nety::Error& error) {
    std::fprintf(stderr, "nety-cuda-kernels: %s\n      %s\n", error.what(), error.hint().c_str());
    return 5;
  }
  return 0;
}
