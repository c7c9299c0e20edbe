#include "core/policy/plan.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "core/backends/native/memory.h"
#include "core/base/error.h"
#include "core/base/units.h"
#include "core/checkpoint/shapes.h"
#include "tests/paths.h"
#include "tests/policy/models.h"

namespace nety::policy {
namespace {

using precision::ModeId;

/// As commands plan: for the native backend.
PlanOptions native_plan() {
  PlanOptions options;
  options.backend = native::memory();
  return options;
}

// Weights of the matrices of one Mistral layer, its two embeddings, and all its norms.
constexpr uint64_t kLayer = 2 * 4096 * 4096 + 2 * 1024 * 4096 + 3 * 14336 * uint64_t{4096};
constexpr uint64_t kRows = 2 * 4096 + 2 * 1024 + 2 * 14336 + 4096;
constexpr uint64_t kEmbeddings = 2 * 32000 * uint64_t{4096};
constexpr uint64_t kNorms = 65 * 4096;

uint64_t weights_in(ModeId mode) { return plan(mistral_7b(), mode, {}).weights(); }

TEST(MemoryPlan, OfMistral7bInFp32IsTwentyNineGigabytes) {
  EXPECT_EQ(weights_in(ModeId::fp32), 7'241'732'096U * 4);
  EXPECT_EQ(format_bytes(weights_in(ModeId::fp32)), "29.0 GB");
}

TEST(MemoryPlan, OfMistral7bIsExactInEveryMode) {
  const uint64_t matrices = 32 * kLayer;
  EXPECT_EQ(weights_in(ModeId::bf16), 2 * (matrices + kEmbeddings) + 4 * kNorms);
  EXPECT_EQ(weights_in(ModeId::fp16), weights_in(ModeId::bf16));
  const uint64_t rest = 2 * kEmbeddings + 4 * kNorms;  // embeddings and lm_head become bf16
  EXPECT_EQ(weights_in(ModeId::int8), matrices + 32 * kRows * 4 + rest);
  EXPECT_EQ(weights_in(ModeId::nf4), matrices / 2 + matrices / 64 * 4 + rest);
  EXPECT_EQ(weights_in(ModeId::fp4), weights_in(ModeId::nf4));
  EXPECT_LT(weights_in(ModeId::nf4_dq), weights_in(ModeId::nf4));
}

TEST(MemoryPlan, CountsTiedEmbeddingsOnce) {
  checkpoint::ModelConfig config = smollm2_135m();
  EXPECT_EQ(plan(config, ModeId::fp32, {}).weights(), 134'515'008U * 4);
  config.tied_embeddings = false;
  EXPECT_EQ(plan(config, ModeId::fp32, {}).weights(), (134'515'008U + 49152U * 576U) * 4);
}

TEST(MemoryPlan, CountsBiasesInFp32) {
  checkpoint::ModelConfig config = smollm2_135m();
  const uint64_t without = plan(config, ModeId::bf16, {}).weights();
  config.qkv_bias = config.o_bias = true;
  EXPECT_EQ(plan(config, ModeId::bf16, {}).weights() - without, 30U * (576 + 192 + 192 + 576) * 4);
  config.qkv_bias = config.o_bias = false;
  config.mlp_bias = true;
  EXPECT_EQ(plan(config, ModeId::bf16, {}).weights() - without, 30U * (1536 + 1536 + 576) * 4);
}

TEST(MemoryPlan, KeepsKeysAndValuesOfEveryLayer) {
  EXPECT_EQ(plan(mistral_7b(), ModeId::fp32, {.run = {.context = 1000}}).kv_bytes,
            2U * 32 * 8 * 128 * 1000 * 4);
  EXPECT_EQ(
      plan(mistral_7b(), ModeId::nf4, {.run = {.context = 1000, .kv = options::KvType::kBf16}})
          .kv_bytes,
      2U * 32 * 8 * 128 * 1000 * 2);
  EXPECT_EQ(
      plan(mistral_7b(), ModeId::nf4, {.run = {.context = 1000, .kv = options::KvType::kQ8_0}})
          .kv_bytes,
      2U * 32 * 8 * (128 + 4 * 2) * 1000);
}

TEST(MemoryPlan, CountsTheCacheOfEverySequence) {
  PlanOptions options = native_plan();
  options.run.context = 1000;
  const MemoryPlan one = plan(mistral_7b(), ModeId::fp32, options);
  options.sequences = 3;
  const MemoryPlan three = plan(mistral_7b(), ModeId::fp32, options);
  EXPECT_EQ(three.kv_bytes, 3 * one.kv_bytes);
  EXPECT_EQ(three.workspace_bytes - one.workspace_bytes, 2U * (32000 * 16 + 1000 * 4));
  EXPECT_EQ(three.weights(), one.weights());
}

TEST(MemoryPlan, TakesTheModelsContextUpToFourThousand) {
  EXPECT_EQ(plan(mistral_7b(), ModeId::fp32, {}).context, 4096);
  EXPECT_EQ(plan(smollm2_135m(), ModeId::fp32, {}).context, 2048);
  EXPECT_EQ(plan(mistral_7b(), ModeId::fp32, {.run = {.context = 16384}}).context, 16384);
}

TEST(MemoryPlan, HasAWorkspaceThatGrowsWithThreadsAndStep) {
  const auto workspace = [](int64_t step, int64_t threads) {
    PlanOptions options = native_plan();
    options.step = step;
    options.run.threads = threads;
    return plan(mistral_7b(), ModeId::fp32, options).workspace_bytes;
  };
  EXPECT_GT(workspace(512, 8), workspace(512, 1));
  EXPECT_GT(workspace(512, 1), workspace(64, 1));
  EXPECT_LT(workspace(512, 8), 500'000'000U);
}

TEST(MemoryPlan, FollowsTheHeadOption) {
  using options::HeadType;
  const auto with_head = [](HeadType head) {
    return plan(mistral_7b(), ModeId::nf4, {.run = {.head = head}}).weights();
  };
  const uint64_t bf16 = with_head(HeadType::kBf16);
  EXPECT_EQ(bf16, with_head(HeadType::kOfMode));
  EXPECT_EQ(with_head(HeadType::kFp32) - bf16, 2 * kEmbeddings);
  EXPECT_EQ(bf16 - with_head(HeadType::kSameAsLayers), 2 * kEmbeddings - kEmbeddings / 64 * 36);
}

TEST(MemoryPlan, OfAShapeIsAllAnonymous) {
  EXPECT_EQ(plan(mistral_7b(), ModeId::fp32, {}).weights_mapped_bytes, 0U);
  EXPECT_EQ(plan(mistral_7b(), std::nullopt, {}).weights(), weights_in(ModeId::fp32));
}

TEST(MemoryPlan, MapsWhatIsStoredAsWantedAndNothingElse) {
  const ModelFacts fp32 = stored_as(smollm2_135m(), ModeId::fp32);
  const MemoryPlan in_place = plan(fp32.config, fp32.weights, ModeId::fp32, {});
  EXPECT_EQ(in_place.weights_anonymous_bytes, 0U);
  EXPECT_EQ(in_place.weights_mapped_bytes, 134'515'008U * 4);
  const MemoryPlan converted = plan(fp32.config, fp32.weights, ModeId::bf16, {});
  EXPECT_EQ(converted.weights_mapped_bytes, 61U * 576 * 4);  // the norms
  const ModelFacts bf16 = stored_as(smollm2_135m(), ModeId::bf16);
  EXPECT_GT(plan(bf16.config, bf16.weights, ModeId::int8, {}).weights_mapped_bytes,
            49152U * 576 * 2);  // the embedding stays as it is
}

TEST(MemoryPlan, OfAStoredModelKeepsItsMixOfTypes) {
  const ModelFacts model = stored_as(smollm2_135m(), ModeId::q4_1, ModeId::q8_0);
  const MemoryPlan memory = plan(model.config, model.weights, std::nullopt, native_plan());
  const uint64_t embedding = 49152U * 576;
  const uint64_t norms = 61U * 576;
  // Blocks are packed at load.
  EXPECT_EQ(memory.weights_anonymous_bytes,
            (134'515'008U - embedding - norms) / 32 * 20 + embedding / 32 * 34);
  EXPECT_EQ(memory.weights_mapped_bytes, norms * 4);
}

TEST(MemoryPlan, MapsStoredFormatsThatTheBackendDoesNotPack) {
  const ModelFacts model = stored_as(smollm2_135m(), ModeId::iq4_nl);
  const MemoryPlan memory = plan(model.config, model.weights, std::nullopt, native_plan());
  EXPECT_EQ(memory.weights_anonymous_bytes, 0U);
  EXPECT_EQ(memory.weights_mapped_bytes, (134'515'008U - 61U * 576) / 32 * 18 + 61U * 576 * 4);
}

TEST(MemoryPlan, OfARealCheckpointMatchesItsTensors) {
  const auto checkpoint =
      checkpoint::Checkpoint::open(std::filesystem::path(test_data()) / "checkpoints" / "fp32");
  const MemoryPlan memory = plan(checkpoint, ModeId::fp32, {});
  EXPECT_EQ(memory.weights_mapped_bytes, checkpoint.weight_bytes());
  EXPECT_EQ(memory.weights_anonymous_bytes, 0U);
  EXPECT_EQ(plan(checkpoint.config(), ModeId::fp32, {}).weights(), checkpoint.weight_bytes());
  EXPECT_EQ(plan(checkpoint, std::nullopt, {}).weights(), checkpoint.weight_bytes());
}

TEST(MemoryPlan, HasRoomForTheFormsOfActivationsThatItsModesWant) {
  const auto workspace = [](ModeId mode) {
    PlanOptions options = native_plan();
    options.run.head = options::HeadType::kSameAsLayers;
    return plan(smollm2_135m(), mode, options).workspace_bytes;
  };
  constexpr uint64_t kValues = 512 * (1536 + 128);  // of the widest input of a step
  EXPECT_EQ(workspace(ModeId::fp16), workspace(ModeId::fp32));
  EXPECT_EQ(workspace(ModeId::bf16) - workspace(ModeId::fp32), kValues * 4);
  EXPECT_EQ(workspace(ModeId::int8) - workspace(ModeId::fp32), kValues * 5);
  EXPECT_EQ(workspace(ModeId::nf4) - workspace(ModeId::fp32), kValues * 4);
}

TEST(MemoryPlan, CountsWhatIsBesideTheWeights) {
  const MemoryPlan shape = plan(smollm2_135m(), ModeId::fp32, {});
  EXPECT_EQ(shape.tokenizer_bytes, 0U);
  const ModelFacts model = stored_as(smollm2_135m(), ModeId::fp32);
  const Overhead overhead{.tokenizer_bytes = 5'000'000, .copied_bytes = 1'000};
  const MemoryPlan memory = plan(model.config, model.weights, ModeId::fp32, {}, overhead);
  EXPECT_EQ(memory.tokenizer_bytes, 5'000'000U);
  EXPECT_EQ(memory.weights_anonymous_bytes, 1'000U);
  EXPECT_EQ(memory.total(), shape.total() + 5'001'000U);
  EXPECT_EQ(memory.anonymous(), memory.total() - memory.weights_mapped_bytes);
  const PlanOptions threads{.run = {.threads = 8}};
  EXPECT_GT(plan(smollm2_135m(), ModeId::fp32, threads).program_bytes, shape.program_bytes);
}

TEST(MemoryPlan, NeedsATenthToSpare) {
  MemoryPlan memory;
  memory.weights_anonymous_bytes = 700;
  memory.weights_mapped_bytes = 100;
  memory.kv_bytes = 150;
  memory.workspace_bytes = 50;
  EXPECT_EQ(memory.total(), 1000U);
  EXPECT_EQ(memory.needed(), 1100U);
}

TEST(MemoryPlan, TellsWhatATokenUsesOfAMixture) {
  const auto weights = [](const char* shape) { return weights_of(checkpoint::find_shape(shape)); };
  EXPECT_EQ(active_parameters(weights("qwen3-30b-a3b")), 3'353'032'704);
  EXPECT_EQ(active_parameters(weights("gpt-oss-20b")), 4'187'440'704);
  EXPECT_EQ(active_parameters(weights("mistral-7b")), parameters(weights("mistral-7b")));
  const checkpoint::ModelConfig olmoe = checkpoint::find_shape("olmoe-1b-7b");
  EXPECT_EQ(plan(olmoe, ModeId::fp32, {}).active_bytes,
            4U * static_cast<uint64_t>(active_parameters(weights_of(olmoe))));
}

}  // namespace
}  // namespace nety::policy
