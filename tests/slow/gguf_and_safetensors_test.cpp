// The default model's GGUF and the Hugging Face directory that nety makes of it give the same
// tokens.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "core/checkpoint/convert.h"
#include "core/engine/sampler.h"
#include "core/model/tokenizer_source.h"
#include "tests/checkpoint/made_files.h"
#include "tests/model/golden.h"

namespace nety::model {
namespace {

struct Greedy {
  std::vector<int32_t> prompt, ids;
  std::vector<float> margins;  ///< Between the likeliest and the second.
};

// `forced`, where given, is fed instead of what was chosen.
Greedy run(const std::filesystem::path& path, const std::vector<int32_t>& forced = {}) {
  const Ready ready = make_ready(
      path, native_backend(), {.mode = precision::ModeId::fp32, .head = precision::ModeId::fp32});
  engine::Engine engine(*ready.model, *ready.backend, {.context = 256});
  engine::Sequence sequence = engine.open_sequence();
  Greedy out;
  out.prompt = load_tokenizer(*ready.checkpoint).encode("The three largest cities of Europe are");
  auto logits = sequence.feed(out.prompt);
  for (size_t i = 0; i < 64; ++i) {
    out.ids.push_back(engine::argmax(logits));
    std::vector<float> sorted(logits.begin(), logits.end());
    std::nth_element(sorted.begin(), sorted.begin() + 1, sorted.end(), std::greater<>());
    out.margins.push_back(sorted[0] - sorted[1]);
    logits = sequence.feed(std::span(forced.empty() ? &out.ids.back() : &forced[i], 1));
  }
  return out;
}

TEST(GgufAndSafetensors, OfTheDefaultModelGiveTheSameTokens) {
  if (default_model().empty()) GTEST_SKIP() << "not run: the default model is not in the cache";
  const checkpoint::TempFolder folder;
  const auto directory = folder.path() / "fp32";
  ThreadPool pool(2);
  checkpoint::convert(checkpoint::Checkpoint::open(default_model()), directory,
                      {.mode = precision::ModeId::fp32}, pool, silent_progress());
  const Greedy gguf = run(default_model());
  const Greedy safetensors = run(directory, gguf.ids);
  EXPECT_EQ(safetensors.prompt, gguf.prompt);
  // Attention sums in another order: where two candidates are nearer than this, rounding may
  // choose.
  constexpr float kNearTie = 1e-3F;
  int compared = 0;
  for (size_t i = 0; i < gguf.ids.size(); ++i) {
    if (gguf.margins[i] < kNearTie) continue;
    EXPECT_EQ(safetensors.ids[i], gguf.ids[i]) << "token " << i;
    ++compared;
  }
  EXPECT_GT(compared, 50);
}

}  // namespace
}  // namespace nety::model
