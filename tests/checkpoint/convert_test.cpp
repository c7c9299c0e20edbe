// What `nety quantize` writes, against what transformers and bitsandbytes themselves saved.
#include "core/checkpoint/convert.h"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <set>

#include "core/base/files.h"
#include "core/checkpoint/gguf_rope.h"
#include "core/checkpoint/safetensors.h"
#include "tests/checkpoint/made_bitsandbytes.h"
#include "tests/paths.h"

namespace nety::checkpoint {
namespace {

namespace fs = std::filesystem;

fs::path saved(const std::string& name) { return fs::path(test_data()) / "checkpoints" / name; }

precision::ModeId mode_named(std::string_view name) { return precision::find_mode(name)->id; }

/// Type, shape and bytes of each tensor of a directory's model files.
std::map<std::string, std::string> tensors_of(const fs::path& directory) {
  std::map<std::string, std::string> found;
  for (const auto& entry : fs::directory_iterator(directory)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with("model") || !name.ends_with(".safetensors")) continue;
    const MappedFile file(entry.path());
    for (const SafetensorsEntry& tensor : parse_safetensors(file.bytes(), entry.path()).tensors) {
      std::string& text = found[tensor.name];
      text = tensor.dtype;
      for (const int64_t extent : tensor.shape) text += fmt::format(" {}", extent);
      text += ":";
      text.append(reinterpret_cast<const char*>(file.bytes().data()) + tensor.begin,
                  tensor.end - tensor.begin);
    }
  }
  return found;
}

void expect_same_tensors(const fs::path& made, const fs::path& expected) {
  const auto a = tensors_of(made);
  const auto b = tensors_of(expected);
  EXPECT_EQ(a.size(), b.size());
  for (const auto& entry : b) {
    const auto found = a.find(entry.first);
    ASSERT_NE(found, a.end()) << entry.first;
    EXPECT_TRUE(found->second == entry.second) << entry.first << " differs";
  }
}

class Convert : public testing::Test {
 protected:
  fs::path run(const Checkpoint& source, std::string_view mode, const std::string& name = "out",
               uint64_t shard_bytes = kShardBytes) {
    const fs::path destination = folder_.path() / name;
    notices_ = convert(source, destination, {.mode = mode_named(mode), .shard_bytes = shard_bytes},
                       pool_, silent_progress());
    return destination;
  }
  TempFolder folder_;
  ThreadPool pool_{2};
  std::vector<Notice> notices_;
};

TEST_F(Convert, WritesWhatTransformersAndBitsandbytesWrite) {
  const Checkpoint source = Checkpoint::open(saved("fp32"));
  for (const char* mode : {"int8", "nf4", "nf4-dq", "fp4", "fp4-dq"}) {
    SCOPED_TRACE(mode);
    const fs::path made = run(source, mode, mode);
    expect_same_tensors(made, saved(mode));
    EXPECT_EQ(read_file(made / "config.json"), read_file(saved(mode) / "config.json"));
    EXPECT_EQ(read_file(made / "generation_config.json"),
              read_file(saved(mode) / "generation_config.json"));
    EXPECT_TRUE(Checkpoint::open(made).issues().empty() ||
                Checkpoint::open(made).issues()[0].severity == Severity::kElsewhere);
  }
}

TEST_F(Convert, CopiesAPlainModelAsItIs) {
  const fs::path made = run(Checkpoint::open(saved("fp32")), "fp32");
  expect_same_tensors(made, saved("fp32"));
  EXPECT_EQ(read_file(made / "config.json"), read_file(saved("fp32") / "config.json"));
}

TEST_F(Convert, GivesTheSameInShards) {
  const fs::path made = run(Checkpoint::open(saved("fp32")), "nf4-dq", "out", 40'000);
  EXPECT_TRUE(fs::exists(made / "model.safetensors.index.json"));
  expect_same_tensors(made, saved("nf4-dq"));
  EXPECT_NO_THROW(Checkpoint::open(made));
}

TEST_F(Convert, LeadsOutOfTheFormat) {
  for (const char* mode : {"int8", "nf4-dq", "nf4-saved-after-forward"}) {
    const Checkpoint source = Checkpoint::open(saved(mode));
    const fs::path made = run(source, "bf16", mode);
    const Checkpoint widened = Checkpoint::open(made);
    EXPECT_EQ(widened.storage_types().size(), 1U);
    EXPECT_EQ(widened.storage_types()[0].first, "BF16");
    EXPECT_EQ(read_file(made / "config.json").find("quantization_config"), std::string::npos);
    EXPECT_NE(read_file(made / "config.json").find("\"dtype\": \"bfloat16\""), std::string::npos);
  }
}

TEST_F(Convert, QuantisesItsOwnWideningBackToTheSameCodes) {
  const fs::path wide = run(Checkpoint::open(saved("nf4")), "fp32", "wide");
  expect_same_tensors(run(Checkpoint::open(wide), "nf4", "again"), saved("nf4"));
}

TEST_F(Convert, PutsAGgufsRowsBackIntoOrder) {
  TinyModel tiny;
  tiny.head_dim = 8;
  tiny.heads = 2;
  tiny.bias = true;
  std::vector<MadeTensor> interleaved = tiny.tensors();
  for (MadeTensor& tensor : interleaved) {
    if (tensor.name.find("q_proj") == std::string::npos &&
        tensor.name.find("k_proj") == std::string::npos)
      continue;
    const size_t row = tensor.data.size() / static_cast<size_t>(tensor.shape[0]);
    const std::string original = tensor.data;
    for (int64_t r = 0; r < tensor.shape[0]; ++r)
      tensor.data.replace(static_cast<size_t>(interleaved_row(r, 8)) * row, row,
                          original.substr(static_cast<size_t>(r) * row, row));
  }
  MadeGguf made = tiny.gguf_of(interleaved);
  made.add_u32("llama.attention.key_length", 8);
  made.add_u32("llama.attention.value_length", 8);
  const Checkpoint gguf = Checkpoint::open(folder_.put("tiny.gguf", made.bytes()));
  tiny.write(folder_);
  const fs::path written = run(gguf, "fp32");
  expect_same_tensors(written, folder_.path());
  const ModelConfig config = Checkpoint::open(written).config();
  EXPECT_EQ(config.head_dim, 8);
  EXPECT_TRUE(config.qkv_bias);
  EXPECT_TRUE(config.o_bias);
  EXPECT_FALSE(config.rope.interleaved);
  EXPECT_EQ(config.rms_eps, 1e-5);
  ASSERT_EQ(notices_.size(), 1U);
  EXPECT_EQ(notices_[0].id, "tokenizer_not_written");
}

TEST(InterleavedRow, IsAPermutationOfEachHead) {
  std::set<int64_t> rows;
  for (int64_t row = 0; row < 24; ++row) {
    EXPECT_EQ(interleaved_row(row, 8) / 8, row / 8);
    rows.insert(interleaved_row(row, 8));
  }
  EXPECT_EQ(rows.size(), 24U);
  EXPECT_EQ(interleaved_row(0, 8), 0);
  EXPECT_EQ(interleaved_row(1, 8), 2);
  EXPECT_EQ(interleaved_row(4, 8), 1);
  EXPECT_EQ(interleaved_row(15, 8), 15);
}

TEST_F(Convert, CarriesTheTokenizerAlong) {
  TinyModel().write(folder_);
  for (const char* name : {"tokenizer.json", "tokenizer_config.json", "chat_template.jinja"})
    folder_.put(name, "{\"" + std::string(name) + "\": 1}");
  const fs::path made = run(Checkpoint::open(folder_.path()), "int8");
  for (const char* name : {"tokenizer.json", "tokenizer_config.json", "chat_template.jinja"})
    EXPECT_EQ(read_file(made / name), read_file(folder_.path() / name));
  EXPECT_FALSE(fs::exists(made / "tokenizer.model"));
  EXPECT_TRUE(notices_.empty());
}

TEST_F(Convert, KeepsTheNameThatTransformers4GivesToTheType) {
  TinyModel tiny;
  folder_.put("config.json", tiny.config(R"("torch_dtype": "float32", "custom": [1, 2])"));
  folder_.put("model.safetensors", safetensors_of(tiny.tensors()));
  const std::string config =
      read_file(run(Checkpoint::open(folder_.path()), "fp16") / "config.json");
  EXPECT_NE(config.find("\"torch_dtype\": \"float16\""), std::string::npos);
  EXPECT_EQ(config.find("\"dtype\""), std::string::npos);
  EXPECT_NE(config.find("\"custom\""), std::string::npos);
}

TEST_F(Convert, RefusesValuesThatAModeCannotHoldAndLeavesNothing) {
  TinyModel tiny;
  std::vector<MadeTensor> tensors = tiny.tensors();
  const float infinity = std::numeric_limits<float>::infinity();
  std::memcpy(tensor_named(tensors, "model.layers.1.mlp.up_proj.weight").data.data(), &infinity,
              sizeof infinity);
  TempFolder source;
  source.put("config.json", tiny.config());
  source.put("model.safetensors", safetensors_of(tensors));
  const Checkpoint checkpoint = Checkpoint::open(source.path());
  expect_error([&] { run(checkpoint, "int8"); }, ErrorKind::kCheckpoint,
               {"model.layers.1.mlp.up_proj.weight"});
  EXPECT_TRUE(fs::is_empty(folder_.path()));
}

TEST_F(Convert, RefusesFormatsThatAreOnlyRead) {
  const Checkpoint source = Checkpoint::open(saved("fp32"));
  expect_error([&] { run(source, "q4_1"); }, ErrorKind::kUsage, {"q4_1", "only read"});
}

TEST_F(Convert, SaysRopeOfAGgufInTransformersTerms) {
  TinyModel tiny;
  const auto config_of = [&](const MadeGguf& made, const std::string& name) {
    const Checkpoint gguf = Checkpoint::open(folder_.put(name + ".gguf", made.bytes()));
    return Checkpoint::open(run(gguf, "fp32", name)).config();
  };
  MadeGguf yarn = tiny.gguf();
  yarn.add_string("llama.rope.scaling.type", "yarn");
  yarn.add_f32("llama.rope.scaling.factor", 4);
  yarn.add_u32("llama.rope.scaling.original_context_length", 16);
  const Rope scaled = config_of(yarn, "yarn").rope;
  EXPECT_EQ(scaled.scaling, RopeScaling::kYarn);
  EXPECT_EQ(scaled.factor, 4);
  EXPECT_EQ(scaled.original_context, 16);

  tiny.head_dim = 64;
  Rope llama3;
  llama3.theta = 500000;
  llama3.factor = 32;
  llama3.original_context = 8192;
  MadeGguf factors = tiny.gguf();
  factors.add_u32("llama.attention.key_length", 64);
  factors.add_u32("llama.attention.value_length", 64);
  factors.add_f32("llama.rope.freq_base", 500000);
  factors.add_tensor("rope_freqs.weight", 0, {32},
                     bytes_of_all(llama3_frequency_factors(llama3, 64)));
  const Rope found = config_of(factors, "llama3").rope;
  EXPECT_EQ(found.scaling, RopeScaling::kLlama3);
  EXPECT_EQ(found.factor, 32);
  EXPECT_EQ(found.low_freq_factor, 1);
  EXPECT_EQ(found.high_freq_factor, 4);
  EXPECT_EQ(found.original_context, 8192);
  // Transformers 4 reads these, and takes 10000 and no scaling where they are missing.
  const std::string config = read_file(folder_.path() / "llama3" / "config.json");
  EXPECT_NE(config.find("\n  \"rope_theta\": 500000.0"), std::string::npos) << config;
  EXPECT_NE(config.find("\n  \"rope_scaling\": {\n    \"factor\": 32.0"), std::string::npos)
      << config;

  MadeGguf odd = tiny.gguf();
  odd.add_u32("llama.attention.key_length", 64);
  odd.add_u32("llama.attention.value_length", 64);
  odd.add_tensor("rope_freqs.weight", 0, {32}, bytes_of_all(std::vector<float>(32, 1.5F)));
  expect_error([&] { config_of(odd, "odd"); }, ErrorKind::kCheckpoint, {"rope_freqs.weight"});
}

}  // namespace
}  // namespace nety::checkpoint
