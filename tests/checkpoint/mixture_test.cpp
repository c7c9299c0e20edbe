// Bad mixtures: whatever is wrong with experts is one message before anything is loaded.
#include <gtest/gtest.h>

#include <cstring>

#include "core/checkpoint/checkpoint.h"
#include "tests/checkpoint/family_files.h"

namespace nety::checkpoint {
namespace {

class BadMixture : public testing::Test {
 protected:
  /// Opens the family's directory with another config.json.
  void expect_config(const std::string& name, std::string_view from, std::string_view to,
                     const std::vector<std::string>& parts) {
    folder_.put("config.json", replaced(read_file(family(name) / "config.json"), from, to));
    folder_.put("model.safetensors", read_file(family(name) / "model.safetensors"));
    expect_error([&] { Checkpoint::open(folder_.path()); }, ErrorKind::kCheckpoint, parts);
  }
  /// The same with other tensors.
  void expect_tensors(const std::string& name, const std::vector<MadeTensor>& tensors,
                      const std::vector<std::string>& parts) {
    folder_.put("config.json", read_file(family(name) / "config.json"));
    folder_.put("model.safetensors", safetensors_of(tensors));
    expect_error([&] { Checkpoint::open(folder_.path()); }, ErrorKind::kCheckpoint, parts);
  }
  void expect_gguf(const std::string& bytes, const std::vector<std::string>& parts) {
    expect_error([&] { Checkpoint::open(folder_.put("model.gguf", bytes)); },
                 ErrorKind::kCheckpoint, parts);
  }

