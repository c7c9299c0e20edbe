// Mixtures of experts on the native backend: bits, what is read, what is planned, what is written.
#include <gtest/gtest.h>

#include "core/backends/native/memory.h"
#include "core/base/thread_pool.h"
#include "core/checkpoint/convert.h"
#include "core/model/footprint.h"
#include "core/policy/plan.h"
#include "tests/kernels/isas.h"
#include "tests/model/golden.h"

namespace nety::model {
namespace {

namespace fs = std::filesystem;
using precision::ModeId;

fs::path family(const std::string& name) { return test_data("families") / name; }

std::vector<float> logits_of(const fs::path& path, const LoadOptions& options, int threads = 2,
                             int64_t step = 64, const std::string& isa = {}) {
  std::vector<int32_t> tokens;
  for (int32_t i = 0; i < 31; ++i) tokens.push_back((i * 37 + 11) % 128);
  const Ready ready = make_ready(path, native_backend(threads, isa), options);
  engine::Engine engine(*ready.model, *ready.backend,
                        {.context = 64, .step_tokens = step, .logit_rows = 1});
  engine::Sequence sequence = engine.open_sequence();
  const auto logits = sequence.feed(tokens);
  return {logits.begin(), logits.end()};
}

/// A file and the mode that it is run in; nothing: as stored.
struct BitsCase {
  const char* file;
  std::optional<ModeId> mode;
};

class MixtureBits : public testing::TestWithParam<BitsCase> {};

TEST_P(MixtureBits, AreTheSameForAnyNumberOfThreadsAndAnyStep) {
  const fs::path path = family(GetParam().file);
  for (const kernels::Isa isa : kernels::every_isa()) {
    if (!kernels::runs_here(isa)) continue;
    const std::string name(kernels::name_of(isa));
    const std::vector<float> want =
        logits_of(path, {GetParam().mode, GetParam().mode}, 1, 64, name);
    for (const int threads : {1, 2, 3})
      for (const int64_t step : {1, 2, 7, 64})
        EXPECT_EQ(logits_of(path, {GetParam().mode, GetParam().mode}, threads, step, name), want)
            << name << ", " << threads << " threads, steps of " << step;
  }
}

INSTANTIATE_TEST_SUITE_P(Files, MixtureBits,
                         testing::Values(BitsCase{"qwen3-moe", ModeId::fp32},
                                         BitsCase{"qwen3-moe", ModeId::bf16},
                                         BitsCase{"mixtral/model.gguf", ModeId::int8},
                                         BitsCase{"olmoe", ModeId::nf4},
                                         BitsCase{"gpt-oss", ModeId::fp16},
                                         BitsCase{"gpt-oss-expanded/model.gguf", ModeId::fp32},
                                         BitsCase{"quant-qwen3-moe-q4km/model.gguf", std::nullopt}),
                         [](const auto& one) { return "case_" + std::to_string(one.index); });

TEST(Mixture, ReadsTheBytesOfTheExpertsThatATokenHas) {
  const Ready ready = make_ready(family("qwen3-moe"), native_backend(), {ModeId::fp32, {}});
  const checkpoint::ModelConfig& c = ready.model->config;
  const Footprint found = footprint(*ready.model);
  const int64_t expert = 3 * 48 * 16, attention = 48 * 64 * 2 + 48 * 32 * 2 + 2 * 16;
  const int64_t of_layer = attention + 2 * 48 + 6 * 48;
  const int64_t ends = 48 + 128 * 48;
  ASSERT_EQ(c.layers, 2);
  EXPECT_EQ(found.weights_bytes,
            static_cast<uint64_t>(4 * (2 * (of_layer + 6 * expert) + ends + 128 * 48)));
  EXPECT_EQ(found.per_token_bytes,
            static_cast<uint64_t>(4 * (2 * (of_layer + 2 * expert) + ends + 48)));
}

TEST(Mixture, IsPlannedAsItIsLoaded) {
  for (const char* file :
       {"mixtral", "mixtral/model.gguf", "qwen3-moe-mixed", "granitemoe", "gpt-oss",
        "gpt-oss-expanded", "gpt-oss-expanded/model.gguf", "quant-qwen3-moe-q4km/model.gguf"})
    for (const std::optional<ModeId> mode :
         {std::optional<ModeId>(), std::optional(ModeId::fp32), std::optional(ModeId::bf16),
          std::optional(ModeId::int8), std::optional(ModeId::nf4)}) {
      SCOPED_TRACE(std::string(file) + (mode ? std::string(precision::mode(*mode).name) : ""));
      const auto backend = native_backend();
      const auto checkpoint = checkpoint::Checkpoint::open(family(file));
      const policy::MemoryPlan plan =
          policy::plan(checkpoint, mode, {.run = {.context = 64}, .backend = native::memory()});
      const LoadOptions options{mode, policy::head_mode(options::HeadType::kOfMode, mode)};
      const Model model = load_model(checkpoint, *backend, options, silent_progress());
      // What lies turned around in the file is copied, unless it is converted anyway.
      uint64_t turned = 0;
      for (const checkpoint::Tensor& tensor : checkpoint.tensors()) {
        const bool vector = is_vector(role_of(*tensor.slot));
        if (tensor.is_scattered() &&
            tensor.mode == (vector ? ModeId::fp32 : mode.value_or(*tensor.mode)))
          turned += tensor.bytes();
      }
      EXPECT_EQ(plan.weights_anonymous_bytes, model.owned_bytes() + turned);
    }
}

TEST(Mixture, IsTheSameModelOnceQuantised) {
  ThreadPool pool(2);
  const fs::path written = fs::path(testing::TempDir()) / "nety-mixture-written";
  for (const char* file : {"mixtral", "qwen3-moe", "qwen3-moe/model.gguf", "olmoe/model.gguf"})
    for (const ModeId mode : {ModeId::int8, ModeId::nf4, ModeId::fp4_dq}) {
      SCOPED_TRACE(std::string(file) + " in " + std::string(precision::mode(mode).name));
      fs::remove_all(written);
      const auto source = checkpoint::Checkpoint::open(family(file));
      checkpoint::convert(source, written, {.mode = mode}, pool, silent_progress());
      EXPECT_EQ(logits_of(written, {std::nullopt, ModeId::fp32}),
                logits_of(family(file), {mode, ModeId::fp32}));
    }
  fs::remove_all(written);
}

TEST(Mixture, LeavesExpertsAsTheyAreWhereBitsandbytesHasNoFormat) {
  ThreadPool pool(2);
  const fs::path written = fs::path(testing::TempDir()) / "nety-mixture-left";
  for (const char* file : {"granitemoe", "gpt-oss"}) {
    fs::remove_all(written);
    const auto source = checkpoint::Checkpoint::open(family(file));
    const auto notices =
        checkpoint::convert(source, written, {.mode = ModeId::nf4}, pool, silent_progress());
    EXPECT_TRUE(std::ranges::any_of(
        notices, [](const auto& notice) { return notice.id == "experts_not_quantised"; }));
    const auto made = checkpoint::Checkpoint::open(written);
    for (const checkpoint::Tensor& tensor : made.tensors()) {
      const checkpoint::Tensor& from = source.at(tensor.name);
      if (tensor.slot == Slot::w_gate || tensor.slot == Slot::w_down) {
        EXPECT_EQ(tensor.mode, from.mode);
        EXPECT_TRUE(std::ranges::equal(tensor.data, from.data)) << tensor.name;
      }
      if (tensor.slot == Slot::wq) {
        EXPECT_EQ(tensor.mode, ModeId::nf4);
      }
    }
  }
  fs::remove_all(written);
}

}  // namespace
}  // namespace nety::model
