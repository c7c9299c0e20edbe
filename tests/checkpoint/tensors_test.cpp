// What families say of their tensors, against the names and shapes of models made by hand.
#include "core/checkpoint/tensors.h"

#include <gtest/gtest.h>

#include <set>

#include "core/base/error.h"
#include "core/checkpoint/family.h"
#include "tests/checkpoint/made_files.h"

namespace nety::checkpoint {
namespace {

ModelConfig config_of(const TinyModel& tiny) {
  ModelConfig config;
  config.architecture = "llama";
  config.dim = tiny.dim, config.layers = tiny.layers, config.heads = tiny.heads;
  config.kv_heads = tiny.kv_heads, config.head_dim = tiny.head_dim, config.ffn_dim = tiny.ffn;
  config.vocab = tiny.vocab, config.tied_embeddings = tiny.tied;
  config.qkv_bias = config.o_bias = config.mlp_bias = tiny.bias;
  return config;
}

TEST(Tensors, AreThoseOfAModelMadeByHandInItsOrder) {
  for (const bool tied : {false, true})
    for (const bool bias : {false, true}) {
      TinyModel tiny;
      tiny.tied = tied, tiny.bias = bias, tiny.layers = 12;
      const std::vector<TensorInfo> infos = tensors_of(config_of(tiny));
      const std::vector<MadeTensor> made = tiny.tensors();
      ASSERT_EQ(infos.size(), made.size());
      for (size_t i = 0; i < made.size(); ++i) {
        EXPECT_EQ(infos[i].name, made[i].name);
        EXPECT_EQ(infos[i].gguf_name, gguf_name_of(made[i].name));
        EXPECT_EQ(infos[i].shape, made[i].shape) << made[i].name;
        EXPECT_FALSE(infos[i].optional) << made[i].name;
      }
    }
}

TEST(Tensors, HaveOnePlaceEach) {
  TinyModel tiny;
  tiny.bias = true;
  std::set<std::pair<int64_t, Slot>> places;
  for (const TensorInfo& info : tensors_of(config_of(tiny))) {
    EXPECT_TRUE(places.emplace(info.layer, info.slot).second) << info.name;
    EXPECT_EQ(info.layer >= 0, is_of_layer(info.slot)) << info.name;
    EXPECT_EQ(info.shape.size() == 1, is_vector(info.role())) << info.name;
  }
}

TEST(Tensors, AreOptionalWhereTheFormatHasNoFlags) {
  TinyModel tiny;
  tiny.bias = true;
  ModelConfig config = config_of(tiny);
  config.optional_biases = true;
  for (const TensorInfo& info : tensors_of(config))
    EXPECT_EQ(info.optional, info.role() == Role::kBias) << info.name;
}

TEST(Tensors, BelongToAFamily) {
  ModelConfig config = config_of({});
  config.architecture = "mistral";
  EXPECT_EQ(tensors_of(config).size(), tensors_of(config_of({})).size());
  EXPECT_EQ(name_of(config, Slot::output), "lm_head.weight");
  config.architecture = "nonesuch";
  EXPECT_THROW(tensors_of(config), Error);
}

TEST(Families, SayWhatTheirGgufFilesNeed) {
  for (const Family* family : families()) {
    EXPECT_FALSE(family->name.empty());
    EXPECT_EQ(family->gguf_architecture.empty(), family->read_gguf == nullptr) << family->name;
    EXPECT_EQ(family->gguf_architecture.empty(), family->huggingface_form == nullptr)
        << family->name;
    if (!family->gguf_architecture.empty()) {
      EXPECT_EQ(find_gguf_family(family->gguf_architecture), family);
    }
  }
}

}  // namespace
}  // namespace nety::checkpoint
