// One model in both formats gives the same tokens, though rotary pairs lie differently in each.
#include <gtest/gtest.h>

#include "core/checkpoint/convert.h"
#include "core/engine/sampler.h"
#include "tests/checkpoint/made_files.h"
#include "tests/model/golden.h"

namespace nety::model {
namespace {

using checkpoint::MadeTensor;

/// Eight tokens after each of sixteen prompts.
std::vector<int32_t> greedy(const std::filesystem::path& path) {
  const Ready ready = make_ready(path, native_backend());
  engine::Engine engine(*ready.model, *ready.backend, {.context = 64});
  engine::Sequence sequence = engine.open_sequence();
  std::vector<int32_t> ids;
  for (int32_t first = 0; first < 16; ++first) {
    sequence.truncate(0);
    auto logits = sequence.feed(std::vector<int32_t>{first, 17, 5});
    for (int i = 0; i < 8; ++i) {
      ids.push_back(engine::argmax(logits));
      logits = sequence.feed(std::span(&ids.back(), 1));
    }
  }
  return ids;
}

// GGUF has the rows of queries and keys as adjacent rotary pairs.
std::vector<MadeTensor> interleaved(std::vector<MadeTensor> tensors, int64_t head_dim) {
  for (MadeTensor& tensor : tensors) {
    if (tensor.name.find("q_proj") == std::string::npos &&
        tensor.name.find("k_proj") == std::string::npos)
      continue;
    const size_t row = tensor.data.size() / static_cast<size_t>(tensor.shape[0]);
    const std::string original = tensor.data;
    for (int64_t r = 0; r < tensor.shape[0]; ++r)
      tensor.data.replace(static_cast<size_t>(checkpoint::interleaved_row(r, head_dim)) * row, row,
                          original.substr(static_cast<size_t>(r) * row, row));
  }
  return tensors;
}

TEST(GgufAndSafetensors, OfOneModelGiveTheSameTokens) {
  checkpoint::TinyModel tiny;
  tiny.dim = 32;
  tiny.heads = 4;
  tiny.kv_heads = 2;
  tiny.head_dim = 8;
  tiny.vocab = 64;
  checkpoint::TempFolder folder;
  tiny.write(folder);
  const auto gguf =
      folder.put("tiny.gguf", tiny.gguf_of(interleaved(tiny.tensors(), tiny.head_dim)).bytes());
  EXPECT_EQ(greedy(gguf), greedy(folder.path() / "model.safetensors"));
}

}  // namespace
}  // namespace nety::model
