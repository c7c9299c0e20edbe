// Which files of a directory are the model: one file, shards, and everything that can be wrong.
#include <gtest/gtest.h>

#include "core/checkpoint/checkpoint.h"
#include "core/checkpoint/shard_index.h"
#include "tests/checkpoint/made_files.h"

namespace nety::checkpoint {
namespace {

constexpr const char* kIndex = "model.safetensors.index.json";

class HuggingFaceDirectory : public testing::Test {
 protected:
  void expect_refused(const std::vector<std::string>& mentions,
                      ErrorKind kind = ErrorKind::kCheckpoint) {
    expect_error([&] { Checkpoint::open(folder_.path()); }, kind, mentions);
  }
  /// config.json and weights in two shards with an index.
  void write_shards() {
    const std::vector<MadeTensor> all = tiny_.tensors();
    const auto half = all.begin() + 7;
    folder_.put("config.json", tiny_.config());
    folder_.put("model-00001-of-00002.safetensors",
                safetensors_of(std::vector<MadeTensor>(all.begin(), half)));
    folder_.put("model-00002-of-00002.safetensors",
                safetensors_of(std::vector<MadeTensor>(half, all.end())));
    std::string map;
    for (size_t i = 0; i < all.size(); ++i)
      map += (i == 0 ? "\"" : ",\"") + all[i].name + "\":\"model-0000" + (i < 7 ? "1" : "2") +
             "-of-00002.safetensors\"";
    folder_.put(kIndex, R"({"metadata":{"total_size":1},"weight_map":{)" + map + "}}");
  }
  TempFolder folder_;
  TinyModel tiny_;
};

TEST_F(HuggingFaceDirectory, OpensOneFile) {
  tiny_.write(folder_);
  const Checkpoint checkpoint = Checkpoint::open(folder_.path());
  EXPECT_EQ(checkpoint.format(), Format::kHuggingFace);
  EXPECT_EQ(checkpoint.tensors().size(), tiny_.tensors().size());
  EXPECT_EQ(checkpoint.name(), folder_.path().filename().string());
  EXPECT_EQ(checkpoint.files().size(), 1U);
  EXPECT_TRUE(checkpoint.notices().empty());
  // The same through a trailing slash and through the file itself.
  EXPECT_EQ(Checkpoint::open(folder_.path() / "").name(), checkpoint.name());
  const Checkpoint file = Checkpoint::open(folder_.path() / "model.safetensors");
  EXPECT_EQ(file.tensors().size(), checkpoint.tensors().size());
  EXPECT_EQ(file.path(), folder_.path());
}

TEST_F(HuggingFaceDirectory, TakesTheOnlySafetensorsFileWhateverItsName) {
  folder_.put("config.json", tiny_.config());
  folder_.put("weights.safetensors", safetensors_of(tiny_.tensors()));
  EXPECT_EQ(Checkpoint::open(folder_.path()).tensors().size(), tiny_.tensors().size());
  folder_.put("adapter.safetensors", safetensors_of(tiny_.tensors()));
  expect_refused({"2 safetensors files", "adapter.safetensors", "weights.safetensors"});
}

TEST_F(HuggingFaceDirectory, JoinsShards) {
  write_shards();
  const Checkpoint checkpoint = Checkpoint::open(folder_.path());
  EXPECT_EQ(checkpoint.files().size(), 2U);
  for (const MadeTensor& made : tiny_.tensors()) {
    const Tensor& tensor = checkpoint.at(made.name);
    EXPECT_EQ(std::string(reinterpret_cast<const char*>(tensor.data.data()), tensor.data.size()),
              made.data);
  }
  // One shard means the whole model.
  const auto shard = folder_.path() / "model-00002-of-00002.safetensors";
  EXPECT_EQ(Checkpoint::open(shard).tensors().size(), checkpoint.tensors().size());
}

TEST_F(HuggingFaceDirectory, NamesAMissingShard) {
  write_shards();
  std::filesystem::remove(folder_.path() / "model-00002-of-00002.safetensors");
  expect_refused({kIndex, "model-00002-of-00002.safetensors", "missing"});
}

TEST_F(HuggingFaceDirectory, NamesATensorThatItsShardLacks) {
  write_shards();
  folder_.put("model-00002-of-00002.safetensors", safetensors_of(std::vector<MadeTensor>{}));
  expect_refused({"model-00002-of-00002.safetensors", "lacks tensor"});
}

TEST_F(HuggingFaceDirectory, RefusesBadIndexes) {
  write_shards();
  const std::vector<BadCase> cases = {
      {"no map", "{}", {"weight_map", "missing"}},
      {"map is a list", R"({"weight_map": []})", {"weight_map", "a list"}},
      {"empty", R"({"weight_map": {}})", {"no tensors"}},
      {"number", R"({"weight_map": {"a": 3}})", {"weight_map.a", "3"}},
      {"absolute", R"({"weight_map": {"a": "/etc/passwd"}})", {"\"a\"", "/etc/passwd"}},
      {"parent", R"({"weight_map": {"a": "x/../../y.safetensors"}})", {"\"a\"", ".."}},
      {"empty name", R"({"weight_map": {"a": ""}})", {"\"a\""}},
      {"NUL", R"({"weight_map": {"a": "b\u0000c"}})", {"\"a\"", "\\x00"}},
      {"twice", R"({"weight_map": {"a": "f", "a": "g"}})", {"\"a\"", "twice"}},
      {"not JSON", "{", {"not valid JSON"}},
      {"directory", R"({"weight_map": {"a": "."}})", {"directory"}},
  };
  for (const BadCase& bad : cases) {
    SCOPED_TRACE(bad.name);
    folder_.put(kIndex, bad.bytes);
    expect_refused(bad.mentions);
  }
}

TEST_F(HuggingFaceDirectory, FollowsLinksAsTheHubCacheHasThem) {
  TempFolder blobs;
  folder_.put("config.json", tiny_.config());
  const auto blob = blobs.put("0123", safetensors_of(tiny_.tensors()));
  std::filesystem::create_symlink(blob, folder_.path() / "model.safetensors");
  EXPECT_EQ(Checkpoint::open(folder_.path()).tensors().size(), tiny_.tensors().size());
}

TEST_F(HuggingFaceDirectory, SaysWhatIsMissing) {
  expect_refused({"no config.json"});
  folder_.put("config.json", tiny_.config());
  expect_refused({"no weights"});
  folder_.put("pytorch_model.bin", "PK\x03\x04");
  expect_refused({"pytorch_model.bin", "pickle"});
  expect_error([&] { Checkpoint::open(folder_.path() / "pytorch_model.bin"); },
               ErrorKind::kCheckpoint, {"pytorch_model.bin", "pickle"});
}

TEST_F(HuggingFaceDirectory, RefusesWeightsThatAreNoFile) {
  folder_.put("config.json", tiny_.config());
  std::filesystem::create_directory(folder_.path() / "model.safetensors");
  expect_refused({"model.safetensors", "directory"});
  std::filesystem::remove(folder_.path() / "model.safetensors");
  folder_.put("model.safetensors", "");
  expect_refused({"model.safetensors", "empty"});
  folder_.put("config.json", "");
  expect_refused({"config.json", "empty"});
}

TEST_F(HuggingFaceDirectory, IgnoresWhatOlderFilesRepeat) {
  std::vector<MadeTensor> tensors = tiny_.tensors();
  tensors.push_back({"model.layers.0.self_attn.rotary_emb.inv_freq", "F32", {2}, "12345678"});
  folder_.put("config.json", tiny_.config());
  folder_.put("model.safetensors", safetensors_of(tensors));
  const Checkpoint checkpoint = Checkpoint::open(folder_.path());
  EXPECT_EQ(checkpoint.tensors().size(), tiny_.tensors().size());
  EXPECT_TRUE(checkpoint.notices().empty());
}

TEST_F(HuggingFaceDirectory, SettlesTiedEmbeddings) {
  TinyModel untied = tiny_;
  tiny_.tied = true;
  folder_.put("config.json", tiny_.config());
  folder_.put("model.safetensors", safetensors_of(tiny_.tensors()));
  EXPECT_TRUE(Checkpoint::open(folder_.path()).config().tied_embeddings);

  // Both in the file: the file's own head counts.
  folder_.put("model.safetensors", safetensors_of(untied.tensors()));
  const Checkpoint both = Checkpoint::open(folder_.path());
  EXPECT_FALSE(both.config().tied_embeddings);
  ASSERT_EQ(both.notices().size(), 1U);
  EXPECT_EQ(both.notices()[0].id, "head_kept");

  // Only the head: safetensors' save_model keeps the alphabetically first of shared tensors.
  std::vector<MadeTensor> only_head = tiny_.tensors();
  only_head[0].name = "lm_head.weight";
  folder_.put("model.safetensors", safetensors_of(only_head));
  const Checkpoint head = Checkpoint::open(folder_.path());
  EXPECT_TRUE(head.config().tied_embeddings);
  EXPECT_EQ(head.at("model.embed_tokens.weight").stored_name, "lm_head.weight");
}

TEST_F(HuggingFaceDirectory, FindsChatTemplates) {
  tiny_.write(folder_);
  const auto found = [&] { return Checkpoint::open(folder_.path()).chat_template(); };
  EXPECT_EQ(found(), "");
  folder_.put(
      "tokenizer_config.json",
      R"({"model_max_length": 1000000000000000019884624838656, "chat_template": "{{ a }}"})");
  EXPECT_EQ(found(), "{{ a }}");
  folder_.put("tokenizer_config.json",
              R"({"chat_template": [{"name": "tool_use", "template": "t"},
                  {"template": "d\n", "name": "default"}]})");
  EXPECT_EQ(found(), "d\n");
  folder_.put("tokenizer_config.json", R"({"chat_template": null, "a": 1})");
  EXPECT_EQ(found(), "");
  folder_.put("chat_template.jinja", "jinja");
  EXPECT_EQ(found(), "jinja");
  std::filesystem::remove(folder_.path() / "chat_template.jinja");
  for (const char* bad :
       {"{\"chat_template\": \"", "nonsense", "[1]", R"({"chat_template": [{"name": 3}]})"}) {
    folder_.put("tokenizer_config.json", bad);
    expect_refused({"tokenizer_config.json"});
  }
}

TEST_F(HuggingFaceDirectory, OpensForTokenisingWithoutWeights) {
  expect_error([&] { Checkpoint::open_vocabulary(folder_.path()); }, ErrorKind::kCheckpoint,
               {"no tokenizer.json"});
  folder_.put("tokenizer.json", "{}");
  folder_.put("chat_template.jinja", "t");
  for (const char* name : {"", "tokenizer.json"}) {
    const Checkpoint checkpoint = Checkpoint::open_vocabulary(folder_.path() / name);
    EXPECT_EQ(checkpoint.chat_template(), "t");
    EXPECT_TRUE(std::filesystem::equivalent(checkpoint.path(), folder_.path()));
  }
}

}  // namespace
}  // namespace nety::checkpoint
