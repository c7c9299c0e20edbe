// Logits have the same bits in any company: threads that are held up anywhere, for random times.
#include "tests/base/interrupted_threads.h"
#include "tests/engine/ready.h"

namespace nety::engine {
namespace {

/// The logits of a prompt and of tokens after it, one after another.
std::vector<float> all_logits(int threads, precision::ModeId mode, bool held) {
  Ready ready = make_ready(test_data("checkpoints/fp32"), native_backend(threads),
                           {.mode = mode, .head = {}});
  Engine engine(*ready.model, *ready.backend, {.context = 96});
  Sequence sequence = engine.open_sequence();
  std::optional<RandomHolds> holds;
  if (held) holds.emplace(static_cast<uint32_t>(threads));
  std::vector<float> all = copy_of(sequence.feed(some_tokens(40, 1)));
  for (const int32_t token : some_tokens(24, 2)) {
    const std::span<const float> logits = sequence.feed(std::span(&token, 1));
    all.insert(all.end(), logits.begin(), logits.end());
  }
  return all;
}

TEST(HeldThreads, ChangeNoBitOfAnyMode) {
  if (!interrupts_anywhere()) GTEST_SKIP() << "not run: signals wait for ThreadSanitizer";
  for (const precision::Mode& mode : precision::modes()) {
    if (mode.functions->allocate == nullptr) continue;
    const std::vector<float> expected = all_logits(1, mode.id, false);
    for (const int threads : {2, 3})
      EXPECT_EQ(all_logits(threads, mode.id, true), expected) << mode.name;
  }
}

}  // namespace
}  // namespace nety::engine