  TempFolder folder_;
};

TEST_F(BadMixture, HasAnImpossibleNumberOfExperts) {
  expect_config("qwen3-moe", "\"num_local_experts\": 6", "\"num_local_experts\": 0",
                {"num_local_experts", "0", "from 1 to"});
  expect_config("mixtral", "\"num_local_experts\": 4", "\"num_local_experts\": 1000000000",
                {"num_local_experts", "1000000000"});
  expect_config("olmoe", "\"num_experts\": 6", "\"num_experts\": -1", {"num_experts", "-1"});
  expect_config("gpt-oss", "\"num_local_experts\": 4",
                "\"num_local_experts\": 4, \"num_experts\": 5",
                {"num_local_experts", "4", "num_experts", "5"});
}

TEST_F(BadMixture, ChoosesMoreExpertsThanThereAre) {
  expect_config("qwen3-moe", "\"num_experts_per_tok\": 2", "\"num_experts_per_tok\": 7",
                {"num_experts_per_tok", "7", "from 1 to 6"});
  expect_config("granitemoe", "\"num_experts_per_tok\": 2", "\"num_experts_per_tok\": 0",
                {"num_experts_per_tok", "0"});
}

TEST_F(BadMixture, LacksAnExpert) {
  std::vector<MadeTensor> tensors = tensors_of(family("mixtral"));
  std::erase_if(tensors, [](const MadeTensor& tensor) {
    return tensor.name == "model.layers.1.block_sparse_moe.experts.2.w3.weight";
  });
  expect_tensors("mixtral", tensors,
                 {"\"model.layers.1.block_sparse_moe.experts.2.w3.weight\" is missing"});
  tensors = tensors_of(family("granitemoe"));
  std::erase_if(tensors, [](const MadeTensor& tensor) {
    return tensor.name == "model.layers.0.block_sparse_moe.output_linear.weight";
  });
  expect_tensors("granitemoe", tensors,
                 {"missing", "\"model.layers.0.block_sparse_moe.output_linear.weight\""});
}

TEST_F(BadMixture, HasFewerExpertsThanTheConfigurationSays) {
  expect_config("qwen3-moe", "\"num_local_experts\": 6", "\"num_local_experts\": 7",
                {"model.layers.0.mlp.gate.weight", "[6, 48]", "[7, 48]"});
  expect_config("granitemoe", "\"num_local_experts\": 4", "\"num_local_experts\": 3",
                {"model.layers.0.block_sparse_moe.", "[4, ", "[3, "});
  expect_config("gpt-oss", "\"intermediate_size\": 24", "\"intermediate_size\": 25",
                {"model.layers.0.mlp.experts.", "24", "25"});
}

TEST_F(BadMixture, ChoosesByAValueThatIsNoNumber) {
  for (const char* name : {"olmoe", "gpt-oss"}) {
    std::vector<MadeTensor> tensors = tensors_of(family(name));
    for (MadeTensor& tensor : tensors)
      if (tensor.name == "model.layers.1.mlp.gate.weight" ||
          tensor.name == "model.layers.1.mlp.router.bias")
        tensor.data.replace(
            tensor.dtype == "BF16" ? 2 : 4, tensor.dtype == "BF16" ? 2 : 4,
            tensor.dtype == "BF16" ? std::string("\xc0\x7f") : std::string("\0\0\xc0\x7f", 4));
    folder_.put("config.json", read_file(family(name) / "config.json"));
    folder_.put("model.safetensors", safetensors_of(tensors));
    const Checkpoint checkpoint = Checkpoint::open(folder_.path());
    for (const Tensor& tensor : checkpoint.tensors())
      if (tensor.stored_name.starts_with("model.layers.1.") &&
          (tensor.slot == Slot::router || tensor.slot == Slot::router_bias) &&
          (std::string(name) == "olmoe") == (tensor.slot == Slot::router))
        expect_error([&] { checkpoint.matrix(tensor.name); }, ErrorKind::kCheckpoint,
                     {tensor.stored_name, "nan", "row 0", "column 1"});
  }
}

/// A GGUF with the u32 that follows the key, or the dimensions that follow the tensor, changed.
std::string with_number(std::string bytes, const std::string& key, uint32_t value) {
  const size_t at = bytes.find(key);
  EXPECT_NE(at, std::string::npos) << key;
  std::memcpy(bytes.data() + at + key.size() + 4, &value, sizeof value);
  return bytes;
}
std::string with_shape(std::string bytes, const std::string& tensor,
                       std::initializer_list<uint64_t> extents) {
  const size_t at = bytes.find(tensor);
  EXPECT_NE(at, std::string::npos) << tensor;
  std::memcpy(bytes.data() + at + tensor.size() + 4, std::data(extents),
              extents.size() * sizeof(uint64_t));
  return bytes;
}

TEST_F(BadMixture, IsRefusedInAGgufToo) {
  const std::string good = read_file(family("qwen3-moe") / "model.gguf");
  expect_gguf(with_number(good, "qwen3moe.expert_count", 0),
              {"qwen3moe.expert_count", "0", "from 1 to"});
  expect_gguf(with_number(good, "qwen3moe.expert_count", 1000000000),
              {"qwen3moe.expert_count", "1000000000"});
  expect_gguf(with_number(good, "qwen3moe.expert_used_count", 7),
              {"qwen3moe.expert_used_count", "7", "from 1 to 6"});
  expect_gguf(with_number(good, "qwen3moe.expert_feed_forward_length", 17),
              {"blk.0.ffn_down_exps.weight", "[6, 48, 16]", "[6, 48, 17]"});
  expect_gguf(with_shape(good, "blk.1.ffn_gate_exps.weight", {16, 48, 6}),
              {"blk.1.ffn_gate_exps.weight", "[6, 48, 16]", "[6, 16, 48]"});
  expect_gguf(replaced(good, "blk.1.ffn_up_exps", "blk.1.ffn_pu_exps"),
              {"missing", "blk.1.ffn_up_exps.weight"});
  expect_gguf(
      with_number(with_number(good, "qwen3moe.expert_count", 1024), "qwen3moe.block_count", 4096),
      {"4194304 experts", "4096 layers", "65536"});
  const std::string mixtral = read_file(family("mixtral") / "model.gguf");
  expect_gguf(with_number(mixtral, "llama.expert_count", 1000000000), {"llama.expert_count"});
  expect_gguf(replaced(mixtral, "blk.0.ffn_gate_inp", "blk.0.ffn_gate_pni"),
              {"\"blk.0.ffn_gate_inp.weight\" is missing"});
}

TEST(Mixtures, HaveTheBytesOfTheirStacks) {
  const Checkpoint checkpoint = Checkpoint::open(family("qwen3-moe") / "model.gguf");
  const Tensor& third = checkpoint.at("model.layers.0.mlp.experts.2.up_proj.weight");
  const Tensor& first = checkpoint.at("model.layers.0.mlp.experts.0.up_proj.weight");
  EXPECT_EQ(third.stored_name, "blk.0.ffn_up_exps.weight");
  EXPECT_EQ(third.data.data() - first.data.data(), 2 * 16 * 48 * 4);
  EXPECT_EQ(third.data.size(), 16U * 48 * 4);
  EXPECT_EQ(checkpoint.copied_bytes(), 0U);
}

}  // namespace
}  // namespace nety::checkpoint
