// What is the CUDA backend's own: its limits and errors, memory with numbers, graphs of steps, and
// real checkpoints beside the native backend.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "core/backends/cuda/cuda_backend.h"
#include "core/backends/cuda/weight.h"
#include "core/base/error.h"
#include "tests/cuda/emulated_device.h"
#include "tests/cuda/simt.h"
#include "tests/error_of.h"
#include "tests/model/golden.h"

namespace nety::model {
namespace {

using precision::ModeId;
using ::testing::AllOf;
using ::testing::HasSubstr;

std::unique_ptr<Backend> emulated(const cuda::Emulation& emulation = {},
                                  Compute compute = Compute::kMode) {
  return cuda::make_backend(cuda::emulated_device(emulation),
                            {.threads = 2, .isa = {}, .device = "cuda:0", .compute = compute});
}

precision::Matrix numbers(ModeId mode, int64_t rows, int64_t cols) {
  std::vector<float> values(static_cast<size_t>(rows * cols));
  for (size_t i = 0; i < values.size(); ++i) values[i] = 0.01F * static_cast<float>(i % 200) - 1;
  return precision::quantise(mode, values.data(), rows, cols);
}

double largest_difference(std::span<const float> a, std::span<const float> b) {
  EXPECT_EQ(a.size(), b.size());
  double worst = 0;
  for (size_t i = 0; i < a.size(); ++i) worst = std::max(worst, std::abs(double{a[i]} - b[i]));
  return worst;
}

std::vector<int32_t> golden_tokens(const std::string& name) {
  const auto wide =
      read_tensor<int64_t>(test_data("checkpoints/" + name + "/expected.safetensors"), "input_ids");
  return {wide.begin(), wide.end()};
}

TEST(CudaBackend, SaysWhatItIs) {
  const auto backend = emulated();
  EXPECT_EQ(backend->name(), "cuda");
  EXPECT_EQ(backend->device(), "cuda:0");
  EXPECT_EQ(backend->threads(), 2);
  EXPECT_EQ(backend->kernel(ModeId::nf4), "matvec 4-bit + tiles");
  EXPECT_EQ(backend->kernel(ModeId::int8), "matvec int8 dp4a + tiles dp4a");
  EXPECT_EQ(backend->kernel(ModeId::q4_1), "matvec fp16 + tiles");
  EXPECT_EQ(emulated({.blas = true}, Compute::kBf16)->kernel(ModeId::nf4),
            "matvec 4-bit bf16 + loops");
}

TEST(CudaBackend, RefusesAForcedInstructionSet) {
  const Error error = error_of([] {
    cuda::make_backend(cuda::emulated_device(), {.threads = 1, .isa = "avx2", .device = "cuda"});
  });
  EXPECT_EQ(error.kind(), ErrorKind::kUsage);
}

TEST(CudaBackend, MakesEveryModeOfEveryOther) {
  const auto backend = emulated();
  for (const precision::Mode& source : precision::modes()) {
    if (source.kind == precision::ModeKind::kStored) continue;
    const precision::Matrix matrix = numbers(source.id, 4, 64);
    for (const precision::Mode& target : precision::modes()) {
      if (target.kind == precision::ModeKind::kStored) continue;
      const WeightPtr weight = backend->prepare(matrix.view, target.id, WeightUse::kMatrix);
      EXPECT_EQ(weight->mode(), target.id);
      EXPECT_GE(weight->owned_bytes(), target.functions->bytes(4, 64));
    }
  }
  const Error error = error_of([&] {
    backend->prepare(numbers(ModeId::fp32, 2, 256).view, ModeId::q4_1, WeightUse::kMatrix);
  });
  EXPECT_EQ(error.kind(), ErrorKind::kUsage);
  EXPECT_THAT(error.what(), HasSubstr("q4_1"));
}

TEST(CudaBackend, KeepsFourBitWeightsFourBit) {
  const auto backend = emulated();
  const precision::Matrix matrix = numbers(ModeId::nf4, 64, 256);
  const WeightPtr weight = backend->prepare(matrix.view, ModeId::nf4, WeightUse::kMatrix);
  EXPECT_EQ(weight->owned_bytes(), 64 * 256 / 2 + 64 * 256 / 64 * 4 + 16 * 4);
}

TEST(CudaBackend, SaysWithNumbersWhatDoesNotFit) {
  const auto backend = emulated({.memory_bytes = 1 << 20});
  const precision::Matrix matrix = numbers(ModeId::fp32, 1024, 512);
  Error error = error_of([&] { backend->prepare(matrix.view, ModeId::fp32, WeightUse::kMatrix); });
  EXPECT_EQ(error.kind(), ErrorKind::kMemory);
  EXPECT_THAT(error.what(), AllOf(HasSubstr("[1024, 512] in fp32"), HasSubstr("needs 2 MB"),
                                  HasSubstr("cuda:0"), HasSubstr("1 MB of 1 MB are free")));
  EXPECT_FALSE(error.hint().empty());
  error = error_of([&] {
    backend->make_cache({.layers = 32,
                         .kv_heads = 8,
                         .head_dim = 128,
                         .context = int64_t{1} << 50,
                         .sequences = 1});
  });
  EXPECT_EQ(error.kind(), ErrorKind::kMemory);
  checkpoint::ModelConfig config;
  config.dim = 4096, config.layers = 32, config.heads = 32, config.kv_heads = 8;
  config.head_dim = 128, config.ffn_dim = 14336, config.vocab = 32768, config.context = 4096;
  error = error_of([&] {
    backend->make_workspace(config, whole_shape(config),
                            {.context = 4096, .tokens = 512, .logit_rows = 1});
  });
  EXPECT_EQ(error.kind(), ErrorKind::kMemory);
  EXPECT_THAT(error.what(), HasSubstr("steps of 512 tokens"));
}

TEST(CudaBackend, RefusesACacheInATypeThatItLacks) {
  const auto backend = emulated();
  const Error error = error_of([&] {
    backend->make_cache({.layers = 1,
                         .kv_heads = 1,
                         .head_dim = 4,
                         .context = 4,
                         .sequences = 1,
                         .type = model::KvType::kQ8_0});
  });
  EXPECT_EQ(error.kind(), ErrorKind::kUsage);
  EXPECT_THAT(error.what(), AllOf(HasSubstr("cuda"), HasSubstr("q8_0")));
  EXPECT_THAT(error.hint(), HasSubstr("--backend native"));
}

TEST(CudaBackend, RefusesPositionsThatTheCacheCannotTake) {
  const auto backend = emulated();
  checkpoint::ModelConfig config;
  config.dim = 8, config.layers = 1, config.heads = 2, config.kv_heads = 1, config.head_dim = 4;
  config.ffn_dim = 8, config.vocab = 10, config.context = 16;
  const auto cache = backend->make_cache(
      {.layers = 1, .kv_heads = 1, .head_dim = 4, .context = 4, .sequences = 1});
  const auto workspace = backend->make_workspace(config, whole_shape(config),
                                                 {.context = 4, .tokens = 8, .logit_rows = 8});
  const std::vector<int32_t> tokens(5, 1), zeros(5, 0), positions{0, 1, 2, 3, 4}, nine(9, 0);
  Error error = error_of([&] {
    backend->begin_step({tokens, positions, zeros, {}}, *workspace, *cache);
  });
  EXPECT_EQ(error.kind(), ErrorKind::kUsage);
  EXPECT_THAT(error.what(), HasSubstr("context of 4"));
  error = error_of([&] { backend->begin_step({tokens, zeros, zeros, {}}, *workspace, *cache); });
  EXPECT_EQ(error.kind(), ErrorKind::kInternal);
  const std::vector<int32_t> elsewhere(5, 7);
  error = error_of([&] {
    backend->begin_step({tokens, positions, elsewhere, {}}, *workspace, *cache);
  });
  EXPECT_EQ(error.kind(), ErrorKind::kInternal);
}

TEST(CudaGraphs, AreReplayedWhileNothingButDataChanges) {
  const std::vector<int32_t> tokens = golden_tokens("fp32");
  Ready ready = make_ready(test_data("checkpoints/fp32"), emulated());
  engine::Engine engine(*ready.model, *ready.backend, {.context = 64});
  engine::Sequence sequence = engine.open_sequence();
  const int64_t before = cuda::graphs_replayed();
  for (size_t t = 0; t < tokens.size(); ++t) sequence.feed(std::span(tokens).subspan(t, 1));
  EXPECT_EQ(cuda::graphs_replayed() - before, static_cast<int64_t>(tokens.size()) - 2);

  // Another engine brings other memory: its steps are captured anew, and give the same.
  const auto first_logits = [&](engine::Sequence& of) {
    of.truncate(0);
    const auto logits = of.feed(std::span(tokens).first(1));
    return std::vector<float>(logits.begin(), logits.end());
  };
  const std::vector<float> expected = first_logits(sequence);
  engine::Engine other_engine(*ready.model, *ready.backend, {.context = 64});
  engine::Sequence other = other_engine.open_sequence();
  EXPECT_EQ(first_logits(other), expected);
  EXPECT_EQ(first_logits(sequence), expected);
}

/// How far logits may be from the native backend's: as the vectors of the tiny checkpoints state
/// for fp32 arithmetic; bf16 and int8 activations may fall on the other side of a rounding.
struct Checkpoint {
  const char* folder;
  std::optional<ModeId> mode;
  double tolerance;
};

class EveryCheckpoint : public ::testing::TestWithParam<Checkpoint> {};

TEST_P(EveryCheckpoint, GivesTheLogitsOfTheNativeBackend) {
  const LoadOptions options{.mode = GetParam().mode, .head = {}};
  const auto path = test_data(std::string("checkpoints/") + GetParam().folder);
  const std::vector<int32_t> tokens = golden_tokens(GetParam().folder);
  Ready native = make_ready(path, native_backend(), options);
  engine::Engine theirs_engine(*native.model, *native.backend, {.context = 64, .logit_rows = 64});
  engine::Sequence theirs = theirs_engine.open_sequence();
  const auto expected = theirs.feed_all(tokens);
  const auto vocab = static_cast<size_t>(native.model->config.vocab);
  for (const bool blas : {false, true}) {
    Ready ready = make_ready(path, emulated({.blas = blas}), options);
    engine::Engine whole_engine(*ready.model, *ready.backend, {.context = 64, .logit_rows = 64});
    engine::Sequence whole = whole_engine.open_sequence();
    EXPECT_LE(largest_difference(whole.feed_all(tokens), expected), GetParam().tolerance);
    engine::Engine single_engine(*ready.model, *ready.backend, {.context = 64});
    engine::Sequence single = single_engine.open_sequence();
    for (size_t t = 0; t < tokens.size(); ++t)
      EXPECT_LE(largest_difference(single.feed(std::span(tokens).subspan(t, 1)),
                                   std::span(expected).subspan(t * vocab, vocab)),
                GetParam().tolerance)
          << "token " << t;
  }
}

constexpr double kSameArithmetic = 2e-4, kRoundedActivations = 0.15;

INSTANTIATE_TEST_SUITE_P(Tiny, EveryCheckpoint,
                         ::testing::Values(Checkpoint{"fp32", {}, kSameArithmetic},
                                           Checkpoint{"fp32", ModeId::bf16, kRoundedActivations},
                                           Checkpoint{"fp32", ModeId::fp16, kSameArithmetic},
                                           Checkpoint{"fp32", ModeId::int8, kRoundedActivations},
                                           Checkpoint{"fp32", ModeId::nf4, kRoundedActivations},
                                           Checkpoint{"int8", {}, kRoundedActivations},
                                           Checkpoint{"nf4", {}, kSameArithmetic},
                                           Checkpoint{"nf4-dq", {}, kSameArithmetic},
                                           Checkpoint{"fp4", {}, kSameArithmetic},
                                           Checkpoint{"fp4-dq", {}, kSameArithmetic}));

TEST(TinyCheckpoint, GivesTheLogitsOfTransformers) {
  const auto folder = test_data("checkpoints/fp32");
  Ready ready = make_ready(folder, emulated());
  engine::Engine engine(*ready.model, *ready.backend, {.context = 64, .logit_rows = 64});
  engine::Sequence sequence = engine.open_sequence();
  const auto logits = read_tensor<float>(folder / "expected.safetensors", "logits");
  EXPECT_LE(largest_difference(sequence.feed_all(golden_tokens("fp32")), logits), 2e-4);
}

// The emulator itself: a barrier that part of a block skips must not pass.
TEST(SimtDeathTest, NamesABarrierThatPartOfABlockWaitsFor) {
  EXPECT_DEATH(simt::run({"divergent", dim3(1), dim3(64), 0,
                          [] {
                            if (threadIdx.x < 32) {
                              __syncthreads();
                              __syncthreads();
                            } else {
                              __shfl_xor_sync(0xffffffffU, 1.0F, 1);
                              if (threadIdx.x > 40) __syncthreads();
                              __shfl_xor_sync(0xffffffffU, 1.0F, 1);
                            }
                          }}),
               "simt: .* in divergent");
}

}  // namespace
}  // namespace nety::model
