// One model in both formats gives the same tokens, though rotary pairs lie differently in each.
#include <gtest/gtest.h>

#include <set>

#include "core/checkpoint/convert.h"
#include "core/model/sampler.h"
#include "tests/checkpoint/made_files.h"
#include "tests/model/golden.h"

namespace nety::model {
namespace {

using checkpoint::MadeTensor;

std::vector<int32_t> greedy(const std::filesystem::path& path, size_t count) {
  const Ready ready = make_ready(path, native_backend());
  Session session(*ready.model, *ready.backend, {.context = 64});
  std::vector<int32_t> ids;
  auto logits = session.feed(std::vector<int32_t>{1, 17, 5});
  while (ids.size() < count) {
    ids.push_back(argmax(logits));
    logits = session.feed(std::span(&ids.back(), 1));
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
  const std::vector<int32_t> tokens = greedy(folder.path() / "model.safetensors", 40);
  EXPECT_EQ(greedy(gguf, 40), tokens);
  EXPECT_GT(std::set<int32_t>(tokens.begin(), tokens.end()).size(), 3U) << "a test of nothing";
}

}  // namespace
}  // namespace nety::model
