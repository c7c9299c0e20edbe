// One view of both formats, what it adds up, and paths that are no model.
#include "core/checkpoint/checkpoint.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "core/base/files.h"
#include "tests/checkpoint/made_files.h"
#include "tests/paths.h"

namespace nety::checkpoint {
namespace {

class AnyCheckpoint : public testing::Test {
 protected:
  void expect_refused(const std::filesystem::path& path, ErrorKind kind,
                      std::vector<std::string> mentions) {
    mentions.push_back(path.filename().string());
    expect_error([&] { Checkpoint::open(path); }, kind, mentions);
    expect_error([&] { Checkpoint::open_vocabulary(path); }, kind, {path.filename().string()});
  }
  TempFolder folder_;
  TinyModel tiny_;
};

TEST_F(AnyCheckpoint, LooksTheSameInBothFormats) {
  tiny_.write(folder_);
  const Checkpoint directory = Checkpoint::open(folder_.path());
  const Checkpoint gguf = Checkpoint::open(folder_.put("model.gguf", tiny_.gguf().bytes()));
  ASSERT_EQ(directory.tensors().size(), gguf.tensors().size());
  for (const Tensor& tensor : directory.tensors()) {
    const Tensor& other = gguf.at(tensor.name);
    EXPECT_EQ(other.shape, tensor.shape) << tensor.name;
    EXPECT_EQ(other.dtype, tensor.dtype) << tensor.name;
    EXPECT_EQ(other.mode, tensor.mode) << tensor.name;
    EXPECT_TRUE(
        std::equal(tensor.data.begin(), tensor.data.end(), other.data.begin(), other.data.end()))
        << tensor.name;
  }
  EXPECT_EQ(directory.config().layers, gguf.config().layers);
  EXPECT_EQ(directory.config().kv_heads, gguf.config().kv_heads);
  EXPECT_EQ(directory.config().vocab, gguf.config().vocab);
  EXPECT_EQ(directory.weight_bytes(), gguf.weight_bytes());
  EXPECT_EQ(directory.parameters(), gguf.parameters());
  EXPECT_EQ(directory.parameters() * 4, static_cast<int64_t>(directory.weight_bytes()));
}

TEST_F(AnyCheckpoint, GivesMatricesAndVectorsInPlace) {
  tiny_.write(folder_);
  const Checkpoint checkpoint = Checkpoint::open(folder_.path());
  const precision::MatrixView matrix = checkpoint.matrix("model.layers.0.mlp.up_proj.weight");
  EXPECT_EQ(matrix.rows, 16);
  EXPECT_EQ(matrix.cols, 8);
  EXPECT_EQ(matrix.mode, precision::find_mode("fp32")->id);
  EXPECT_EQ(matrix.codes, checkpoint.at("model.layers.0.mlp.up_proj.weight").data.data());
  const precision::MatrixView vector = checkpoint.matrix("model.norm.weight");
  EXPECT_EQ(vector.rows, 1);
  EXPECT_EQ(vector.cols, 8);
  expect_error([&] { checkpoint.matrix("model.norm.bias"); }, ErrorKind::kCheckpoint,
               {"model.norm.bias"});
  EXPECT_EQ(checkpoint.find("nothing"), nullptr);
}

TEST_F(AnyCheckpoint, CountsStorageTypes) {
  std::vector<MadeTensor> tensors = tiny_.tensors();
  for (MadeTensor& tensor : tensors)
    if (tensor.name == "lm_head.weight" || tensor.name == "model.norm.weight") {
      tensor.dtype = "BF16";
      tensor.data.resize(tensor.data.size() / 2);
    }
  folder_.put("config.json", tiny_.config());
  folder_.put("model.safetensors", safetensors_of(tensors));
  const Checkpoint checkpoint = Checkpoint::open(folder_.path());
  using Types = std::vector<std::pair<std::string, int>>;
  EXPECT_EQ(checkpoint.storage_types(),
            (Types{{"F32", static_cast<int>(tensors.size()) - 2}, {"BF16", 2}}));
  EXPECT_EQ(checkpoint.stored_mode(), precision::find_mode("fp32")->id);
}

TEST_F(AnyCheckpoint, SurvivesBeingMoved) {
  tiny_.write(folder_);
  Checkpoint first = Checkpoint::open(folder_.path());
  const Checkpoint second = std::move(first);
  EXPECT_EQ(second.at("model.norm.weight").data.size(), 32U);
}

TEST_F(AnyCheckpoint, NamesMissingTensors) {
  std::vector<MadeTensor> tensors = tiny_.tensors();
  std::erase_if(tensors, [](const MadeTensor& t) { return t.name == "model.norm.weight"; });
  folder_.put("config.json", tiny_.config());
  folder_.put("model.safetensors", safetensors_of(tensors));
  expect_error([&] { Checkpoint::open(folder_.path()); }, ErrorKind::kCheckpoint,
               {"\"model.norm.weight\" is missing"});
  std::erase_if(tensors, [](const MadeTensor& t) { return t.name.ends_with("o_proj.weight"); });
  folder_.put("model.safetensors", safetensors_of(tensors));
  expect_error([&] { Checkpoint::open(folder_.path()); }, ErrorKind::kCheckpoint,
               {"3 of 21", "model.layers.0.self_attn.o_proj.weight"});
}

TEST_F(AnyCheckpoint, SaysHowToTieAHeadThatIsMissing) {
  TinyModel headless = tiny_;
  headless.tied = true;
  folder_.put("config.json", tiny_.config());
  folder_.put("model.safetensors", safetensors_of(headless.tensors()));
  try {
    Checkpoint::open(folder_.path());
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(error.hint().find("tie_word_embeddings"), std::string::npos) << error.hint();
  }
}

TEST_F(AnyCheckpoint, ChecksShapesAgainstTheConfiguration) {
  tiny_.write(folder_);
  TinyModel other = tiny_;
  other.ffn = 24;
  folder_.put("config.json", other.config());
  expect_error([&] { Checkpoint::open(folder_.path()); }, ErrorKind::kCheckpoint,
               {"model.layers.0.mlp.gate_proj.weight", "[16, 8]", "[24, 8]"});
}

TEST_F(AnyCheckpoint, RefusesTypesThatAreNoWeights) {
  std::vector<MadeTensor> tensors = tiny_.tensors();
  tensors[1].dtype = "I32";  // model.layers.0.input_layernorm.weight
  folder_.put("config.json", tiny_.config());
  folder_.put("model.safetensors", safetensors_of(tensors));
  expect_error([&] { Checkpoint::open(folder_.path()); }, ErrorKind::kCheckpoint,
               {"model.layers.0.input_layernorm.weight", "I32"});
}

TEST_F(AnyCheckpoint, LeavesOutWhatNothingUsesAndSaysSo) {
  std::vector<MadeTensor> tensors = tiny_.tensors();
  tensors.push_back({"model.layers.0.self_attn.q_proj.bias", "F32", {8}, std::string(32, 0)});
  tensors.push_back({"model.layers.2.mlp.up_proj.weight", "F32", {1}, std::string(4, 0)});
  folder_.put("config.json", tiny_.config());
  folder_.put("model.safetensors", safetensors_of(tensors));
  const Checkpoint checkpoint = Checkpoint::open(folder_.path());
  EXPECT_EQ(checkpoint.find("model.layers.0.self_attn.q_proj.bias"), nullptr);
  ASSERT_EQ(checkpoint.notices().size(), 1U);
  EXPECT_EQ(checkpoint.notices()[0].id, "tensors_unused");
  EXPECT_NE(checkpoint.notices()[0].what.find("2 tensors"), std::string::npos);
}

TEST_F(AnyCheckpoint, RefusesTwoTensorsThatMeanTheSame) {
  MadeGguf made = tiny_.gguf();
  made.add_tensor("model.norm.weight", 0, {8}, std::string(32, 0));
  const auto path = folder_.put("model.gguf", made.bytes());
  expect_error([&] { Checkpoint::open(path); }, ErrorKind::kCheckpoint,
               {"model.norm.weight", "twice"});
}

TEST_F(AnyCheckpoint, RefusesPathsThatAreNoModel) {
  expect_refused(folder_.path() / "missing.gguf", ErrorKind::kIo, {"No such file"});
  expect_refused(folder_.put("empty.gguf", ""), ErrorKind::kCheckpoint, {"empty"});
  expect_refused(folder_.put("wrong.gguf", "nonsense and more of it"), ErrorKind::kCheckpoint,
                 {"not a GGUF", "nons"});
  expect_refused(folder_.put("notes.txt", "hello"), ErrorKind::kCheckpoint, {"neither", "hell"});
  const auto directory = folder_.path() / "directory.gguf";
  std::filesystem::create_directory(directory);
  expect_refused(directory, ErrorKind::kCheckpoint, {"config.json"});
  const auto pipe = folder_.path() / "pipe.gguf";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  expect_refused(pipe, ErrorKind::kCheckpoint, {"not a regular file"});
  expect_refused("/dev/null", ErrorKind::kCheckpoint, {"not a regular file"});
}

TEST_F(AnyCheckpoint, DoesNotHangOnPipesInADirectory) {
  ASSERT_EQ(::mkfifo((folder_.path() / "config.json").c_str(), 0600), 0);
  expect_error([&] { Checkpoint::open(folder_.path()); }, ErrorKind::kCheckpoint,
               {"config.json", "not a regular file"});
}

TEST_F(AnyCheckpoint, MeansTheOnlyGgufOfADirectory) {
  folder_.put("tiny.gguf", tiny_.gguf().bytes());
  const Checkpoint checkpoint = Checkpoint::open(folder_.path());
  EXPECT_EQ(checkpoint.format(), Format::kGguf);
  EXPECT_EQ(checkpoint.path(), folder_.path() / "tiny.gguf");
}

TEST(Checkpoint, OpensWhatTransformersSaved) {
  const auto path = std::filesystem::path(test_data()) / "checkpoints" / "fp32";
  const Checkpoint checkpoint = Checkpoint::open(path);
  EXPECT_EQ(checkpoint.name(), "fp32");
  EXPECT_EQ(checkpoint.config().dim, 64);
  EXPECT_EQ(checkpoint.config().ffn_dim, 320);
  EXPECT_EQ(checkpoint.tensors().size(), 21U);
  EXPECT_TRUE(checkpoint.notices().empty());
}

TEST(Checkpoint, OpensTheDefaultModelWhereItIsCached) {
  const auto path = cache_folder() / "models" / "SmolLM2-135M-Instruct.Q4_1.gguf";
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "not run: the default model is not cached";
  const Checkpoint checkpoint = Checkpoint::open(path);
  EXPECT_EQ(checkpoint.parameters(), 134515008);
  EXPECT_EQ(checkpoint.config().vocab, 49152);
  EXPECT_TRUE(checkpoint.config().tied_embeddings);
  using Types = std::vector<std::pair<std::string, int>>;
  EXPECT_EQ(checkpoint.storage_types(), (Types{{"Q4_1", 210}, {"Q8_0", 1}, {"F32", 61}}));
  EXPECT_EQ(checkpoint.stored_mode(), precision::find_mode("q4_1")->id);
}

}  // namespace
}  // namespace nety::checkpoint
