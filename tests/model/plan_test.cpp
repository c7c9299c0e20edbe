// The memory plan against what loading takes: the bytes are exact, in every mode.
#include "core/policy/plan.h"

#include <gtest/gtest.h>
#include <malloc.h>

#include "core/backends/native/memory.h"
#include "core/backends/native/weight.h"
#include "core/engine/sampler.h"
#include "core/engine/speculation.h"
#include "core/model/tokenizer_source.h"
#include "core/policy/tokenizer_memory.h"
#include "tests/kernels/isas.h"
#include "tests/model/golden.h"

namespace nety::model {
namespace {

using options::HeadType;

void expect_exact(const std::filesystem::path& path, std::optional<precision::ModeId> mode,
                  HeadType head) {
  SCOPED_TRACE(path.filename().string() + " in " +
               std::string(mode ? precision::mode(*mode).name : "stored") + ", head " +
               options::text_of(head));
  const auto backend = native_backend();
  const auto checkpoint = checkpoint::Checkpoint::open(path);
  const policy::PlanOptions options{.run = {.context = 64, .head = head},
                                    .backend = native::memory()};
  const policy::MemoryPlan plan = policy::plan(checkpoint, mode, options);
  const Model model =
      load_model(checkpoint, *backend, {.mode = mode, .head = policy::head_mode(head, mode)},
                 silent_progress());
  EXPECT_EQ(plan.weights_anonymous_bytes, model.owned_bytes() + checkpoint.copied_bytes());
  if (!mode && model.owned_bytes() == 0) {
    EXPECT_EQ(plan.weights_mapped_bytes, checkpoint.weight_bytes());
  }
  const engine::Engine engine(model, *backend, {.context = 64});
  EXPECT_EQ(plan.kv_bytes, engine.cache_bytes());
}

TEST(MemoryPlan, IsWhatLoadingTakesInEveryMode) {
  std::vector<std::optional<precision::ModeId>> modes = {std::nullopt};
  for (const precision::Mode& mode : precision::modes())
    if (mode.kind != precision::ModeKind::kStored) modes.emplace_back(mode.id);
  for (const char* name :
       {"fp32", "int8", "nf4", "nf4-dq", "fp4", "fp4-dq", "nf4-saved-after-forward"})
    for (const auto& mode : modes)
      for (const HeadType head :
           {HeadType::kOfMode, HeadType::kFp32, HeadType::kBf16, HeadType::kSameAsLayers})
        expect_exact(test_data("checkpoints") / name, mode, head);
}

TEST(MemoryPlan, CountsWhatTheBackendPacks) {
  const checkpoint::ModelConfig config;
  ThreadPool pool(1);
  for (const precision::Mode& mode : precision::modes()) {
    if (mode.kind != precision::ModeKind::kStored) continue;
    const int64_t rows = 40, cols = 512;  // two panels and a half
    const std::vector<std::byte> bytes(mode.functions->bytes(rows, cols));
    const precision::MatrixView view{
        .mode = mode.id, .rows = rows, .cols = cols, .codes = bytes.data()};
    native::Arena arena;
    const auto weight =
        native::make_weight(view, mode.id, kernels::best_isa(machine::host()), pool, arena);
    const policy::PlannedWeight planned{
        .name = "w", .rows = rows, .cols = cols, .stored = mode.id, .stored_bytes = bytes.size()};
    const policy::MemoryPlan plan = policy::plan(
        config, std::span(&planned, 1), {}, {.run = {.context = 1}, .backend = native::memory()});
    // Without vector kernels nothing is packed.
    if (kernels::runs_here(kernels::Isa::kAvx2)) {
      EXPECT_EQ(plan.weights_anonymous_bytes, weight->owned_bytes()) << mode.name;
    }
    EXPECT_EQ(plan.weights_mapped_bytes, plan.weights_anonymous_bytes > 0 ? 0 : bytes.size());
  }
}

TEST(MemoryPlan, IsWhatLoadingTheDefaultModelTakes) {
  if (default_model().empty()) GTEST_SKIP() << "not run: the default model is not in the cache";
  expect_exact(default_model(), precision::ModeId::bf16, HeadType::kSameAsLayers);
  // As stored: whether blocks of a format are put in another order, and so copied, is the kernels'
  // choice. The plan counts them as copied; the bytes are the same.
  const auto checkpoint = checkpoint::Checkpoint::open(default_model());
  const policy::MemoryPlan plan =
      policy::plan(checkpoint, std::nullopt, {.run = {}, .backend = native::memory()});
  EXPECT_EQ(plan.weights(), checkpoint.weight_bytes());
  const auto backend = native_backend();
  const Model model = load_model(checkpoint, *backend, {}, silent_progress());
  EXPECT_LE(model.owned_bytes(), plan.weights_anonymous_bytes);
}

TEST(MemoryPlan, HasRoomForTheLogitsOfATokenAndItsGuesses) {
  EXPECT_EQ(native::kCandidateBytes, int64_t{sizeof(engine::Candidate)});
  EXPECT_EQ(policy::PlanOptions().logit_rows, engine::Speculation::kLongest + 1);
  const auto workspace = [](int64_t rows) {
    const auto checkpoint = checkpoint::Checkpoint::open(test_data("checkpoints/fp32"));
    return policy::plan(checkpoint, std::nullopt,
                        {.run = {.context = 64}, .logit_rows = rows, .backend = native::memory()})
        .workspace_bytes;
  };
  const auto vocab = checkpoint::Checkpoint::open(test_data("checkpoints/fp32")).config().vocab;
  EXPECT_EQ(workspace(64) - workspace(9), static_cast<uint64_t>(55 * vocab * 4));
}

/// Bytes that malloc() has given out.
uint64_t in_use() {
  const struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

void expect_planned_tokenizer(const std::filesystem::path& path) {
  SCOPED_TRACE(path.string());
  const uint64_t before = in_use();
  const auto checkpoint = checkpoint::Checkpoint::open_vocabulary(path);
  const tokenizer::Tokenizer tokenizer = load_tokenizer(checkpoint);
  const uint64_t taken = in_use() - before;
  const uint64_t planned = policy::tokenizer_bytes(checkpoint::Checkpoint::open(path));
  // Beside the tables: the tensors' names, patterns, added tokens.
  constexpr uint64_t kSmallThings = 300'000;
  EXPECT_LE(taken, planned + kSmallThings);
  EXPECT_GE(taken * 4, planned) << "the plan is no guess either";
}

TEST(MemoryPlan, HoldsForTheTokenizerOfTheDefaultModel) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "not run: sanitizers bring an allocator of their own";
#endif
  if (default_model().empty()) GTEST_SKIP() << "not run: the default model is not in the cache";
  expect_planned_tokenizer(default_model());
}

TEST(MemoryPlan, HasNoTokenizerWhereThereIsNone) {
  EXPECT_EQ(policy::tokenizer_bytes(checkpoint::Checkpoint::open(test_data("checkpoints/fp32"))),
            0U);
}

}  // namespace
}  // namespace nety::model
