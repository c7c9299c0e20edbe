// Checkpoints that bitsandbytes and transformers saved, and ones made like them.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "core/checkpoint/checkpoint.h"
#include "core/checkpoint/inspector.h"
#include "tests/checkpoint/made_bitsandbytes.h"
#include "tests/paths.h"

namespace nety::checkpoint {
namespace {

std::filesystem::path saved(const std::string& name) {
  return std::filesystem::path(test_data()) / "checkpoints" / name;
}

std::vector<float> dequantised(const Checkpoint& checkpoint, const std::string& name) {
  const precision::MatrixView matrix = checkpoint.matrix(name);
  std::vector<float> values(static_cast<size_t>(matrix.rows * matrix.cols));
  for (int64_t row = 0; row < matrix.rows; ++row)
    precision::mode(matrix.mode)
        .functions->dequantise(matrix, row, values.data() + row * matrix.cols);
  return values;
}

/// Root mean square of the difference over that of `expected`.
double relative_error(const std::vector<float>& values, const std::vector<float>& expected) {
  double difference = 0, size = 0;
  for (size_t i = 0; i < expected.size(); ++i) {
    difference += std::pow(double{values[i]} - double{expected[i]}, 2);
    size += std::pow(double{expected[i]}, 2);
  }
  return std::sqrt(difference / size);
}

bool lies_in(const void* pointer, const MappedFile& file) {
  const auto* byte = static_cast<const std::byte*>(pointer);
  return byte >= file.bytes().data() && byte < file.bytes().data() + file.size();
}

struct SavedCase {
  std::string name, mode;
  double error;  ///< Of weights against the fp32 source, a little above what the format has.
};

class EverySavedCheckpoint : public testing::TestWithParam<SavedCase> {};

TEST_P(EverySavedCheckpoint, OpensWithItsScalesInPlace) {
  const Checkpoint checkpoint = Checkpoint::open(saved(GetParam().name));
  const Checkpoint source = Checkpoint::open(saved("fp32"));
  ASSERT_EQ(checkpoint.tensors().size(), source.tensors().size());
  EXPECT_EQ(checkpoint.parameters(), source.parameters());
  EXPECT_EQ(checkpoint.copied_bytes(), 0U);
  int count = 0;
  for (const Tensor& tensor : source.tensors()) {
    EXPECT_EQ(checkpoint.at(tensor.name).shape, tensor.shape) << tensor.name;
    if (!tensor.name.ends_with("_proj.weight")) continue;
    ++count;
    const precision::MatrixView matrix = checkpoint.matrix(tensor.name);
    EXPECT_EQ(precision::mode(matrix.mode).name, GetParam().mode);
    EXPECT_TRUE(lies_in(matrix.codes, checkpoint.files()[0]));
    EXPECT_TRUE(lies_in(matrix.scales, checkpoint.files()[0]));
    EXPECT_EQ(matrix.nested_codes != nullptr, GetParam().mode.ends_with("-dq"));
    EXPECT_LT(
        relative_error(dequantised(checkpoint, tensor.name), dequantised(source, tensor.name)),
        GetParam().error)
        << tensor.name;
  }
  EXPECT_EQ(count, 14);
  EXPECT_EQ(checkpoint.storage_types().front(), std::pair(GetParam().mode, 14));
  EXPECT_TRUE(inspect_values(checkpoint).empty());
}

INSTANTIATE_TEST_SUITE_P(Bitsandbytes, EverySavedCheckpoint,
                         testing::Values(SavedCase{"int8", "int8", 0.02},
                                         SavedCase{"nf4", "nf4", 0.12},
                                         SavedCase{"nf4-dq", "nf4-dq", 0.12},
                                         SavedCase{"fp4", "fp4", 0.16},
                                         SavedCase{"fp4-dq", "fp4-dq", 0.16}),
                         [](const auto& one) {
                           std::string name = one.param.mode;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

TEST(SavedAfterForward, IsRepairedAndSaysSo) {
  const Checkpoint damaged = Checkpoint::open(saved("nf4-saved-after-forward"));
  const Checkpoint whole = Checkpoint::open(saved("nf4"));
  ASSERT_EQ(damaged.notices().size(), 1U);
  EXPECT_EQ(damaged.notices()[0].id, "absmax_transposed");
  ASSERT_FALSE(damaged.issues().empty());
  EXPECT_EQ(damaged.issues()[0].severity, Severity::kRepaired);
  EXPECT_EQ(damaged.issues()[0].tensors.size(), 14U);
  EXPECT_GT(damaged.copied_bytes(), 0U);
  for (const Tensor& tensor : whole.tensors()) {
    if (!tensor.name.ends_with("_proj.weight")) continue;
    const precision::MatrixView a = damaged.matrix(tensor.name);
    const precision::MatrixView b = whole.matrix(tensor.name);
    const int64_t blocks = b.rows * b.cols / b.block;
    for (int64_t i = 0; i < blocks; ++i)  // bfloat16 keeps 8 bits
      EXPECT_NEAR(a.scales[i], b.scales[i], b.scales[i] / 256) << tensor.name << " " << i;
    EXPECT_EQ(damaged.matrix(tensor.name).scales, a.scales) << "copied once";
  }
}

TEST(Int8WithoutScb, IsRefusedBeforeAnyWeightIsRead) {
  expect_error([] { Checkpoint::open(saved("int8-missing-scb")); }, ErrorKind::kCheckpoint,
               {"int8-missing-scb", "model.safetensors", "_proj.SCB", "row scales",
                "cannot be decoded", "13 more tensors"});
}

class MadeBitsandbytes : public testing::Test {
 protected:
  MadeBitsandbytes() {
    tiny_.dim = tiny_.ffn = 64;
    tiny_.head_dim = 32;
    tiny_.layers = 1;
  }
  void write(const std::vector<MadeTensor>& tensors, std::string_view mode, bool pad = true) {
    folder_.put("config.json", tiny_.config(bitsandbytes_config(mode)));
    folder_.put("model.safetensors", safetensors_of(tensors, pad));
  }
  void expect_same_weights(const Checkpoint& checkpoint, std::string_view mode, double error) {
    int count = 0;
    for (const MadeTensor& tensor : tiny_.tensors()) {
      if (!tensor.name.ends_with("_proj.weight")) continue;
      ++count;
      std::vector<float> source(tensor.data.size() / sizeof(float));
      std::memcpy(source.data(), tensor.data.data(), tensor.data.size());
      EXPECT_EQ(precision::mode(*checkpoint.at(tensor.name).mode).name, mode);
      EXPECT_LT(relative_error(dequantised(checkpoint, tensor.name), source), error) << tensor.name;
    }
    EXPECT_EQ(count, 7);
  }
  TempFolder folder_;
  TinyModel tiny_;
};

TEST_F(MadeBitsandbytes, ReadsEveryModeAligned) {
  for (const char* mode : {"int8", "nf4", "nf4-dq", "fp4", "fp4-dq"}) {
    write(quantised(tiny_.tensors(), mode), mode);
    const Checkpoint checkpoint = Checkpoint::open(folder_.path());
    EXPECT_EQ(checkpoint.copied_bytes(), 0U);
    expect_same_weights(checkpoint, mode, 0.16);
  }
}

TEST_F(MadeBitsandbytes, CopiesWhatIsNotAligned) {
  for (const char* mode : {"int8", "nf4", "nf4-dq"}) {
    write(quantised(tiny_.tensors(), mode), mode, false);
    const Checkpoint checkpoint = Checkpoint::open(folder_.path());
    EXPECT_GT(checkpoint.copied_bytes(), 0U);
    expect_same_weights(checkpoint, mode, 0.16);
    const precision::MatrixView norm = checkpoint.matrix("model.norm.weight");
    EXPECT_EQ(reinterpret_cast<uintptr_t>(norm.codes) % alignof(float), 0U);
    ASSERT_FALSE(checkpoint.issues().empty());
    EXPECT_EQ(checkpoint.issues()[0].id, "unaligned");
  }
}

TEST_F(MadeBitsandbytes, TakesTheBlockSizeFromTheFile) {
  for (const int32_t block : {32, 128, 1024, 4096}) {
    write(quantised(tiny_.tensors(), "nf4", block), "nf4");
    const Checkpoint checkpoint = Checkpoint::open(folder_.path());
    EXPECT_EQ(checkpoint.matrix("model.layers.0.mlp.up_proj.weight").block, block);
    expect_same_weights(checkpoint, "nf4", 0.2);
  }
}

TEST_F(MadeBitsandbytes, ReadsOtherStorageTypesAsBytes) {
  for (const auto& storage : {std::pair("BF16", 2), {"F16", 2}, {"F32", 4}}) {
    std::vector<MadeTensor> tensors = quantised(tiny_.tensors(), "fp4");
    for (MadeTensor& tensor : tensors)
      if (tensor.name.ends_with("_proj.weight")) {
        tensor.dtype = storage.first;
        tensor.shape[0] /= storage.second;
      }
    write(tensors, "fp4");
    expect_same_weights(Checkpoint::open(folder_.path()), "fp4", 0.16);
  }
}

TEST_F(MadeBitsandbytes, FindsSideTensorsInOtherShards) {
  const std::vector<MadeTensor> all = quantised(tiny_.tensors(), "nf4-dq");
  std::vector<MadeTensor> shards[2];
  std::string map;
  for (size_t i = 0; i < all.size(); ++i) {
    shards[i % 2].push_back(all[i]);
    map += std::string(i == 0 ? "" : ",") + "\"" + all[i].name + "\":\"" +
           (i % 2 == 0 ? "even" : "odd") + ".safetensors\"";
  }
  folder_.put("config.json", tiny_.config(bitsandbytes_config("nf4-dq")));
  folder_.put("even.safetensors", safetensors_of(shards[0]));
  folder_.put("odd.safetensors", safetensors_of(shards[1]));
  folder_.put("model.safetensors.index.json", "{\"weight_map\":{" + map + "}}");
  expect_same_weights(Checkpoint::open(folder_.path()), "nf4-dq", 0.16);
}

TEST_F(MadeBitsandbytes, DecidesTensorByTensor) {
  // int8 and nf4 in one file, one layer plain, lm_head quantised, config.json wrong about all.
  std::vector<MadeTensor> tensors;
  for (const MadeTensor& tensor : tiny_.tensors()) {
    std::vector<MadeTensor> parts = {tensor};
    if (tensor.name.ends_with("q_proj.weight") || tensor.name == "lm_head.weight")
      parts = as_int8(tensor);
    if (tensor.name.ends_with("up_proj.weight")) parts = as_four_bit(tensor, "nf4", false);
    tensors.insert(tensors.end(), parts.begin(), parts.end());
  }
  write(tensors, "fp4");
  const Checkpoint checkpoint = Checkpoint::open(folder_.path());
  const auto mode = [&](const std::string& name) {
    return precision::mode(*checkpoint.at(name).mode).name;
  };
  EXPECT_EQ(mode("model.layers.0.self_attn.q_proj.weight"), "int8");
  EXPECT_EQ(mode("model.layers.0.mlp.up_proj.weight"), "nf4");
  EXPECT_EQ(mode("model.layers.0.mlp.down_proj.weight"), "fp32");
  EXPECT_EQ(mode("lm_head.weight"), "int8");
}

TEST_F(MadeBitsandbytes, AcceptsAMissingWeightFormat) {
  std::vector<MadeTensor> tensors = quantised(tiny_.tensors(), "int8");
  drop(tensors, ".weight_format");
  write(tensors, "int8");
  expect_same_weights(Checkpoint::open(folder_.path()), "int8", 0.02);
}

TEST_F(MadeBitsandbytes, WidensHalfPrecisionScales) {
  std::vector<MadeTensor> tensors = quantised(tiny_.tensors(), "nf4");
  MadeTensor& absmax = tensor_named(tensors, "model.layers.0.mlp.up_proj.weight.absmax");
  std::string half;
  for (size_t i = 0; i < absmax.data.size(); i += 4) half += absmax.data.substr(i + 2, 2);
  absmax.data = half;  // the upper half of a float is a bfloat16
  absmax.dtype = "BF16";
  write(tensors, "nf4");
  const Checkpoint checkpoint = Checkpoint::open(folder_.path());
  EXPECT_EQ(checkpoint.issues()[0].id, "absmax_widened");
  expect_same_weights(checkpoint, "nf4", 0.16);
}

}  // namespace
}  // namespace nety::checkpoint
