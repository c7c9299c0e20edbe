// The memory plan against what loading takes: the bytes are exact, in every mode.
#include "core/policy/plan.h"

#include <gtest/gtest.h>

#include "tests/model/golden.h"

namespace nety::model {
namespace {

void expect_exact(const std::filesystem::path& path, std::optional<precision::ModeId> mode,
                  const std::string& head) {
  SCOPED_TRACE(path.filename().string() + " in " +
               std::string(mode ? precision::mode(*mode).name : "stored") + ", head " + head);
  const auto backend = native_backend();
  const auto checkpoint = checkpoint::Checkpoint::open(path);
  const policy::PlanOptions options{.context = 64, .head = head};
  const policy::MemoryPlan plan = policy::plan(checkpoint, mode, options);
  const Model model =
      load_model(checkpoint, *backend, {.mode = mode, .head = policy::head_mode(head, mode)},
                 silent_progress());
  EXPECT_EQ(plan.weights_anonymous_bytes, model.owned_bytes() + checkpoint.copied_bytes());
  if (!mode && model.owned_bytes() == 0) {
    EXPECT_EQ(plan.weights_mapped_bytes, checkpoint.weight_bytes());
  }
  const Session session(model, *backend, {.context = 64});
  EXPECT_EQ(plan.kv_bytes, session.cache_bytes());
}

TEST(MemoryPlan, IsWhatLoadingTakesInEveryMode) {
  std::vector<std::optional<precision::ModeId>> modes = {std::nullopt};
  for (const precision::Mode& mode : precision::modes())
    if (mode.kind != precision::ModeKind::kStored) modes.emplace_back(mode.id);
  for (const char* name :
       {"fp32", "int8", "nf4", "nf4-dq", "fp4", "fp4-dq", "nf4-saved-after-forward"})
    for (const auto& mode : modes)
      for (const char* head : {"", "fp32", "bf16", "mode"})
        expect_exact(test_data("checkpoints") / name, mode, head);
}

TEST(MemoryPlan, IsWhatLoadingTheDefaultModelTakes) {
  if (default_model().empty()) GTEST_SKIP() << "not run: the default model is not in the cache";
  expect_exact(default_model(), precision::ModeId::bf16, "mode");
  // As stored: whether blocks of a format are put in another order, and so copied, is the kernels'
  // choice. The plan counts them as copied; the bytes are the same.
  const auto checkpoint = checkpoint::Checkpoint::open(default_model());
  const policy::MemoryPlan plan = policy::plan(checkpoint, std::nullopt, {});
  EXPECT_EQ(plan.weights(), checkpoint.weight_bytes());
  const auto backend = native_backend();
  const Model model = load_model(checkpoint, *backend, {}, silent_progress());
  EXPECT_LE(model.owned_bytes(), plan.weights_anonymous_bytes);
}

}  // namespace
}  // namespace nety::model
