#include "core/checkpoint/shapes.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <string_view>

#include "core/base/error.h"
#include "core/checkpoint/tensors.h"

namespace nety::checkpoint {
namespace {

TEST(Shapes, HaveThePublishedNumbersOfParameters) {
  const std::map<std::string, int64_t> published = {{"smollm2-135m", 134515008},
                                                    {"smollm2-360m", 361821120},
                                                    {"smollm2-1.7b", 1711376384},
                                                    {"tinyllama-1.1b", 1100048384},
                                                    {"llama-3.2-1b", 1235814400},
                                                    {"llama-3.2-3b", 3212749824},
                                                    {"llama-2-7b", 6738415616},
                                                    {"mistral-7b", 7241732096},
                                                    {"llama-3.1-8b", 8030261248},
                                                    {"llama-2-13b", 13015864320},
                                                    {"llama-3.1-70b", 70553706496},
                                                    {"qwen2.5-0.5b", 494032768},
                                                    {"qwen2.5-1.5b", 1543714304},
                                                    {"qwen2.5-3b", 3085938688},
                                                    {"qwen2.5-7b", 7615616512},
                                                    {"qwen2.5-14b", 14770033664},
                                                    {"qwen2.5-32b", 32763876352},
                                                    {"qwen2.5-72b", 72706203648},
                                                    {"qwen3-0.6b", 596049920},
                                                    {"qwen3-1.7b", 1720574976},
                                                    {"qwen3-4b", 4022468096},
                                                    {"qwen3-8b", 8190735360},
                                                    {"qwen3-14b", 14768307200},
                                                    {"qwen3-32b", 32762123264},
                                                    {"gemma-2b", 2506172416},
                                                    {"gemma-7b", 8537680896},
                                                    {"gemma-2-2b", 2614341888},
                                                    {"gemma-2-9b", 9241705984},
                                                    {"gemma-2-27b", 27227128320},
                                                    {"gemma-3-270m", 268098176},
                                                    {"gemma-3-1b", 999885952},
                                                    {"gemma-3-4b", 3880263168},
                                                    {"phi-3-mini-4k", 3821079552},
                                                    {"phi-3.5-mini", 3821079552},
                                                    {"phi-4-mini", 3836021760},
                                                    {"mistral-7b-v0.3", 7248023552},
                                                    {"falcon-3-7b", 7455550464},
                                                    {"falcon-3-10b", 10305653760},
                                                    {"llama-3-8b", 8030261248},
                                                    {"llama-2-70b", 68976648192},
                                                    {"llama-3.1-405b", 405853388800},
                                                    {"codellama-34b", 33743970304},
                                                    {"yi-34b", 34388917248},
                                                    {"mistral-large-123b", 122610069504},
                                                    {"qwen3-4b-2507", 4022468096},
                                                    {"olmo-2-7b", 7298617344},
                                                    {"olmo-3-7b", 7298011136},
                                                    {"granite-3.3-8b", 8170864640},
                                                    {"phi-4", 14659507200},
                                                    {"smollm3-3b", 3075098624},
                                                    {"starcoder2-3b", 3030371328},
                                                    {"starcoder2-7b", 7173923840},
                                                    {"starcoder2-15b", 15957889024},
                                                    {"mistral-nemo-12b", 12247782400},
                                                    {"mistral-small-24b", 23572403200},
                                                    {"ministral-8b", 8019808256},
                                                    {"glm-4-9b", 9400279040},
                                                    {"olmo-2-13b", 13716198400},
                                                    {"olmo-2-1b", 1484916736},
                                                    {"olmo-2-32b", 32234279936},
                                                    {"granite-3.3-2b", 2533539840},
                                                    {"exaone-4-1.2b", 1279391488},
                                                    {"mixtral-8x7b", 46702792704},
                                                    {"mixtral-8x22b", 140620634112},
                                                    {"qwen3-30b-a3b", 30532122624},
                                                    {"qwen3-235b-a22b", 235093634560},
                                                    {"olmoe-1b-7b", 6919161856},
                                                    {"granite-3.1-1b-a400m", 1334628352},
                                                    {"granite-3.1-3b-a800m", 3298793472},
                                                    {"gpt-oss-20b", 20914757184},
                                                    {"gpt-oss-120b", 116829156672}};
  std::set<std::string> found;
  for (const ModelConfig& shape : standard_shapes()) {
    int64_t parameters = 0;
    for (const TensorInfo& info : tensors_of(shape)) parameters += info.rows() * info.cols();
    EXPECT_TRUE(found.insert(shape.name).second) << shape.name << " is there twice";
    if (published.count(shape.name) != 0) {
      EXPECT_EQ(parameters, published.at(shape.name)) << shape.name;
    }
    EXPECT_EQ(shape.heads % shape.kv_heads, 0) << shape.name;
  }
  for (const auto& row : published) EXPECT_TRUE(found.count(row.first)) << row.first;
}

// Totals as others state them: rounded, or of a text model beside a tower for images.
TEST(Shapes, AreWithinOnePercentOfTheTotalsOthersState) {
  const std::map<std::string, double> stated = {
      {"gemma-3-4b", 3880099328},    // keras-hub gemma3_4b_text, without rows for image tokens
      {"gemma-3-12b", 11765788416},  // keras-hub gemma3_12b_text
      {"gemma-3-27b", 27009002240},  // keras-hub gemma3_27b_text
      {"smollm3-3b", 3075100928},    // keras-hub smollm3_3b_en
      {"glm-4-32b", 32.57e9},        // a loader's log, as shape_sources.def says
      {"exaone-4-32b", 32.0e9},      // EXAONE 4.0's own README
      {"command-r7b", 8.03e9},       // a loader's log, as shape_sources.def says
      {"ministral-3-3b", 3.4e9},     // the model card
      {"ministral-3-8b", 8.5e9},     // Megatron-Bridge: 8.9 with 0.4 for images
      {"olmo-3-32b", 32.2e9}};       // OLMo 2 32B's, whose vocabulary is 74 rows larger
  std::set<std::string> found;
  for (const ModelConfig& shape : standard_shapes()) {
    if (stated.count(shape.name) == 0) continue;
    found.insert(shape.name);
    double parameters = 0;
    for (const TensorInfo& info : tensors_of(shape))
      parameters += static_cast<double>(info.rows() * info.cols());
    EXPECT_NEAR(parameters / stated.at(shape.name), 1, 0.01) << shape.name;
  }
  EXPECT_EQ(found.size(), stated.size());
}

TEST(Shapes, SayWhereTheirNumbersWereRead) {
  std::map<std::string_view, int> sources;
  for (const ShapeSource& source : shape_sources()) {
    EXPECT_EQ(++sources[source.name], 1) << source.name << " has two rows";
    EXPECT_NE(source.config, "") << source.name;
    EXPECT_NE(source.read_in, "") << source.name;
  }
  for (const ModelConfig& shape : standard_shapes())
    EXPECT_EQ(sources.count(shape.name), 1U)
        << shape.name << " has no row in core/checkpoint/shape_sources.def";
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
