// What is the torch plugin's own: zero-copy weights, its limits and its errors.
#include "core/model/plugin.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <cstring>

#include "core/base/error.h"
#include "core/base/files.h"
#include "core/base/half.h"
#include "tests/error_of.h"

namespace nety::model {
namespace {

using precision::Matrix;
using precision::ModeId;
using ::testing::HasSubstr;
using ::testing::Not;

BackendOptions two_threads() { return {.threads = 2, .isa = {}, .device = "cpu"}; }

Matrix numbers(ModeId mode, int64_t rows, int64_t cols) {
  std::vector<float> values(static_cast<size_t>(rows * cols));
  for (size_t i = 0; i < values.size(); ++i) values[i] = 0.01F * static_cast<float>(i % 200) - 1;
  return precision::quantise(mode, values.data(), rows, cols);
}

checkpoint::ModelConfig tiny_config() {
  checkpoint::ModelConfig config;
  config.dim = 8, config.layers = 1, config.heads = 2, config.kv_heads = 1, config.head_dim = 4;
  config.ffn_dim = 8, config.vocab = 10, config.context = 16;
  return config;
}

CacheShape tiny_cache() {
  return {.layers = 1, .kv_heads = 1, .head_dim = 4, .context = 4, .sequences = 1};
}

class TorchPlugin : public ::testing::Test {
 protected:
  std::unique_ptr<Backend> backend_ = load_plugin_backend("torch", two_threads());
};

TEST_F(TorchPlugin, SaysWhatItIs) {
  EXPECT_EQ(backend_->name(), "torch");
  EXPECT_EQ(backend_->device(), "cpu");
  EXPECT_EQ(backend_->threads(), 2);
  EXPECT_EQ(backend_->kernel(ModeId::fp32), "aten fp32");
  EXPECT_EQ(backend_->kernel(ModeId::bf16), "aten bf16");
  EXPECT_EQ(backend_->kernel(ModeId::nf4), "dequantised fp32");
  BackendOptions options = two_threads();
  options.compute = Compute::kBf16;
  EXPECT_EQ(load_plugin_backend("torch", options)->kernel(ModeId::nf4), "dequantised bf16");
  EXPECT_TRUE(probe_plugin("torch").available);
  EXPECT_STREQ(::getenv("OMP_WAIT_POLICY"), "passive");
}

TEST_F(TorchPlugin, UsesFloatWeightsInPlace) {
  for (const ModeId mode : {ModeId::fp32, ModeId::bf16, ModeId::fp16}) {
    const Matrix matrix = numbers(mode, 3, 32);
    EXPECT_EQ(backend_->prepare(matrix.view, mode, WeightUse::kMatrix)->owned_bytes(), 0);
  }
}

TEST_F(TorchPlugin, CopiesWhatIsNotAligned) {
  const Matrix matrix = numbers(ModeId::fp32, 3, 32);
  std::vector<std::byte> shifted(matrix.codes.size() + 1);
  std::memcpy(&shifted[1], matrix.codes.data(), matrix.codes.size());
  precision::MatrixView view = matrix.view;
  view.codes = &shifted[1];
  EXPECT_EQ(backend_->prepare(view, ModeId::fp32, WeightUse::kMatrix)->owned_bytes(), 3 * 32 * 4);
}

TEST_F(TorchPlugin, WidensOtherModesWhateverTheSource) {
  for (const precision::Mode& source : precision::modes()) {
    if (source.kind == precision::ModeKind::kStored) continue;
    const Matrix matrix = numbers(source.id, 4, 64);
    for (const precision::Mode& target : precision::modes()) {
      if (target.kind == precision::ModeKind::kStored) continue;
      const WeightPtr weight = backend_->prepare(matrix.view, target.id, WeightUse::kMatrix);
      EXPECT_EQ(weight->mode(), target.id);
      const bool half = target.id == ModeId::bf16 || target.id == ModeId::fp16;
      if (source.id == target.id && target.kind == precision::ModeKind::kFloat) continue;
      EXPECT_EQ(weight->owned_bytes(), 4 * 64 * (half ? 2 : 4));
    }
  }
}

TEST_F(TorchPlugin, RefusesWhatOnlyFilesCanMake) {
  const Matrix matrix = numbers(ModeId::fp32, 2, 256);
  const Error error =
      error_of([&] { backend_->prepare(matrix.view, ModeId::q4_1, WeightUse::kMatrix); });
  EXPECT_EQ(error.kind(), ErrorKind::kUsage);
  EXPECT_THAT(error.what(), HasSubstr("q4_1"));
}

TEST_F(TorchPlugin, RefusesOtherDevicesAndForcedInstructionSets) {
  BackendOptions options = two_threads();
  options.device = "tpu:0";
  EXPECT_EQ(error_of([&] { load_plugin_backend("torch", options); }).kind(), ErrorKind::kUsage);
  options.device = "cpu";
  options.isa = "avx2";
  EXPECT_EQ(error_of([&] { load_plugin_backend("torch", options); }).kind(), ErrorKind::kUsage);
}

TEST_F(TorchPlugin, WithoutLibTorchsCudaHalfAGpuIsAFinding) {
  if (probe_gpu("torch").possible) GTEST_SKIP() << "not run: this LibTorch has CUDA whole";
  BackendOptions options = two_threads();
  options.device = "cuda:0";
  const Error error = error_of([&] { load_plugin_backend("torch", options); });
  EXPECT_EQ(error.kind(), ErrorKind::kEnvironment);
  EXPECT_EQ(error.what(), probe_gpu("torch").what);
  EXPECT_THAT(error.what(), HasSubstr(".so"));
  EXPECT_THAT(error.hint(), HasSubstr("--device cpu"));
}

TEST_F(TorchPlugin, RefusesPositionsThatTheCacheCannotTake) {
  const auto cache = backend_->make_cache(tiny_cache());
  EXPECT_EQ(cache->bytes(), 2 * 4 * 4 * 4);
  const auto workspace = backend_->make_workspace(tiny_config(), whole_shape(tiny_config()),
                                                  {.context = 4, .tokens = 8, .logit_rows = 8});
  const std::vector<int32_t> tokens(5, 1), zeros(5, 0), positions{0, 1, 2, 3, 4};
  Error error = error_of([&] {
    backend_->begin_step({tokens, positions, zeros, {}}, *workspace, *cache);
  });
  EXPECT_EQ(error.kind(), ErrorKind::kUsage);
  EXPECT_THAT(error.what(), HasSubstr("context of 4"));
  error = error_of([&] { backend_->begin_step({tokens, zeros, zeros, {}}, *workspace, *cache); });
  EXPECT_EQ(error.kind(), ErrorKind::kInternal);
  const std::vector<int32_t> elsewhere(5, 7);
  error = error_of([&] {
    backend_->begin_step({tokens, positions, elsewhere, {}}, *workspace, *cache);
  });
  EXPECT_EQ(error.kind(), ErrorKind::kInternal);
}

TEST_F(TorchPlugin, RefusesACacheInATypeThatItLacks) {
  CacheShape shape = tiny_cache();
  shape.type = KvType::kQ8_0;
  const Error error = error_of([&] { backend_->make_cache(shape); });
  EXPECT_EQ(error.kind(), ErrorKind::kUsage);
  EXPECT_THAT(error.what(), HasSubstr("q8_0"));
  EXPECT_THAT(error.hint(), HasSubstr("--backend native"));
}

TEST_F(TorchPlugin, SaysInOneLineWhatLibTorchSays) {
  const auto cache = backend_->make_cache(tiny_cache());
  const auto workspace = backend_->make_workspace(tiny_config(), whole_shape(tiny_config()),
                                                  {.context = 4, .tokens = 8, .logit_rows = 8});
  const Matrix table = numbers(ModeId::fp32, 10, 8);
  const WeightPtr weight = backend_->prepare(table.view, ModeId::fp32, WeightUse::kMatrix);
  const std::vector<int32_t> tokens{10}, zero{0};  // the vocabulary ends at 9
  backend_->begin_step({tokens, zero, zero, {}}, *workspace, *cache);
  const std::string what = error_of([&] { backend_->embed(*weight); }).what();
  EXPECT_THAT(what, HasSubstr("LibTorch: "));
  EXPECT_THAT(what, Not(HasSubstr("\n")));
}

TEST_F(TorchPlugin, RunningOutOfMemoryIsAMemoryError) {
  CacheShape shape = tiny_cache();
  shape.context = int64_t{1} << 50;
  const Error error = error_of([&] { backend_->make_cache(shape); });
  EXPECT_EQ(error.kind(), ErrorKind::kMemory) << error.what();
}

}  // namespace
}  // namespace nety::model
