#include "core/checkpoint/shapes.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>

#include "core/base/error.h"

namespace nety::checkpoint {
namespace {

/// Weights of the architecture by the textbook: embeddings, attention, gated MLP, norms.
int64_t parameters(const ModelConfig& c) {
  const int64_t q = c.heads * c.head_dim, kv = c.kv_heads * c.head_dim;
  const int64_t layer = 2 * q * c.dim + 2 * kv * c.dim + 3 * c.ffn_dim * c.dim + 2 * c.dim;
  return c.layers * layer + c.dim + (c.tied_embeddings ? 1 : 2) * c.vocab * c.dim;
}

TEST(Shapes, HaveThePublishedNumbersOfParameters) {
  const std::map<std::string, int64_t> published = {
      {"smollm2-135m", 134515008},    {"smollm2-360m", 361821120},   {"smollm2-1.7b", 1711376384},
      {"tinyllama-1.1b", 1100048384}, {"llama-3.2-1b", 1235814400},  {"llama-3.2-3b", 3212749824},
      {"llama-2-7b", 6738415616},     {"mistral-7b", 7241732096},    {"llama-3.1-8b", 8030261248},
      {"llama-2-13b", 13015864320},   {"llama-3.1-70b", 70553706496}};
  ASSERT_EQ(standard_shapes().size(), published.size());
  for (const ModelConfig& shape : standard_shapes()) {
    ASSERT_TRUE(published.count(shape.name)) << shape.name;
    EXPECT_EQ(parameters(shape), published.at(shape.name)) << shape.name;
    EXPECT_EQ(shape.heads % shape.kv_heads, 0) << shape.name;
  }
}

TEST(Shapes, AreFoundByNameInAnyCase) {
  EXPECT_EQ(find_shape("Mistral-7B").dim, 4096);
  EXPECT_EQ(find_shape("llama-3.2-1b").rope.scaling, RopeScaling::kLlama3);
  EXPECT_EQ(find_shape("llama-3.2-1b").rope.factor, 32);
}

TEST(Shapes, ComeFromAConfigFileOfTheUsersOwn) {
  const std::filesystem::path folder =
      std::filesystem::path(testing::TempDir()) / "nety-shapes" / "my-model";
  std::filesystem::create_directories(folder);
  std::ofstream(folder / "config.json")
      << R"({"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 64,
             "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2,
             "intermediate_size": 128, "vocab_size": 256})";
  const ModelConfig by_file = find_shape((folder / "config.json").string());
  EXPECT_EQ(by_file.name, "my-model");
  EXPECT_EQ(by_file.dim, 64);
  EXPECT_EQ(find_shape(folder.string()).layers, 2);
  std::filesystem::remove_all(folder.parent_path());
}

TEST(Shapes, NamesThoseThereAreWhenItIsNone) {
  try {
    find_shape("gpt-5");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    EXPECT_NE(std::string(error.what()).find("gpt-5"), std::string::npos);
    EXPECT_NE(error.hint().find("mistral-7b"), std::string::npos);
  }
}

}  // namespace
}  // namespace nety::checkpoint
